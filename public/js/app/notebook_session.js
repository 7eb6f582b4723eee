/**
 * One open board and what its author does to it: takes the board's changes, puts them into the journal first,
 * and tells the page what the status line should say. A board without a target is an unsaved one: it lives in
 * the journal alone until it gets a name; the way to the server of the others is wire.js, loaded for them.
 * Implements INK.md "Client journal" on the page's side.
 */

import { Journal, opMaker } from "../core/journal.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../net/api.js").Target} Target */
/** @typedef {import("../net/browser_store.js").StoredEntry} StoredEntry */
/** @typedef {import("../core/sync.js").SyncEvent} SyncEvent */

/**
 * @typedef {object} SessionState
 * @property {"yes"|"sending"|"offline"} saved
 * @property {import("../core/sync.js").Trouble} trouble what keeps the server from storing, where it says so
 * @property {number} waiting changes not acknowledged yet
 * @property {number} refused changes in the tray
 * @property {string} phase of core/sync.js, or "local"
 */

/**
 * @typedef {object} SessionWorld
 * @property {import("../net/browser_store.js").JournalStore} store
 * @property {string} owner identity the entries belong to
 * @property {string} page id of this tab
 * @property {string} client this browser in presence
 * @property {(state: SessionState) => void} onState
 * @property {(body: any) => void} onLive
 * @property {() => void} onLoaded the whole document, with what waits in the journal, is on the board
 * @property {(answer: any) => void} onApplied a poll's answer, once it is on the board
 * @property {(op: string) => void} onDropped a refused change was taken off the board
 * @property {(head: {role: string, title: string, description: string}) => void} onHead
 * @property {(reason: string, sentence: string) => void} onGone
 */

export class NotebookSession {
  journal = new Journal();
  /** @type {import("./wire.js").Wire|null} null on an unsaved board */ wire = null;
  #makeOp;
  #stem;
  /** @type {Promise<unknown>} */ #writing = Promise.resolve();
  closed = false;
  #goneReported = false;

  /**
   * @param {Target|null} target null for the unsaved board
   * @param {NotebookDocument} notebook
   * @param {SessionWorld} world
   */
  constructor(target, notebook, world) {
    this.target = target;
    this.notebook = notebook;
    this.world = world;
    this.board = boardKey(target);
    const stem = randomText(12);
    this.#makeOp = opMaker(() => stem);
    this.#stem = `${stem}.`;
  }

  /** Reads what an earlier page left behind, then opens the notebook. */
  async start() {
    const wire = this.target && import("./wire.js");
    await this.#adopt();
    if (this.closed) return;
    if (!wire || !this.target) {
      this.notebook.load({ seq: 0, epoch: "", strokes: [] });
      this.showPending();
      this.world.onLoaded();
      this.tell();
      return;
    }
    const { Wire } = await wire;
    if (this.closed) return;
    this.wire = new Wire(this, this.target);
    this.wire.step({ type: "start" });
  }

  /**
   * A change made on the board: shown at once, kept in the journal, then sent.
   *
   * @param {string} command
   * @param {any} data
   * @returns {string} its op
   */
  submit(command, data) {
    const op = this.#makeOp();
    const writes = this.journal.add(op, command, data, Date.now());
    this.notebook.addPending({ op, command, data });
    this.write(writes).then(() => this.#step({ type: "submitted" }));
    this.tell();
    return op;
  }

  /** @returns {import("../core/journal.js").Entry[]} changes the server refused */
  get tray() {
    return this.journal.inState("refused");
  }

  get waiting() {
    return this.journal.waiting;
  }

  /** @param {string} op @returns {boolean} whether this page made it, on this board */
  isOwn(op) {
    return op.startsWith(this.#stem);
  }

  /** Whether anything at all is on an unsaved board. */
  get hasInk() {
    return this.journal.live().some((entry) => entry.command === "a");
  }

  get phase() {
    if (!this.target) return "local";
    return this.wire?.phase ?? "loading";
  }

  /** @param {string} op of a refused change: tries it once more */
  retry(op) {
    const entry = this.journal.entry(op);
    if (!entry) return;
    this.write(this.journal.retry(op, Date.now()));
    this.notebook.addPending({ op, command: entry.command, data: entry.data });
    this.#step({ type: "submitted" });
  }

  /** @param {string} op of a refused change: gives it up */
  discard(op) {
    this.write(this.journal.discard(op));
    this.tell();
  }

  /** The visitor has logged in again. */
  loggedIn() {
    this.#step({ type: "logged-in" });
  }

  /**
   * Sends what waits, now.
   *
   * @param {number} [timeoutMs]
   * @returns {Promise<number>} how many changes are still not stored
   */
  async flush(timeoutMs = 6000) {
    await this.#writing;
    this.#step({ type: "wake" });
    const deadline = performance.now() + timeoutMs;
    while (this.target && this.journal.waiting > 0 && performance.now() < deadline) {
      if (this.phase === "gone" || this.phase === "login") break;
      await new Promise((resolve) => window.setTimeout(resolve, 60));
    }
    return this.journal.waiting;
  }

  /** Everything made so far is on disk. */
  async written() {
    await this.#writing;
  }

  /** Records of an unsaved board, to be moved under a notebook. @returns {Promise<StoredEntry[]>} */
  async records() {
    await this.#writing;
    return this.#stored();
  }

  close() {
    this.closed = true;
    this.wire?.close();
  }

  /** @returns {Promise<StoredEntry[]>} of this board: own, and what was drawn here before logging in */
  async #stored() {
    const { store, owner } = this.world;
    const own = await store.read(owner, this.board);
    const earlier = this.target || owner === "browser" ? [] : await store.read("browser", this.board);
    return [...earlier, ...own];
  }

  /** Takes over the entries of pages that live no more; those of other open tabs are left to them. */
  async #adopt() {
    const held = await navigator.locks?.query().then((locks) => locks.held ?? []);
    const pages = new Set((held ?? []).map((lock) => lock.name));
    const records = await this.#stored();
    const orphans = records.filter(
      (record) => record.page === this.world.page || !pages.has(`page|${record.page}`),
    );
    this.journal.adopt(orphans.map((record) => record.entry));
  }

  /** Lays what waits in the journal over the document. */
  showPending() {
    for (const { op, command, data } of this.journal.live()) this.notebook.addPending({ op, command, data });
  }

  /** @param {SyncEvent} event */
  #step(event) {
    if (this.wire) this.wire.step(event);
    else this.tell();
  }

  /** @param {string} reason @param {string} sentence */
  reportGone(reason, sentence) {
    if (this.#goneReported) return;
    this.#goneReported = true;
    this.world.onGone(reason, sentence);
  }

  /** @param {import("../core/journal.js").Writes} writes */
  write(writes) {
    const { store, owner, page } = this.world;
    // The database keeps the order of the writes itself: waiting for those before would lose the last one of a page.
    const done = store.write(owner, this.board, page, writes);
    // A full or broken disk must not stop the sending: the change is still in memory and on its way.
    const seen = done.catch((error) => console.warn("the journal could not be written", error));
    this.#writing = Promise.all([this.#writing, seen]);
    return this.#writing;
  }

  tell() {
    if (this.closed) return;
    const { waiting, refused } = this.journal;
    const saved = this.wire?.saved ?? (this.target && waiting ? "sending" : "yes");
    const trouble = this.wire?.trouble ?? "";
    this.world.onState({ saved, trouble, waiting, refused, phase: this.phase });
    if (this.phase === "gone") this.reportGone("not_found", "");
  }
}

/** @param {Target|null} target @returns {string} name of a board in the journal */
export function boardKey(target) {
  if (!target) return "local";
  return target.kind === "own" ? `n${target.id}` : `s${target.code}`;
}

/** @param {number} length @returns {string} of `A-Za-z0-9_-` */
export function randomText(length) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return [...crypto.getRandomValues(new Uint8Array(length))].map((byte) => letters[byte % 64]).join("");
}
