/**
 * The sidebar: greeting, New notebook, the list with titles and descriptions, log in and out, and its handle.
 * Owns what the list shows and the forms typed in it; opening, making and changing notebooks is the page's.
 */

import { button, byId, dayText, element, icon } from "./dom.js";

/** @typedef {import("../core/i18n.js").Translate} Translate */
/** @typedef {{id: number, title: string, description: string, seq: number, changed: number, news?: boolean}} Listed */
/** @typedef {{title: string, description: string, paper: string}} NotebookWords */

/**
 * @typedef {object} SidebarActions
 * @property {() => void} onNew
 * @property {(id: number|null) => void} onOpen null is the unsaved board
 * @property {(words: NotebookWords, id: number|null) => Promise<void>} onKeep makes (null) or renames a notebook; throws Failure
 * @property {(paper: string) => void} onPaper the paper is tried on
 * @property {(anchor: HTMLElement, notebook: Listed) => void} onMore
 * @property {() => void} onAccount
 * @property {() => void} onLogOut
 * @property {<T>(load: () => Promise<T>) => Promise<T>} later a module with the words and styles it needs
 */

/** From this many notebooks on there is a search field. */
const SEARCH_FROM = 8;
const FOLDED = "notebooks.sidebar";

export class Sidebar {
  /** @type {Listed[]} */ #notebooks = [];
  /** @type {{id: number, username: string}|null} */ #user = null;
  /** @type {number|null} */ #current = null;
  /** @type {{id: number|null, paper: string}|null} */ #form = null;
  #unsavedShown = false;
  #search = "";
  /** @type {typeof import("./notebook_form.js").notebookForm|null} loaded with the first form */ #makeForm =
    null;

  /**
   * @param {SidebarActions} actions
   * @param {Translate} t
   * @param {string} language
   * @param {{storage: Storage, byLink: boolean}} world `byLink`: the page was opened by a share link
   */
  constructor(actions, t, language, world) {
    this.actions = actions;
    this.t = t;
    this.language = language;
    this.storage = world.storage;
    this.floating = window.matchMedia("(max-width: 1000px)");
    this.fold(world.byLink || this.floating.matches || this.storage.getItem(FOLDED) === "folded", false);
    byId("handle").addEventListener("click", () => this.fold(this.open, true));
    byId("new-notebook").addEventListener("click", () => actions.onNew());
    document.addEventListener("keydown", (event) => this.#escape(event));
    byId("scrim").addEventListener("click", () => !this.#form && this.foldIfFloating());
    this.floating.addEventListener("change", (event) => this.fold(event.matches, false));
    byId("board").addEventListener("pointerdown", () => !this.#form && this.foldIfFloating());
  }

  get open() {
    return document.body.classList.contains("sidebar-open");
  }

  /** @param {boolean} folded @param {boolean} remember */
  fold(folded, remember) {
    document.body.classList.toggle("sidebar-open", !folded);
    byId("handle").setAttribute("aria-expanded", String(!folded));
    if (remember) this.storage.setItem(FOLDED, folded ? "folded" : "open");
  }

  /** Escape leaves the form in the list, and a sidebar that lies over the board. @param {KeyboardEvent} event */
  #escape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !byId("sidebar").contains(document.activeElement))
      return;
    if (this.#form) this.closeForm();
    else if (this.floating.matches) {
      this.fold(true, false);
      byId("handle").focus();
    }
  }

  /** On a small screen the sidebar lies over the board: it goes when the board is wanted. */
  foldIfFloating() {
    if (this.floating.matches) this.fold(true, false);
  }

  /** @param {{id: number, username: string}|null} user */
  showUser(user) {
    this.#user = user;
    const greeting = byId("greeting");
    const account = byId("account");
    byId("way-in").hidden = user !== null;
    if (user) {
      greeting.replaceChildren(this.t("greeting.user", { name: user.username }));
      const mine = button(this.t("account.label"), this.actions.onAccount);
      mine.setAttribute("aria-haspopup", "dialog");
      account.replaceChildren(mine, button(this.t("account.logOut"), this.actions.onLogOut));
    } else {
      greeting.replaceChildren(this.t("greeting.guest"));
      account.replaceChildren(
        element("a", { class: "button", href: "/login.html" }, this.t("account.logIn")),
        element("a", { class: "button primary", href: "/signUp.html" }, this.t("account.signUp")),
      );
    }
    this.render();
  }

  /** @param {Listed[]} notebooks */
  showNotebooks(notebooks) {
    this.#notebooks = [...notebooks].sort((a, b) => b.changed - a.changed);
    this.#noteSeen();
    this.render();
  }

  /** @param {number} id @returns {Listed|undefined} */
  notebook(id) {
    return this.#notebooks.find((one) => one.id === id);
  }

  /** @param {number|null} id @param {boolean} unsavedShown the unsaved board has something on it */
  mark(id, unsavedShown) {
    this.#current = id;
    this.#unsavedShown = unsavedShown;
    this.#noteSeen();
    this.render();
  }

  /** What is new in the open notebook is in view: it is no news when another is opened. */
  #noteSeen() {
    const open = this.#current === null ? undefined : this.notebook(this.#current);
    if (open) open.news = false;
  }

  /**
   * Opens the form in the list.
   *
   * @param {number|null} id null for a new notebook
   * @param {string} paper the board's present paper
   */
  async openForm(id, paper) {
    this.fold(false, false);
    this.#makeForm ??= (await this.actions.later(() => import("./notebook_form.js"))).notebookForm;
    this.#form = { id, paper };
    this.render();
    const title = /** @type {HTMLInputElement|null} */ (document.getElementById("notebook-title"));
    title?.focus();
    title?.select();
  }

  closeForm() {
    this.#form = null;
    this.render();
  }

  get formOpen() {
    return this.#form !== null;
  }

  render() {
    const list = byId("notebook-list");
    const kept = this.#keepTyped();
    const children = [];
    if (this.#form?.id === null) children.push(this.#formNode(this.#form, kept));
    if (this.#notebooks.length >= SEARCH_FROM) children.push(this.#searchField());
    const found = this.#notebooks.filter((one) => matches(one, this.#search));
    if (found.length > 0 || (this.#unsavedShown && !this.#form)) {
      const items = found.map((one) => element("li", {}, this.#entry(one, kept)));
      if (this.#unsavedShown && this.#form?.id !== null)
        items.unshift(element("li", {}, this.#unsavedEntry()));
      children.push(element("ul", {}, ...items));
    }
    if (this.#notebooks.length === 0 && !this.#form) {
      children.push(
        element("p", { class: "list-empty" }, this.t(this.#user ? "list.empty" : "list.loggedOut")),
      );
    } else if (found.length === 0 && this.#search) {
      children.push(element("p", { class: "list-empty" }, this.t("list.nothingFound")));
    }
    list.replaceChildren(...children);
    if (["notebook-title", "notebook-description", "list-search"].includes(kept.focus))
      restoreFocus(kept.focus);
  }

  /** @param {Listed} one @param {Record<string, string>} kept */
  #entry(one, kept) {
    if (this.#form?.id === one.id) return this.#formNode(this.#form, kept);
    const current = one.id === this.#current;
    const title = element("span", { class: "entry-title", dir: "auto" });
    if (one.news)
      title.append(element("span", { class: "entry-news", role: "img", "aria-label": this.t("list.news") }));
    title.append(one.title);
    const day = dayText(new Date(one.changed), this.language);
    const words = one.description.split("\n")[0];
    const note = element("span", { class: "entry-note" }, element("span", {}, words ? `${day} ·` : day));
    if (words) note.append(element("span", { class: "entry-words", dir: "auto" }, words));
    const open = element(
      "button",
      {
        type: "button",
        class: "entry-open",
        "aria-current": current ? "true" : null,
        onclick: () => (current ? this.actions.onMore(open, one) : this.actions.onOpen(one.id)),
        oncontextmenu: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.actions.onMore(open, one);
        },
      },
      title,
      note,
    );
    const label = this.t("list.more", { title: one.title });
    const more = element(
      "button",
      { type: "button", class: "entry-more", "aria-label": label },
      icon("more"),
    );
    more.addEventListener("click", () => this.actions.onMore(more, one));
    return element("div", { class: current ? "entry current" : "entry" }, open, more);
  }

  #unsavedEntry() {
    const current = this.#current === null;
    return element(
      "div",
      { class: current ? "entry current" : "entry" },
      element(
        "button",
        {
          type: "button",
          class: "entry-open",
          "aria-current": current ? "true" : null,
          onclick: () => this.actions.onOpen(null),
        },
        element("span", { class: "entry-title" }, this.t("list.unsaved")),
        element("span", { class: "entry-note" }, this.t("list.unsavedNote")),
      ),
    );
  }

  /** @param {{id: number|null, paper: string}} form @param {Record<string, string>} kept */
  #formNode(form, kept) {
    const known = form.id === null ? undefined : this.notebook(form.id);
    const title = kept.title ?? known?.title ?? "";
    const description = kept.description ?? known?.description ?? "";
    const { onKeep, onPaper } = this.actions;
    const words = { title, description };
    const onCancel = () => this.closeForm();
    const note = this.#user ? {} : { note: this.t("form.signUpNext") };
    return this.#makeForm?.(form, { t: this.t, words, onKeep, onPaper, onCancel, ...note }) ?? "";
  }

  #searchField() {
    const input = element("input", {
      id: "list-search",
      class: "input list-search",
      type: "search",
      placeholder: this.t("list.search"),
      "aria-label": this.t("list.search"),
      value: this.#search,
      oninput: () => {
        this.#search = input.value;
        this.render();
      },
    });
    return input;
  }

  /** What is being typed survives a fresh list. @returns {Record<string, string>} */
  #keepTyped() {
    const title = /** @type {HTMLInputElement|null} */ (document.getElementById("notebook-title"));
    const description = /** @type {HTMLTextAreaElement|null} */ (
      document.getElementById("notebook-description")
    );
    /** @type {Record<string, string>} */
    const kept = { focus: document.activeElement?.id ?? "" };
    if (title && description) Object.assign(kept, { title: title.value, description: description.value });
    return kept;
  }
}

/** @param {Listed} one @param {string} search */
function matches(one, search) {
  const wanted = search.trim().toLocaleLowerCase();
  return `${one.title}\n${one.description}`.toLocaleLowerCase().includes(wanted);
}

/** @param {string} id */
function restoreFocus(id) {
  const node = document.getElementById(id);
  node?.focus();
  if (node instanceof HTMLInputElement) node.setSelectionRange(node.value.length, node.value.length);
}
