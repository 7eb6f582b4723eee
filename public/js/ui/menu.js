/**
 * What the status dot opens: the state in words, the tray of refused changes, who is here, and what belongs
 * to the notebook and the page as a whole (paper, view, download, hand, language).
 */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { button, element, icon } from "./dom.js";
import { choiceRow, field, toast, whileWorking } from "./overlays.js";
import { personDot } from "./presence.js";
import { onPaper } from "./toolbar.js";
import { tray } from "./tray.js";

/** @typedef {import("../app/main.js").App} App */

const GUEST_COLOURS = [
  ["black", "#000000"],
  ["blue", "#1f4fd8"],
  ["green", "#1d7a46"],
  ["red", "#c92a2a"],
  ["orange", "#d9560b"],
  ["purple", "#7a3fb5"],
];

/** @param {App} app @param {HTMLElement} anchor */
export function showMenu(app, anchor) {
  const { t } = app;
  const close = element(
    "button",
    { type: "button", class: "tool", "aria-label": t("dialog.close") },
    icon("close"),
  );
  close.addEventListener("click", () => {
    app.popovers.close();
    anchor.focus();
  });
  const panel = element(
    "div",
    { class: "wide" },
    element("div", { class: "popover-head" }, stateWords(app), close),
  );
  if (app.session.tray.length > 0) panel.append(tray(app));
  if (app.target) panel.append(element("hr"), people(app));
  panel.append(element("hr"), notebookPart(app), element("hr"), pagePart(app));
  app.popovers.show(anchor, t("menu.title"), panel);
}

/** @param {App} app */
function stateWords(app) {
  const { t, state } = app;
  const words = { local: "local", login: "login", gone: "gone" }[state.phase] ?? stateOf(app);
  const box = element("div", { class: "stack" }, element("p", {}, t(`menu.detail.${words}`)));
  if (!app.store.durable) box.append(element("p", { class: "form-error" }, t("menu.detail.memory")));
  if (state.phase === "login") {
    box.append(element("a", { class: "button primary", href: "/login.html" }, t("menu.loginAgain")));
  }
  return box;
}

/** @param {App} app */
function stateOf({ state: { saved, trouble }, head }) {
  if (saved === "offline" && trouble) return trouble;
  if (saved === "yes") return head.role === "view" ? "lookOnly" : "stored";
  return saved;
}

/** @param {App} app */
function people(app) {
  const { t, company } = app;
  const here = company?.here ?? [];
  const box = element("section", { class: "stack" }, element("h2", {}, t("people.title")));
  const list = element("ul", { class: "plain-list" });
  list.append(element("li", {}, app.user ? me(app, app.user.username) : myName(app)));
  for (const one of here.filter((other) => other.client !== app.client).slice(0, 12)) {
    list.append(element("li", {}, person(app, one)));
  }
  box.append(list);
  const rest = (company?.hereCount ?? 0) - Math.min(here.length, 13);
  if (rest > 0) box.append(element("p", { class: "muted" }, t("people.more", { n: rest })));
  if (company && app.head.role === "owner") {
    const open = async () => {
      app.popovers.close();
      (await import("./people_history.js")).showPeopleHistory(app, company);
    };
    box.append(element("button", { type: "button", class: "menu-item", onclick: open }, t("history.open")));
  }
  return box;
}

/** @param {App} app @param {string} name */
function me(app, name) {
  return element(
    "div",
    { class: "person" },
    personDot(name, app.client, app.t("people.guest")),
    name,
    element("span", { class: "tag" }, app.t("people.you")),
  );
}

/** A guest says here who they are (S3). @param {App} app */
function myName(app) {
  const { t, memory } = app;
  const input = element("input", {
    id: "guest-name",
    class: "input",
    maxlength: 30,
    value: memory.guestName,
    placeholder: t("people.guest"),
    autocomplete: "nickname",
  });
  const problem = element("p", { class: "form-error", role: "alert", hidden: true });
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await call("POST", "/api/guest", { name: input.value.trim() });
      memory.setGuestName(input.value.trim());
      problem.hidden = true;
      app.popovers.close();
    } catch (failure) {
      problem.textContent = failureText(t, /** @type {any} */ (failure));
      problem.hidden = false;
    }
  };
  return element(
    "form",
    { class: "stack", onsubmit: send },
    field(t("people.yourName"), input),
    ...(app.head.role === "view"
      ? []
      : [element("p", { class: "muted" }, t("people.nameHint")), inkColours(app)]),
    problem,
    element("button", { type: "submit", class: "button small" }, t("people.setName")),
  );
}

/** A few colours to tell one's ink by; the whole wheel is behind the Colour button. @param {App} app */
function inkColours(app) {
  const { t, toolbar } = app;
  const row = element("div", { class: "swatches", role: "group", "aria-label": t("people.yourColour") });
  for (const [name, colour] of GUEST_COLOURS) {
    const pick = () => {
      toolbar.choose({ colour });
      for (const one of row.children) one.setAttribute("aria-pressed", String(one === node));
    };
    const label = t(`colour.${name}`);
    const node = element("button", {
      type: "button",
      class: "swatch",
      "aria-label": label,
      title: label,
      onclick: pick,
    });
    node.setAttribute("aria-pressed", String(toolbar.choice.colour === colour));
    node.style.setProperty("--swatch", onPaper(colour));
    row.append(node);
  }
  return row;
}

/** @param {App} app @param {{client: string, name: string, guest?: boolean}} one */
function person(app, one) {
  const { t } = app;
  const name = one.name || t("people.guest");
  const go = () => {
    app.popovers.close();
    app.company?.jumpToPeer(one.client);
  };
  const words = element("button", {
    type: "button",
    class: "menu-item",
    title: t("people.goTo", { name }),
    onclick: go,
  });
  words.append(personDot(name, one.client, t("people.guest")), name);
  if (one.guest) words.append(element("span", { class: "tag" }, t("people.guestTag")));
  return words;
}

/** @param {App} app */
function notebookPart(app) {
  const { t } = app;
  const mayEdit = app.head.role !== "view" && app.head.role !== "add";
  const papers = ["plain", "ruled", "squared", "dotted"].map((value) => ({
    value,
    label: t(`paper.${value}`),
    mark: element("span", { class: `paper-sample ${value}`, "aria-hidden": "true" }),
  }));
  const row = choiceRow(t("menu.paper"), "menu-paper", papers, app.notebook.paper.paper, (paper) =>
    app.setPaper(paper),
  );
  const item = (
    /** @type {string} */ key,
    /** @type {() => void} */ run,
    /** @type {HTMLElement|undefined} */ cap = undefined,
  ) => {
    const press = () => {
      app.popovers.close();
      run();
    };
    return element("button", { type: "button", class: "menu-item", onclick: press }, t(key), cap);
  };
  const box = element("div", { class: "stack" });
  if (mayEdit) box.append(element("h2", {}, t("menu.paper")), row);
  box.append(
    element(
      "div",
      {},
      item("menu.fit", () => app.board.zoomToFit()),
      app.company ? item("menu.timeline", () => timeline(app)) : "",
      app.head.role === "view" ? "" : item("menu.import", () => importing(app)),
      downloads(app),
      sharesFiles() ? item("menu.send", () => send(app)) : "",
      item("menu.print", () => app.print(), keyCap("Ctrl+P")),
    ),
  );
  return box;
}

/** One row for the three kinds of file. @param {App} app */
function downloads(app) {
  const { t } = app;
  const row = element("div", { class: "menu-row" }, element("span", { class: "grow" }, t("menu.download")));
  for (const kind of /** @type {const} */ (["svg", "png", "pdf"])) {
    const press = () => {
      app.popovers.close();
      download(app, kind);
    };
    const node = button(kind.toUpperCase(), press, "small");
    node.setAttribute("aria-label", t(`menu.${kind}`));
    row.append(node);
  }
  return row;
}

/** @param {App} app */
async function timeline(app) {
  const { company } = app;
  if (company) (await import("./timeline_view.js")).showTimeline(app, company);
}

/** @param {App} app */
async function importing(app) {
  (await import("./svg_import.js")).importSvg(app);
}

/** @param {string} shown */
function keyCap(shown) {
  return element("kbd", { "aria-hidden": "true" }, shown);
}

/** A device with a mouse nearly always has one. @returns {boolean} */
function hasKeyboard() {
  return window.matchMedia("(any-hover: hover)").matches;
}

/** @returns {boolean} whether the device has a sheet that takes a file */
function sharesFiles() {
  const file = new File([], "a.pdf", { type: "application/pdf" });
  return navigator.canShare?.({ files: [file] }) ?? false;
}

/** The notebook as PDF to the device's own share sheet. @param {App} app */
async function send(app) {
  const { t, board } = app;
  const title = app.head.title || t("app.name");
  try {
    const file = new File([await board.exported("pdf")], `${title}.pdf`, { type: "application/pdf" });
    await navigator.share({ title, files: [file] });
  } catch (error) {
    // Nobody chose where to: that is no failure.
    if (!(error instanceof DOMException && error.name === "AbortError"))
      toast(t("failure.unknown"), { bad: true });
  }
}

/** @param {App} app @param {"svg"|"png"|"pdf"} kind */
async function download(app, kind) {
  const { t, board } = app;
  try {
    const url = URL.createObjectURL(await whileWorking(t("toast.working"), board.exported(kind)));
    element("a", { href: url, download: `${app.head.title || t("app.name")}.${kind}` }).click();
    window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch {
    toast(t("failure.unknown"), { bad: true });
  }
}

/** @param {App} app */
function pagePart(app) {
  const { t, memory } = app;
  const touch = (/** @type {"penOnly"|"fingerDraws"} */ which, /** @type {boolean} */ on) => {
    const other = which === "penOnly" ? "fingerDraws" : "penOnly";
    const next = { ...memory.touch, [which]: on, ...(on ? { [other]: false } : {}) };
    memory.setTouch(next);
    app.board.setTouch(next);
  };
  const pen = switchItem(t("menu.penOnly"), memory.touch.penOnly, (on) => {
    touch("penOnly", on);
    if (on) finger.setAttribute("aria-checked", "false");
  });
  const finger = switchItem(t("menu.fingerDraws"), memory.touch.fingerDraws, (on) => {
    touch("fingerDraws", on);
    if (on) pen.setAttribute("aria-checked", "false");
  });
  const left = switchItem(t("menu.leftHanded"), memory.leftHanded, (on) => {
    memory.setLeftHanded(on);
    document.body.classList.toggle("left-handed", on);
  });
  const keys = () => {
    app.popovers.close();
    app.showKeys();
  };
  const languages = [
    { value: "en", label: "English" },
    { value: "he", label: "עברית" },
  ];
  const choose = (/** @type {string} */ value) => {
    memory.setLanguage(value);
    location.reload();
  };
  return element(
    "div",
    { class: "stack" },
    app.head.role === "view" ? "" : element("div", {}, pen, finger, left),
    choiceRow(t("menu.language"), "menu-language", languages, app.language, choose),
    element("a", { class: "menu-item", href: "/connect" }, t("menu.connect")),
    hasKeyboard()
      ? element("button", { type: "button", class: "menu-item", onclick: keys }, t("menu.keys"), keyCap("?"))
      : "",
  );
}

/** @param {string} label @param {boolean} on @param {(on: boolean) => void} turn */
function switchItem(label, on, turn) {
  const item = element("button", { type: "button", class: "menu-item", role: "switch" }, label);
  item.setAttribute("aria-checked", String(on));
  item.addEventListener("click", () => {
    const now = item.getAttribute("aria-checked") !== "true";
    item.setAttribute("aria-checked", String(now));
    turn(now);
  });
  return item;
}
