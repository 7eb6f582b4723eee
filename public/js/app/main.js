/**
 * The page: puts language, sidebar, tools, board and session together, and carries out what they ask for.
 * Everything that is not on the first screen is imported when it is first wanted.
 */

import { NotebookDocument } from "../core/document.js";
import { chooseLanguage, directionOf, failureText, LANGUAGES, translator } from "../core/i18n.js";
import { addressOf, call, exchange, targetOf } from "../net/api.js";
import { JournalStore, Memory } from "../net/browser_store.js";
import { Board } from "../ui/board.js";
import { byId, Popovers, toast, translatePage } from "../ui/dom.js";
import { Sidebar } from "../ui/sidebar.js";
import { makeHint, markReady, showHint, showStatus, showTitle, unmarkReady } from "../ui/status.js";
import { Toolbar } from "../ui/toolbar.js";
import { NotebookSession, randomText } from "./notebook_session.js";

/** @typedef {import("../net/api.js").Target} Target */
/** @typedef {import("../core/i18n.js").Language} Language */
/** @typedef {import("../net/browser_store.js").User} User */

/** A visit is told to the server once the page has been quiet for this long. */
const VISIT_AFTER_MS = 4000;

export class App {
  visitTimer = 0;
  /** @type {User|null} */ user = null;
  /** @type {Target|null} */ target = null;
  notebook = new NotebookDocument();
  /** Made by `open`, which `start` awaits before anything else. */
  session = /** @type {NotebookSession} */ (/** @type {unknown} */ (undefined));
  board = /** @type {Board} */ (/** @type {unknown} */ (undefined));
  /** @type {import("./notebook_session.js").SessionState} */
  state = { saved: "yes", waiting: 0, refused: 0, phase: "local" };
  head = { role: "owner", title: "", description: "" };
  /** Who is here, as the last poll said (P6). @type {any[]} */ here = [];
  hereCount = 0;
  /** @type {Map<string, number[]>} where others pointed last */ cursors = new Map();
  /** @type {import("../net/live.js").LiveSender|null} */ live = null;
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
    this.t = translator(catalogue, language);
    this.store = store;
    this.popovers = new Popovers();
    this.account = new BroadcastChannel("account");
    this.account.onmessage = () => location.reload();
    translatePage(document, this.t);
    document.body.classList.toggle("left-handed", memory.leftHanded);
    const byLink = new URLSearchParams(location.search).has("nb");
    this.sidebar = new Sidebar(
      {
        onNew: () => this.startNew(),
        onOpen: (id) => this.go(id === null ? null : { kind: "own", id }),
        onKeep: (words, id) => this.keepNotebook(words, id),
        onPaper: (paper) => this.setPaper(paper),
        onMore: async (anchor, one) =>
          (await import("../ui/notebook_menu.js")).showNotebookMenu(this, anchor, one),
        onAccount: async () => (await import("../ui/account_dialog.js")).showAccount(this),
        onLogOut: async () => (await import("./log_out.js")).logOut(this),
      },
      this.t,
      language,
      { storage: localStorage, byLink },
    );
    this.toolbar = new Toolbar(
      {
        onChoice: (choice) => this.applyChoice(choice),
        onUndo: () => this.board.undo(),
        onRedo: () => this.board.redo(),
        onClear: () => this.clear(),
        hasTool: (tool) => tool in this.board.tools,
      },
      this.popovers,
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

  /** Who the journal's entries belong to. */
  get owner() {
    if (this.user) return `u${this.user.id}`;
    return this.target ? `guest:${this.client}` : "browser";
  }

  async start() {
    const target = targetOf(location);
    const answer = await exchange("GET", "/LOGIN", undefined, { timeoutMs: 8000 });
    if (answer.status === 200) this.user = answer.body.data;
    else if (answer.status !== 401) this.user = this.memory.user;
    this.memory.setUser(this.user);
    this.sidebar.showUser(this.user);
    await this.open(target);
    await this.refreshList();
    if (this.user && this.memory.takeSignUp()) await this.keepEarlierInk();
  }

  /** @param {Target|null} target */
  async open(target) {
    this.close();
    this.target = target;
    const listed = target?.kind === "own" ? this.sidebar.notebook(target.id) : undefined;
    this.head = { role: "owner", title: listed?.title ?? "", description: listed?.description ?? "" };
    this.notebook.begin({ seq: 0, epoch: "" });
    this.session = this.makeSession(target);
    this.board = this.makeBoard();
    this.applyChoice(this.toolbar.choice);
    this.sidebar.mark(target?.kind === "own" ? target.id : null, false);
    showTitle(this.head.title, this.t("app.name"));
    makeHint(this.t, this.language, target === null);
    await this.session.start();
    if (!target) return;
    const { LiveSender } = await import("../net/live.js");
    if (this.target === target)
      this.live = new LiveSender(target, this.client, () => this.others.length === 0);
  }

  close() {
    this.session?.close();
    this.board?.destroy();
    this.live?.close();
    this.live = null;
    this.popovers.close();
    this.here = [];
    this.hereCount = 0;
    this.cursors.clear();
    this.showPeople();
    unmarkReady();
  }

  /** @param {Target|null} target */
  makeSession(target) {
    const showTray = { action: { label: this.t("tray.show"), run: () => this.openMenu() } };
    return new NotebookSession(target, this.notebook, {
      store: this.store,
      owner: this.owner,
      page: this.page,
      client: this.client,
      onState: (state) => this.showState(state),
      onLive: (body) => this.showLive(body),
      onLoaded: () => this.painted(),
      onApplied: (answer) => this.applied(answer),
      onDropped: (op) => {
        this.board.forgetOp(op);
        toast(this.t("tray.new"), { bad: true, ...showTray });
      },
      onHead: (head) => this.showHead(head),
      onGone: (reason, sentence) => this.showGone(reason, sentence),
    });
  }

  makeBoard() {
    const board = new Board({
      root: byId("board"),
      document: this.notebook,
      onChange: (command, data) => this.session.submit(command, data),
      onLive: (info) => this.live?.send(info),
      settings: { rightToLeft: this.language === "he", undo: this.memory.undo(this.session.board) },
    });
    board.addEventListener("undochange", () => this.refresh());
    board.addEventListener("toolchange", () => this.toolbar.follow(board.toolName, board.settings.size));
    board.addEventListener("drawstart", () => showHint(false));
    board.addEventListener("selectionchange", () => this.showSelection());
    return board;
  }

  async showSelection() {
    const shown = document.getElementById("selection-bar") !== null;
    if (shown || !this.board.selection.isEmpty)
      (await import("../ui/selection_bar.js")).showSelectionBar(this);
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
      this.sidebar.showNotebooks(data);
      const listed = this.target?.kind === "own" ? this.sidebar.notebook(this.target.id) : undefined;
      if (listed) this.showHead({ ...this.head, title: listed.title, description: listed.description });
    } catch (failure) {
      toast(failureText(this.t, /** @type {any} */ (failure)), { bad: true });
    }
  }

  /** New notebook: a fresh board and the form in the list. */
  async startNew() {
    if (this.target) await this.go(null);
    this.sidebar.openForm(null, this.notebook.paper.paper);
  }

  /**
   * @param {import("../ui/sidebar.js").NotebookWords} words
   * @param {number|null} id
   */
  async keepNotebook({ title, description }, id) {
    if (!this.user) {
      location.assign("/signUp.html");
      return;
    }
    if (id !== null) await call("POST", "/api/notebook/rename", { id, title, description });
    else {
      const made = (await call("POST", "/SAVENEWNB", { title, description })).data;
      const records = await this.session.records();
      await this.store.move(records, this.owner, `n${made.id}`);
      this.memory.keepUndo(`n${made.id}`, this.board.undoState);
      this.memory.keepUndo("local", undefined);
      this.sidebar.closeForm();
      await this.enter({ kind: "own", id: made.id });
      toast(this.t("toast.made", { title }));
    }
    this.sidebar.closeForm();
    await this.refreshList();
  }

  /** What was drawn before signing up becomes the account's first notebook. */
  async keepEarlierInk() {
    const earlier = await this.store.read("browser", "local");
    if (this.target || !earlier.some((record) => record.entry.command === "a")) return;
    try {
      const words = { title: this.t("form.firstTitle"), description: "", paper: this.notebook.paper.paper };
      await this.keepNotebook(words, null);
    } catch (failure) {
      toast(failureText(this.t, /** @type {any} */ (failure)), { bad: true });
    }
  }

  /** Save and Ctrl+S: the form on an unsaved board, else send now and say so. */
  async save() {
    if (!this.target) {
      this.sidebar.openForm(null, this.notebook.paper.paper);
      return;
    }
    const left = await this.session.flush();
    if (left === 0) toast(this.t("toast.stored"));
    else toast(this.t("toast.notStored", { n: left }), { bad: true });
  }

  clear() {
    this.board.clear();
    toast(this.t("toast.cleared"), {
      action: { label: this.t("toast.restore"), run: () => this.board.undo() },
    });
  }

  async share() {
    const anchor = byId("share");
    if (this.popovers.isOpenAt(anchor)) this.popovers.close();
    else (await import("../ui/share_window.js")).showShareWindow(this, anchor);
  }

  async openMenu() {
    const anchor = byId("status");
    if (this.popovers.isOpenAt(anchor)) this.popovers.close();
    else (await import("../ui/menu.js")).showMenu(this, anchor);
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
      this.board.setTool(/** @type {import("../ui/board.js").ToolName} */ (tool));
    this.board.setSize(size);
    this.board.setColour(colour);
  }

  /** @param {import("./notebook_session.js").SessionState} state */
  showState(state) {
    this.state = state;
    showStatus(this.t, state, this.session?.hasInk ?? false);
  }

  /** @param {{role: string, title: string, description: string}} head */
  showHead(head) {
    this.head = { ...this.head, ...Object.fromEntries(Object.entries(head).filter(([, value]) => value)) };
    showTitle(this.head.title, this.t("app.name"));
    this.board.setRole(this.head.role);
    document.body.classList.toggle("read-only", this.head.role === "view");
  }

  /** @param {any} answer */
  applied(answer) {
    this.painted();
    for (const change of answer.data) {
      if (change.command === "c" && !this.isMe(change.author)) this.tellCleared(change);
    }
  }

  /** @param {{op: string, author?: {id: string, name: string}}} change */
  tellCleared(change) {
    const name = change.author?.name || this.t("people.guest");
    const restore = () => this.session.submit("u", { op: change.op });
    const mayRestore = this.head.role === "owner" || this.head.role === "edit";
    const action = mayRestore ? { action: { label: this.t("toast.restore"), run: restore } } : {};
    toast(this.t("toast.clearedBy", { name }), { ...action, forMs: 15_000 });
  }

  /** @param {{id: string}|undefined} author */
  isMe(author) {
    return this.user !== null && author?.id === `u${this.user.id}`;
  }

  painted() {
    const seq = this.notebook.seq;
    this.refresh();
    this.noteVisit(seq);
    this.board.whenPainted().then(() => this.notebook.seq >= seq && markReady(seq));
  }

  /** Tells the server how far the user has seen the notebook, a little after the last change. @param {number} seq */
  noteVisit(seq) {
    const { target, user } = this;
    if (!user || !target) return;
    window.clearTimeout(this.visitTimer);
    const named = target.kind === "own" ? { id: target.id } : { code: target.code };
    const note = () => exchange("POST", "/api/notebook/visit", { ...named, seq });
    this.visitTimer = window.setTimeout(note, VISIT_AFTER_MS);
  }

  refresh() {
    if (!this.board) return;
    const empty = this.notebook.shownCount === 0;
    const loading = this.target !== null && this.notebook.epoch === "";
    showHint(empty && !loading);
    this.toolbar.allow({ undo: this.board.canUndo, redo: this.board.canRedo, clear: !empty });
    if (!this.target) this.sidebar.mark(null, !empty);
  }

  /** @param {any} body of a poll that carries `live` or `here` */
  showLive(body) {
    if (body.here) {
      this.here = body.here;
      this.hereCount = body.here_count ?? body.here.length;
      this.board.setPeers(this.others);
      this.showPeople();
    }
    for (const { client, cursor } of body.live ?? []) if (cursor) this.cursors.set(client, cursor);
    if (body.live?.length) this.board.showLive(body.live);
  }

  /** Everybody here but this browser. */
  get others() {
    return this.here.filter((one) => one.client !== this.client);
  }

  async showPeople() {
    if (this.others.length === 0) byId("people").replaceChildren();
    else (await import("../ui/presence.js")).showPeople(this);
  }

  /** @param {string} client */
  jumpToPeer(client) {
    const place = this.cursors.get(client);
    if (place) this.board.jumpTo(place[0], place[1]);
    else this.board.zoomToFit();
  }

  /** @param {string} reason @param {string} sentence */
  showGone(reason, sentence) {
    this.board.setRole("view");
    const home = { label: this.t("toast.home"), run: () => this.go(null) };
    toast(failureText(this.t, { reason, sentence }), { bad: true, action: home, forMs: 60_000 });
  }

  /** Ctrl+S; the board's own keys are the board's. @param {KeyboardEvent} event */
  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.code !== "KeyS") return;
    event.preventDefault();
    this.save();
  }

  /** @param {boolean} left */
  setLeftHanded(left) {
    this.memory.setLeftHanded(left);
    document.body.classList.toggle("left-handed", left);
  }

  get leftHanded() {
    return document.body.classList.contains("left-handed");
  }

  /** Another language: remembered, and the page starts again in it. @param {Language} language */
  setLanguage(language) {
    this.memory.setLanguage(language);
    location.reload();
  }
}

async function main() {
  const memory = new Memory(localStorage, sessionStorage);
  const language = chooseLanguage(memory.language, navigator.languages);
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
  const words = language === LANGUAGES[1] ? import("../i18n/he.js") : import("../i18n/en.js");
  const [{ catalogue }, store] = await Promise.all([words, JournalStore.open(window.indexedDB)]);
  await new App(language, catalogue, store, memory).start();
}

main();
