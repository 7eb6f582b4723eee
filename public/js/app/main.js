/**
 * The page: puts language, sidebar, tools, board and session together, and carries out what they ask for.
 * Everything that is not on the first screen is imported when it is first wanted, with its words and styles.
 */

import { NotebookDocument } from "../core/document.js";
import { failureText, LANGUAGES, translator } from "../core/i18n.js";
import { addressOf, call, exchange, targetOf } from "../net/api.js";
import { JournalStore, Memory } from "../net/browser_store.js";
import { Board } from "../ui/board.js";
import { byId, pageLanguage, reachInto, translatePage } from "../ui/dom.js";
import { Sidebar } from "../ui/sidebar.js";
import {
  makeHint,
  markReady,
  showHint,
  showNotice,
  showStatus,
  showTitle,
  unmarkReady,
} from "../ui/status.js";
import { Toolbar } from "../ui/toolbar.js";
import { NotebookSession, randomText } from "./notebook_session.js";

/** @typedef {import("../net/api.js").Target} Target */
/** @typedef {import("../core/i18n.js").Language} Language */
/** @typedef {import("../net/browser_store.js").User} User */

/** The service worker and its copies wait until the page has been in use for a while: a passing visit costs nothing. */
const INSTALL_AFTER_MS = 20_000;

export class App {
  /** @type {User|null} */ user = null;
  /** @type {Target|null} */ target = null;
  notebook = new NotebookDocument();
  /** Made by `open`, which `start` awaits before anything else. */
  session = /** @type {NotebookSession} */ (/** @type {unknown} */ (undefined));
  board = /** @type {Board} */ (/** @type {unknown} */ (undefined));
  /** @type {import("./notebook_session.js").SessionState} */
  state = { saved: "yes", trouble: "", waiting: 0, refused: 0, phase: "local" };
  head = { role: "owner", title: "", description: "" };
  /** The others in this notebook; null on an unsaved board. @type {import("./company.js").Company|null} */
  company = null;
  /** Came with the first thing that opened. @type {import("../ui/overlays.js").Popovers|null} */
  #popovers = null;
  /** @type {Promise<unknown>|null} */ #words = null;
  page = randomText(10);

  /**
   * @param {Language} language
   * @param {import("../core/i18n.js").Catalogue} catalogue
   * @param {JournalStore} store
   * @param {Memory} memory
   */
  constructor(language, catalogue, store, memory) {
    this.memory = memory;
    this.client = memory.client(() => randomText(16));
    this.language = language;
    this.catalogue = { ...catalogue };
    this.t = translator(this.catalogue, language);
    this.store = store;
    this.account = new BroadcastChannel("account");
    this.account.onmessage = () => location.reload();
    translatePage(document, this.t);
    document.body.classList.toggle("left-handed", memory.leftHanded);
    const byLink = new URLSearchParams(location.search).has("nb");
    const later = (/** @type {() => Promise<any>} */ load) =>
      this.later(load).catch((error) => {
        this.sayMissing();
        throw error;
      });
    this.sidebar = new Sidebar(
      {
        later,
        onNew: () => this.startNew(),
        onOpen: (id) => this.go(id === null ? null : { kind: "own", id }),
        onKeep: async (words, id) => (await import("./keeping.js")).keepNotebook(this, words, id),
        onPaper: (paper) => this.setPaper(paper),
        onMore: async (anchor, one) =>
          (await later(() => import("../ui/notebook_menu.js"))).showNotebookMenu(this, anchor, one),
        onAccount: async () => (await later(() => import("../ui/account_dialog.js"))).showAccount(this),
        onLogOut: async () => (await later(() => import("./log_out.js"))).logOut(this),
      },
      this.t,
      language,
      { storage: localStorage, byLink },
    );
    this.toolbar = new Toolbar(
      {
        later,
        popovers: () => this.popovers,
        onChoice: (choice) => this.applyChoice(choice),
        onUndo: () => this.board.undo(),
        onRedo: () => this.board.redo(),
        onClear: () => this.clear(),
        hasTool: (tool) => tool in this.board.tools,
      },
      this.t,
      localStorage,
    );
    byId("save").addEventListener("click", () => this.save());
    byId("share").addEventListener("click", () => this.share());
    byId("status").addEventListener("click", () => this.openMenu());
    this.notebook.subscribe(() => this.refresh());
    window.addEventListener("popstate", () => {
      this.keepUndo();
      this.open(targetOf(location));
    });
    window.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("pagehide", () => this.keepUndo());
    navigator.locks?.request(`page|${this.page}`, () => new Promise(() => {}));
  }

  /**
   * A module behind the first screen, once the words and styles it needs are there, too.
   *
   * @template T
   * @param {() => Promise<T>} load
   * @returns {Promise<T>}
   */
  async later(load) {
    this.#words ??= this.#moreWords().catch((error) => {
      this.#words = null; // without a network now: to be asked for again, not for ever out of reach
      throw error;
    });
    const [loaded] = await Promise.all([load(), this.#words]);
    return loaded;
  }

  async #moreWords() {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = new URL("../../css/late.css", import.meta.url).href;
    const styled = new Promise((resolve) => {
      sheet.onload = sheet.onerror = resolve;
    });
    document.head.append(sheet);
    const hebrew = this.language === LANGUAGES[1];
    const [{ catalogue }, { Popovers }] = await Promise.all([
      hebrew ? import("../i18n/he_more.js") : import("../i18n/en_more.js"),
      import("../ui/overlays.js"),
      styled,
    ]);
    Object.assign(this.catalogue, catalogue);
    this.#popovers = new Popovers();
  }

  /** There once anything came by `later`. */
  get popovers() {
    return /** @type {import("../ui/overlays.js").Popovers} */ (this.#popovers);
  }

  /**
   * A short message at the bottom.
   *
   * @param {(t: import("../core/i18n.js").Translate) => string} text
   * @param {{bad?: boolean, forMs?: number, action?: {label: string, run: () => void}}} [options] label: a key
   */
  async say(text, options = {}) {
    const { toast } = await this.later(() => import("../ui/overlays.js"));
    const { action } = options;
    toast(text(this.t), {
      ...options,
      ...(action ? { action: { ...action, label: this.t(action.label) } } : {}),
    });
  }

  /** Something was asked for that had not been fetched, and there is no way to it now. */
  sayMissing() {
    const words = this.t("status.missing");
    this.say(() => words, { bad: true }).catch(() => showNotice(words, () => this.showState(this.state)));
  }

  /** Who the journal's entries belong to. */
  get owner() {
    if (this.user) return `u${this.user.id}`;
    return this.target ? `guest:${this.client}` : "browser";
  }

  /** @param {import("../net/api.js").WireAnswer} answer to who is logged in */
  async start(answer) {
    const target = targetOf(location);
    if (answer.status === 200) this.user = answer.body.data;
    else if (answer.status !== 401) this.user = this.memory.user;
    this.memory.setUser(this.user);
    this.sidebar.showUser(this.user);
    this.notebook.self = this.user ? this.owner : "";
    await this.open(target);
    await this.refreshList();
    if (this.user) await this.keepEarlier();
    window.setTimeout(() => this.prepare(), INSTALL_AFTER_MS);
  }

  /** The way to an account began on a board: that board becomes a notebook now. */
  async keepEarlier() {
    const words = this.memory.takeName();
    if (this.memory.takeSignUp() || words) (await import("./keeping.js")).keepEarlierInk(this, words);
  }

  /** Fetches what must be at hand when the network is gone: leaving an account asks about what is not stored. */
  async prepare() {
    if (this.user) await this.later(() => import("./log_out.js")).catch(() => undefined);
    (await import("./install.js")).install();
  }

  /** @param {Target|null} target */
  async open(target) {
    this.close();
    this.target = target;
    this.memory.keepPlace(addressOf(target));
    const listed = target?.kind === "own" ? this.sidebar.notebook(target.id) : undefined;
    this.head = { role: "owner", title: listed?.title ?? "", description: listed?.description ?? "" };
    this.notebook.begin({ seq: 0, epoch: "" });
    const company = target && import("./company.js");
    this.session = this.makeSession(target);
    this.board = this.makeBoard();
    this.showRole();
    this.applyChoice(this.toolbar.choice);
    this.sidebar.mark(target?.kind === "own" ? target.id : null, false);
    showTitle(this.head.title, this.t("app.name"));
    makeHint(this.t, this.language, target === null);
    if (company && target) {
      const { Company } = await company;
      if (this.target !== target) return;
      this.company = new Company(this, target);
    }
    await this.session.start();
  }

  close() {
    this.session?.close();
    this.board?.destroy();
    this.company?.close();
    this.company = null;
    this.#popovers?.close();
    byId("toasts").replaceChildren(); // what they offer is about the notebook one leaves
    unmarkReady();
  }

  /** @param {Target|null} target */
  makeSession(target) {
    return new NotebookSession(target, this.notebook, {
      store: this.store,
      owner: this.owner,
      page: this.page,
      client: this.client,
      onState: (state) => this.showState(state),
      onLive: (body) => this.company?.heard(body),
      onLoaded: () => {
        this.painted();
        this.company?.loaded();
      },
      onApplied: (answer) => {
        this.painted();
        this.company?.applied(answer);
      },
      onDropped: (op) => {
        this.board.forgetOp(op);
        const show = { label: "tray.show", run: () => this.openMenu() };
        this.say((t) => t("tray.new"), { bad: true, action: show });
      },
      onHead: (head) => this.showHead(head),
      onGone: (reason, sentence) => this.showGone(reason, sentence),
    });
  }

  makeBoard() {
    const board = new Board({
      root: byId("board"),
      document: this.notebook,
      onChange: (command, data) => this.submit(command, data),
      onLive: (info) => this.company?.send(info),
      bars: () => reachInto(byId("board"), [byId("bar"), byId("tools")]),
      settings: {
        rightToLeft: this.language === "he",
        undo: this.memory.undo(this.session.board),
        ...this.memory.touch,
      },
    });
    board.addEventListener("undochange", () => this.refresh());
    board.addEventListener("toolchange", () => this.toolbar.follow(board.toolName, board.settings.size));
    board.addEventListener("drawstart", () => showHint(false));
    board.addEventListener("selectionchange", () => this.showSelection());
    board.addEventListener("partmissing", () => this.sayMissing());
    return board;
  }

  /**
   * A change of the board. In the undo stack "!X" stands for "X was taken back": undoing that puts X into force.
   *
   * @param {string} command
   * @param {any} data
   * @returns {string} its op
   */
  submit(command, data) {
    if (!(command === "u" || command === "r") || !data.op.startsWith("!"))
      return this.session.submit(command, data);
    return this.session.submit(command === "u" ? "r" : "u", { op: data.op.slice(1) });
  }

  /** Changes that are no gesture on the board: one entry in the undo stack. @param {string[]} ops */
  noteUndo(ops) {
    this.board.undoStack.push(ops);
    this.board.tell("undochange");
  }

  async showSelection() {
    const shown = document.getElementById("selection-bar") !== null;
    if (shown || !this.board.selection.isEmpty)
      (await this.later(() => import("../ui/selection_bar.js"))).showSelectionBar(this);
  }

  /** The undo stack outlives a reload. */
  keepUndo() {
    if (this.board) this.memory.keepUndo(this.session.board, this.board.undoState);
  }

  /** Goes to another notebook without leaving the page. @param {Target|null} target */
  async go(target) {
    this.keepUndo();
    await this.enter(target);
  }

  /** @param {Target|null} target */
  async enter(target) {
    history.pushState(null, "", addressOf(target));
    this.sidebar.foldIfFloating();
    await this.open(target);
  }

  async refreshList() {
    if (!this.user) return;
    try {
      const { data } = await call("GET", "/NotebookList");
      this.memory.keepList(data);
      this.showList(data);
    } catch {
      // Without a network the list is the one of last time.
      this.showList(this.memory.list);
    }
  }

  /** @param {any[]} notebooks */
  showList(notebooks) {
    this.sidebar.showNotebooks(notebooks);
    const listed = this.target?.kind === "own" ? this.sidebar.notebook(this.target.id) : undefined;
    if (listed) this.showHead({ ...this.head, title: listed.title, description: listed.description });
  }

  async startNew() {
    if (this.target) await this.go(null);
    this.sidebar.openForm(null, this.notebook.paper.paper);
  }

  /** Save and Ctrl+S: the form on an unsaved board, else send now and say so. */
  async save() {
    if (!this.target) {
      this.sidebar.openForm(null, this.notebook.paper.paper);
      return;
    }
    const n = await this.session.flush();
    if (n === 0) this.say((t) => t("toast.stored"));
    else this.say((t) => t("toast.notStored", { n }), { bad: true });
  }

  clear() {
    this.board.clear();
    const action = { label: "toast.restore", run: () => this.board.undo() };
    this.say((t) => t("toast.cleared"), { action });
  }

  async share() {
    const { showShareWindow } = await this.later(() => import("../ui/share_window.js"));
    const anchor = byId("share");
    if (this.popovers.isOpenAt(anchor)) this.popovers.close();
    else showShareWindow(this, anchor);
  }

  async openMenu() {
    const { showMenu } = await this.later(() => import("../ui/menu.js"));
    const anchor = byId("status");
    if (this.popovers.isOpenAt(anchor)) this.popovers.close();
    else showMenu(this, anchor);
  }

  /** @param {string} paper */
  setPaper(paper) {
    const margin = this.language === "he" ? "right" : "left";
    this.board.setPaper(paper, paper === "ruled" ? margin : "none");
  }

  /** @param {import("../ui/toolbar.js").Choice} choice */
  applyChoice({ tool, size, colour }) {
    if (!this.board) return;
    if (tool !== this.board.toolName)
      this.board.setTool(/** @type {import("../ui/surface.js").ToolName} */ (tool));
    this.board.setSize(size);
    this.board.setColour(colour);
  }

  /** @param {import("./notebook_session.js").SessionState} state */
  showState(state) {
    this.state = state;
    showStatus(this.t, state, this.session?.hasInk ?? false, this.head.role === "view");
  }

  /** @param {{role: string, title: string, description: string}} head */
  showHead(head) {
    this.head = { ...this.head, ...Object.fromEntries(Object.entries(head).filter(([, value]) => value)) };
    showTitle(this.head.title, this.t("app.name"));
    this.showRole();
    this.showState(this.state);
  }

  /** What one may not do has no tool on the page. */
  showRole() {
    this.board.setRole(this.head.role);
    document.body.dataset.role = this.head.role;
    this.refresh();
  }

  painted() {
    const seq = this.notebook.seq;
    this.refresh();
    this.board.whenPainted().then(() => this.notebook.seq >= seq && markReady(seq));
  }

  refresh() {
    if (!this.board) return;
    const empty = this.notebook.shownCount === 0;
    const loading = this.target !== null && this.notebook.epoch === "";
    showHint(empty && !loading && this.head.role !== "view");
    this.toolbar.allow({ undo: this.board.canUndo, redo: this.board.canRedo, clear: !empty });
    if (!this.target) this.sidebar.mark(null, !empty);
  }

  /** @param {string} reason @param {string} sentence */
  showGone(reason, sentence) {
    this.head.role = "view";
    this.showRole();
    byId("toasts").replaceChildren(); // nothing of it can be brought back from here
    const home = { label: "toast.home", run: () => this.go(null) };
    const wasHere = reason === "not_found" && (this.target?.kind === "share" || this.notebook.epoch !== "");
    this.say((t) => (wasHere ? t("menu.detail.gone") : failureText(t, { reason, sentence })), {
      bad: true,
      action: home,
      forMs: 60_000,
    });
  }

  /** Ctrl+S, Ctrl+P and the question mark; the board's own keys are the board's. @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey) return;
    const command = event.ctrlKey || event.metaKey;
    const typing = event.target instanceof Element && event.target.closest("input, textarea");
    const run =
      command && event.code === "KeyS"
        ? () => this.save()
        : command && event.code === "KeyP" && !event.shiftKey
          ? () => this.print()
          : event.key === "?" && !command && !typing
            ? () => this.showKeys()
            : null;
    if (!run) return;
    event.preventDefault();
    run();
  }

  async print() {
    (await this.later(() => import("../ui/printing.js"))).printSheet(this);
  }

  async showKeys() {
    (await this.later(() => import("../ui/key_help.js"))).showKeyHelp(this);
  }
}

async function main() {
  // All of this is wanted, whatever the others say: it comes side by side.
  const who = exchange("GET", "/LOGIN", undefined, { timeoutMs: 8000 });
  if (targetOf(location)) Promise.allSettled([import("./wire.js"), import("./company.js")]);
  const memory = new Memory(localStorage, sessionStorage);
  const language = pageLanguage(memory);
  const words = language === LANGUAGES[1] ? import("../i18n/he.js") : import("../i18n/en.js");
  const [{ catalogue }, store] = await Promise.all([words, JournalStore.open(window.indexedDB)]);
  const app = new App(language, catalogue, store, memory);
  await app.start(await who);
}

main();
