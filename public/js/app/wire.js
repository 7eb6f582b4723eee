/**
 * An open notebook's way to the server: drives core/sync.js (loads, polls, posts, waits) for a NotebookSession.
 * Keeps a copy of what was loaded for the days without a network, and makes sure that what was drawn under an
 * account is never sent as a guest's. Implements P1 to P4 and C2/C3 on the page's side.
 */

import { loadDocument } from "../core/document_reader.js";
import { Sync } from "../core/sync.js";
import { documentPath, exchange, retryAfter, savePath } from "../net/api.js";
import { takeDocument } from "../net/document_start.js";
import { KeptDocuments } from "../net/kept_documents.js";
import { SharedPoll } from "../net/shared_poll.js";

/** @typedef {import("../core/sync.js").SyncAction} SyncAction */
/** @typedef {import("../core/sync.js").SyncEvent} SyncEvent */
/** @typedef {import("../core/sync.js").WireAnswer} WireAnswer */
/** @typedef {import("./notebook_session.js").NotebookSession} NotebookSession */

/** How long the first byte of a document may take. */
const LOAD_TIMEOUT_MS = 60_000;
/** A copy for days without a network is made once the notebook has been quiet for this long. */
const KEEP_AFTER_MS = 3000;

export class Wire {
  #sync;
  #poll;
  /** @type {Partial<Record<"load"|"poll"|"post", number>>} */ #timers = {};
  #keepTimer = 0;
  #copies = KeptDocuments.open(window.indexedDB);
  #loads = 0;
  /** The session is known to be alive: it was asked for since the server was last out of reach. */
  #sure = true;

  /**
   * @param {NotebookSession} session
   * @param {import("../net/api.js").Target} target
   */
  constructor(session, target) {
    this.session = session;
    this.target = target;
    this.#sync = new Sync(session.journal, Math.random);
    const { owner, client, onLive } = session.world;
    this.#poll = new SharedPoll(target, `${owner}|${session.board}`, client, onLive);
    this.wake = () => this.step({ type: "wake" });
    this.woken = () => {
      if (document.visibilityState !== "visible") return;
      this.#sure = false;
      this.wake();
    };
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.woken);
  }

  get phase() {
    return this.#sync.phase;
  }

  get saved() {
    return this.#sync.saved;
  }

  get trouble() {
    return this.#sync.trouble;
  }

  /** @param {SyncEvent} event */
  step(event) {
    for (const action of this.#sync.step(event)) this.#do(action);
    this.session.tell();
  }

  close() {
    this.step({ type: "stop" });
    this.#poll.close();
    for (const timer of Object.values(this.#timers)) window.clearTimeout(timer);
    window.clearTimeout(this.#keepTimer);
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.woken);
    this.#copies.then((copies) => copies.close());
  }

  /** @param {SyncAction} action */
  #do(action) {
    const { session } = this;
    switch (action.do) {
      case "load":
        this.#poll.cancel();
        this.#load();
        break;
      case "poll":
        this.#ask(action);
        break;
      case "post":
        this.#post(action.changes, action.epoch);
        break;
      case "timer":
        this.#rest(action.what, action.afterMs);
        break;
      case "apply":
        session.notebook.applyAnswer(action.answer);
        session.world.onApplied(action.answer);
        if (action.answer.data.length) this.#keepSoon();
        break;
      case "store":
        session.write(action.writes);
        break;
      case "drop":
        session.notebook.dropPending(action.op);
        session.world.onDropped(action.op);
        break;
      case "answered":
        for (const change of action.answer.changes) session.notebook.confirm(change.op, change);
        break;
    }
  }

  /** @param {"load"|"poll"|"post"} what @param {number} afterMs */
  #rest(what, afterMs) {
    this.#sure = false;
    window.clearTimeout(this.#timers[what]);
    this.#timers[what] = window.setTimeout(() => this.step({ type: "timer", what }), afterMs);
  }

  /** @param {{ticket: number, since: number, epoch: string}} cursor */
  async #ask({ ticket, since, epoch }) {
    const answer = await this.#poll.poll({ since, epoch });
    if (answer && !this.session.closed) this.step({ type: "polled", ticket, answer });
  }

  /** @param {[string, any, string][]} changes @param {string} epoch under which they were chosen */
  async #post(changes, epoch) {
    const { session } = this;
    await session.written();
    const refusal = await this.#sessionEnded();
    const answer = refusal ?? (await exchange("POST", savePath(this.target, epoch), changes));
    if (!session.closed) this.step({ type: "posted", answer });
    else await this.#settleAfterClose(answer);
  }

  /**
   * On a share link a post without a session is a guest's: after a time out of reach the account is asked for
   * first, so that ink drawn under it waits for log-in instead of going out under another name.
   *
   * @returns {Promise<WireAnswer|null>} what to take for the post's answer; null when it may go
   */
  async #sessionEnded() {
    const { owner } = this.session.world;
    if (this.#sure || this.target.kind === "own" || !owner.startsWith("u")) return null;
    const answer = await exchange("GET", "/LOGIN");
    if (answer.status === 200 && `u${answer.body?.data?.id}` !== owner) return { status: 401 };
    if (answer.status !== 200) return answer;
    this.#sure = true;
    return null;
  }

  /** The answer came when the board was already left: what is stored need not be sent again. @param {any} answer */
  async #settleAfterClose({ status, body }) {
    if (status !== 200 || body?.code !== 0) return;
    const { session } = this;
    await session.write(session.journal.acknowledge(body.changes, this.#sync.epoch, Infinity));
  }

  /** Streams the document in (N3); what waits in the journal is laid over it afterwards. */
  async #load() {
    const { session } = this;
    this.#loads += 1;
    const turn = this.#loads;
    const late = () => session.closed || turn !== this.#loads;
    const deadline = new AbortController();
    const timer = window.setTimeout(() => deadline.abort(), LOAD_TIMEOUT_MS);
    /** @type {WireAnswer} */
    let answer = { status: 0 };
    try {
      const response = await takeDocument(documentPath(this.target), deadline.signal);
      if (response.ok && response.body) {
        const chunks = chunksOf(response.body, (start) => this.#readHead(response.headers, start));
        const head = await loadDocument(session.notebook, chunks, clock);
        if (late()) return;
        this.step({ type: "loaded", seq: head.seq, epoch: head.epoch });
        session.showPending();
        session.world.onLoaded();
        this.#keepSoon();
        return;
      }
      const body = await response.json().catch(() => undefined);
      answer = { status: response.status, body, retryAfterMs: retryAfter(response.headers) };
    } catch {
      answer = { status: 0 };
    } finally {
      window.clearTimeout(timer);
    }
    if (late()) return;
    if (answer.status === 0 && session.notebook.epoch === "") await this.#showKept();
    if (late()) return;
    session.showPending();
    this.step({ type: "load-failed", answer });
    if (this.phase === "gone") {
      await (await this.#copies).erase(session.world.owner, session.board);
      session.reportGone(answer.body?.reason ?? "not_found", String(answer.body?.data ?? ""));
    }
  }

  /** Without a network: what this browser kept of the notebook. The server's own comes when it can be reached. */
  async #showKept() {
    const { world, board, notebook } = this.session;
    const kept = await (await this.#copies).read(world.owner, board);
    if (!kept || this.session.closed) return;
    const { paper, margin } = kept.paper;
    const root = `<svg data-seq="${kept.seq}" data-epoch="${kept.epoch}" data-paper="${paper}" data-margin="${margin}">`;
    await loadDocument(notebook, pieces([root, ...kept.strokes, "</svg>"]), clock);
    world.onHead(kept.head);
    world.onLoaded();
  }

  #keepSoon() {
    window.clearTimeout(this.#keepTimer);
    this.#keepTimer = window.setTimeout(() => this.#keep(), KEEP_AFTER_MS);
  }

  async #keep() {
    const { world, board, notebook } = this.session;
    const { seq, epoch, paper } = notebook;
    // What waits is in the journal and would be laid over the copy a second time.
    if (epoch === "" || notebook.pending.size > 0) return;
    const strokes = notebook.visible().map((stroke) => stroke.text);
    const copy = { seq, epoch, paper, strokes, head: this.head };
    await (await this.#copies).keep(world.owner, board, copy, Date.now()).catch(() => undefined);
  }

  head = { role: "", title: "", description: "" };

  /** @param {Headers} headers @param {string} start of the document: its root and title */
  #readHead(headers, start) {
    const title = /<title>([^<]*)<\/title>/.exec(start)?.[1] ?? "";
    this.head = { role: headers.get("X-Notebook-Role") ?? "", title: plainText(title), description: "" };
    this.session.world.onHead(this.head);
  }
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

/** @param {string[]} texts @returns {AsyncGenerator<string>} */
async function* pieces(texts) {
  for (let at = 0; at < texts.length; at += 500) yield texts.slice(at, at + 500).join("");
}

const clock = { now: () => performance.now(), pause };

/** Lets the page work and paint; a timer would rest for 4 ms more each time. @returns {Promise<void>} */
function pause() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
