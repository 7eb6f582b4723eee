/**
 * One open board and its way to the server: takes the board's changes, puts them into the journal first,
 * drives core/sync.js (loads, polls, posts, waits) and tells the page what the status line should say.
 * A board without a target is an unsaved one: it lives in the journal alone until it gets a name.
 * Implements INK.md "Client journal", P1 to P4 and C2/C3 on the page's side.
 */

import { Journal, opMaker } from "../core/journal.js";
import { documentPath, exchange, retryAfter, writePath } from "../net/api.js";

/** @typedef {import("../core/sync.js").SyncAction} SyncAction */
/** @typedef {import("../core/sync.js").SyncEvent} SyncEvent */
/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../net/api.js").Target} Target */
/** @typedef {import("../net/browser_store.js").StoredEntry} StoredEntry */

/** How long the first byte of a document may take. */
const LOAD_TIMEOUT_MS = 60_000;

/**
 * @typedef {object} SessionState
 * @property {"yes"|"sending"|"offline"} saved
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
  #journal = new Journal();
  /** @type {import("../core/sync.js").Sync|null} null on an unsaved board */ #sync = null;
  #makeOp;
  /** @type {import("../net/shared_poll.js").SharedPoll|null} */ #poll = null;
  /** @type {Partial<Record<"load"|"poll"|"post", number>>} */ #timers = {};
  #writing = Promise.resolve();
  #loads = 0;
  #closed = false;
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
    this.#makeOp = opMaker(() => randomText(12));
    this.wake = () => this.#step({ type: "wake" });
    this.woken = () => document.visibilityState === "visible" && this.wake();
  }

  /** Reads what an earlier page left behind, then opens the notebook. */
  async start() {
    await this.#adopt();
    if (this.#closed) return;
    if (!this.target) {
      this.notebook.load({ seq: 0, epoch: "", strokes: [] });
      this.#showPending();
      this.world.onLoaded();
      this.#tell();
      return;
    }
    const [{ Sync }, { SharedPoll }] = await Promise.all([
      import("../core/sync.js"),
      import("../net/shared_poll.js"),
      import("../core/document_reader.js"),
    ]);
    if (this.#closed) return;
    this.#sync = new Sync(this.#journal, Math.random);
    const { owner, client, onLive } = this.world;
    this.#poll = new SharedPoll(this.target, `${owner}|${this.board}`, client, onLive);
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.woken);
    this.#step({ type: "start" });
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
    const writes = this.#journal.add(op, command, data, Date.now());
    this.notebook.addPending({ op, command, data });
    this.#write(writes).then(() => this.#step({ type: "submitted" }));
    this.#tell();
    return op;
  }

  /** @returns {import("../core/journal.js").Entry[]} changes the server refused */
  get tray() {
    return this.#journal.inState("refused");
  }

  get waiting() {
    return this.#journal.waiting;
  }

  /** Whether anything at all is on an unsaved board. */
  get hasInk() {
    return this.#journal.live().some((entry) => entry.command === "a");
  }

  get phase() {
    if (!this.target) return "local";
    return this.#sync?.phase ?? "loading";
  }

  /** @param {string} op of a refused change: tries it once more */
  retry(op) {
    const entry = this.#journal.entry(op);
    if (!entry) return;
    this.#write(this.#journal.retry(op, Date.now()));
    this.notebook.addPending({ op, command: entry.command, data: entry.data });
    this.#step({ type: "submitted" });
  }

  /** @param {string} op of a refused change: gives it up */
  discard(op) {
    this.#write(this.#journal.discard(op));
    this.#tell();
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
    this.wake();
    const deadline = performance.now() + timeoutMs;
    while (this.target && this.#journal.waiting > 0 && performance.now() < deadline) {
      if (this.phase === "gone" || this.phase === "login") break;
      await new Promise((resolve) => window.setTimeout(resolve, 60));
    }
    return this.#journal.waiting;
  }

  /** Records of an unsaved board, to be moved under a notebook. @returns {Promise<StoredEntry[]>} */
  async records() {
    await this.#writing;
    return this.#stored();
  }

  close() {
    this.#closed = true;
    this.#step({ type: "stop" });
    this.#poll?.close();
    for (const timer of Object.values(this.#timers)) window.clearTimeout(timer);
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.woken);
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
    this.#journal.adopt(orphans.map((record) => record.entry));
  }

  #showPending() {
    for (const { op, command, data } of this.#journal.live()) this.notebook.addPending({ op, command, data });
  }

  /** @param {SyncEvent} event */
  #step(event) {
    for (const action of this.#sync?.step(event) ?? []) this.#do(action);
    this.#tell();
  }

  /** @param {SyncAction} action */
  #do(action) {
    switch (action.do) {
      case "load":
        this.#poll?.cancel();
        this.#load();
        break;
      case "poll":
        this.#ask(action);
        break;
      case "post":
        this.#post(action.changes);
        break;
      case "timer":
        this.#rest(action.what, action.afterMs);
        break;
      case "apply":
        this.notebook.applyAnswer(action.answer);
        this.world.onApplied(action.answer);
        break;
      case "store":
        this.#write(action.writes);
        break;
      case "drop":
        this.notebook.dropPending(action.op);
        this.world.onDropped(action.op);
        break;
      case "answered":
        for (const change of action.answer.changes) this.notebook.confirm(change.op, change);
        break;
    }
  }

  /** @param {"load"|"poll"|"post"} what @param {number} afterMs */
  #rest(what, afterMs) {
    window.clearTimeout(this.#timers[what]);
    this.#timers[what] = window.setTimeout(() => this.#step({ type: "timer", what }), afterMs);
  }

  /** @param {{ticket: number, since: number, epoch: string}} cursor */
  async #ask({ ticket, since, epoch }) {
    const answer = await this.#poll?.poll({ since, epoch });
    if (answer && !this.#closed) this.#step({ type: "polled", ticket, answer });
  }

  /** @param {[string, any, string][]} changes */
  async #post(changes) {
    if (!this.target) return;
    await this.#writing;
    const answer = await exchange("POST", writePath("SAVE", this.target), changes);
    if (!this.#closed) this.#step({ type: "posted", answer });
    else await this.#settleAfterClose(answer);
  }

  /** The answer came when the board was already left: what is stored need not be sent again. @param {any} answer */
  async #settleAfterClose({ status, body }) {
    if (status !== 200 || body?.code !== 0) return;
    await this.#write(this.#journal.acknowledge(body.changes, this.#sync?.epoch ?? "", Infinity));
  }

  /** Streams the document in (N3); what waits in the journal is laid over it afterwards. */
  async #load() {
    if (!this.target) return;
    this.#loads += 1;
    const turn = this.#loads;
    const deadline = new AbortController();
    const timer = window.setTimeout(() => deadline.abort(), LOAD_TIMEOUT_MS);
    /** @type {import("../core/sync.js").WireAnswer} */
    let answer = { status: 0 };
    try {
      const response = await fetch(documentPath(this.target), { signal: deadline.signal, cache: "no-store" });
      if (response.ok && response.body) {
        const chunks = chunksOf(response.body, (start) => this.#readHead(response.headers, start));
        const { loadDocument } = await import("../core/document_reader.js");
        const head = await loadDocument(this.notebook, chunks, { now: () => performance.now(), pause });
        if (this.#closed || turn !== this.#loads) return;
        this.#step({ type: "loaded", seq: head.seq, epoch: head.epoch });
        this.#showPending();
        this.world.onLoaded();
        return;
      }
      const body = await response.json().catch(() => undefined);
      answer = { status: response.status, body, retryAfterMs: retryAfter(response.headers) };
    } catch {
      answer = { status: 0 };
    } finally {
      window.clearTimeout(timer);
    }
    if (this.#closed || turn !== this.#loads) return;
    this.#showPending();
    this.#step({ type: "load-failed", answer });
    if (this.phase === "gone") this.#reportGone(answer);
  }

  /** @param {Headers} headers @param {string} start of the document: its root and title */
  #readHead(headers, start) {
    const title = /<title>([^<]*)<\/title>/.exec(start)?.[1] ?? "";
    this.world.onHead({
      role: headers.get("X-Notebook-Role") ?? "",
      title: plainText(title),
      description: "",
    });
  }

  /** @param {import("../core/sync.js").WireAnswer} answer */
  #reportGone(answer) {
    if (this.#goneReported) return;
    this.#goneReported = true;
    this.world.onGone(answer.body?.reason ?? "not_found", String(answer.body?.data ?? ""));
  }

  /** @param {import("../core/journal.js").Writes} writes */
  #write(writes) {
    const { store, owner, page } = this.world;
    const done = this.#writing.then(() => store.write(owner, this.board, page, writes));
    // A full or broken disk must not stop the sending: the change is still in memory and on its way.
    this.#writing = done.catch((error) => console.warn("the journal could not be written", error));
    return this.#writing;
  }

  #tell() {
    if (this.#closed) return;
    const { waiting, refused } = this.#journal;
    const saved = this.#sync?.saved ?? (this.target && waiting ? "sending" : "yes");
    this.world.onState({ saved, waiting, refused, phase: this.phase });
    if (this.phase === "gone") this.#reportGone({ status: 404 });
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

/**
 * @param {ReadableStream<Uint8Array>} stream
 * @param {(start: string) => void} onStart hears the first piece
 * @returns {AsyncGenerator<string>}
 */
async function* chunksOf(stream, onStart) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  for (let first = true; ; first = false) {
    const { done, value } = await reader.read();
    if (done) break;
    const text = decoder.decode(value, { stream: true });
    if (first) onStart(text);
    yield text;
  }
  yield decoder.decode();
}

/** @param {string} text XML character data without markup */
function plainText(text) {
  const characters = /** @type {Record<string, string>} */ ({
    lt: "<",
    gt: ">",
    quot: '"',
    "#39": "'",
    apos: "'",
    amp: "&",
  });
  return text.replace(/&(lt|gt|quot|apos|#39|amp);/g, (_, name) => characters[name]);
}

/** Lets the page work and paint. @returns {Promise<void>} */
function pause() {
  return new Promise((resolve) => window.setTimeout(resolve, 0));
}
