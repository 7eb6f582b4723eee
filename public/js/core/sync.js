/**
 * One page's side of the wire for one notebook, as a pure state machine: events in, actions out.
 * Decides when to load, poll and post, when to back off, what to do with each status (P1-P4, C2, C3 and
 * INK.md "By status"). Whoever drives it (net/sync_driver.js, or a test) does the fetching, the timing and
 * the storing. Three small machines share one object: the loader, the poller and the sender.
 */

import { Journal } from "./journal.js";

/** Backoff in milliseconds: doubled from the first to the last, times 0.5 to 1.5. */
export const BACKOFF_FIRST_MS = 250;
export const BACKOFF_LAST_MS = 8000;
/** The longest `Retry-After` that is honoured. */
export const RETRY_AFTER_CAP_MS = 60_000;

/** Answers after which the same request is worth sending again; 0 stands for no answer at all. */
const RETRY = new Set([0, 408, 429, 500, 502, 503, 504, 507]);

/** @typedef {"off"|"loading"|"ready"|"resting"|"login"|"gone"} LoadPhase */
/** @typedef {""|"storage_down"|"disk_full"} Trouble */
/** @typedef {"idle"|"busy"|"resting"|"held"} WirePhase `held`: waits for login, a load, or for ever */

/**
 * @typedef {object} WireAnswer
 * @property {number} status 0 when none came
 * @property {any} [body] the JSON envelope
 * @property {number} [retryAfterMs]
 */

/**
 * @typedef {{type: "start"}|{type: "submitted"}|{type: "loaded", seq: number, epoch: string}
 *   |{type: "load-failed", answer: WireAnswer}|{type: "posted", answer: WireAnswer}
 *   |{type: "polled", ticket: number, answer: WireAnswer}|{type: "wake"}|{type: "timer", what: "load"|"poll"|"post"}
 *   |{type: "logged-in"}|{type: "stop"}} SyncEvent
 */

/**
 * @typedef {{do: "load"}|{do: "poll", ticket: number, since: number, epoch: string}
 *   |{do: "post", changes: [string, any, string][], epoch: string}|{do: "timer", what: "load"|"poll"|"post", afterMs: number}
 *   |{do: "apply", answer: any}|{do: "store", writes: import("./journal.js").Writes}
 *   |{do: "drop", op: string}|{do: "answered", answer: any}} SyncAction
 */

export class Sync {
  /** @type {LoadPhase} */ #load = "off";
  /** @type {WirePhase} */ #poll = "held";
  /** @type {WirePhase} */ #post = "held";
  #seq = 0;
  #epoch = "";
  /** @type {Record<"load"|"poll"|"post", number>} */ #failures = { load: 0, poll: 0, post: 0 };
  /** @type {Record<"load"|"poll"|"post", string>} the server's word for the last failure */
  #reasons = { load: "", poll: "", post: "" };
  /** @type {string|null} op that a 409 named before the last load */ #conflict = null;
  /** @type {[string, any, string][]} */ #inFlight = [];
  /** Epoch under which the post in flight was sent. */ #postedUnder = "";
  /** Polls are numbered: the answer to one from before a load says nothing about what was loaded. */ #ticket = 0;

  /**
   * @param {Journal} journal
   * @param {() => number} random 0 <= x < 1
   */
  constructor(journal, random) {
    this.journal = journal;
    this.random = random;
  }

  /** Number and epoch up to which the page holds the log. */
  get seq() {
    return this.#seq;
  }

  get epoch() {
    return this.#epoch;
  }

  /** @returns {"off"|"loading"|"ready"|"resting"|"login"|"gone"} */
  get phase() {
    return this.#load;
  }

  /** What the status line shows. @returns {"yes"|"sending"|"offline"} */
  get saved() {
    const unreachable = this.#failures.load > 0 || this.#failures.post > 0 || this.#failures.poll > 1;
    if (this.#load === "login" || this.#load === "gone") return this.journal.waiting ? "offline" : "yes";
    if (unreachable) return "offline";
    return this.journal.waiting ? "sending" : "yes";
  }

  /** What keeps the server from storing, where it is there and says so; "" otherwise. @returns {Trouble} */
  get trouble() {
    const kinds = /** @type {const} */ (["post", "load"]);
    const reason = kinds.filter((kind) => this.#failures[kind] > 0).map((kind) => this.#reasons[kind])[0];
    return reason === "storage_down" || reason === "disk_full" ? reason : "";
  }

  /**
   * @param {SyncEvent} event
   * @returns {SyncAction[]} to be done in this order
   */
  step(event) {
    switch (event.type) {
      case "start":
        return this.#startLoad();
      case "submitted":
        return this.#pump();
      case "loaded":
        return this.#loaded(event.seq, event.epoch);
      case "load-failed":
        return this.#loadFailed(event.answer);
      case "posted":
        return this.#posted(event.answer);
      case "polled":
        return event.ticket === this.#ticket ? this.#polled(event.answer) : [];
      case "wake":
        return this.#wake();
      case "timer":
        return this.#timer(event.what);
      case "logged-in":
        return this.#load === "login" ? this.#startLoad() : [];
      case "stop":
        this.#load = "off";
        this.#poll = "held";
        this.#post = "held";
        return [];
      default:
        return assertNever(event);
    }
  }

  /** @returns {SyncAction[]} */
  #startLoad() {
    this.#load = "loading";
    this.#poll = "held";
    this.#ticket += 1;
    if (this.#post !== "busy") this.#post = "held";
    return [{ do: "load" }];
  }

  /** @param {number} seq @param {string} epoch @returns {SyncAction[]} */
  #loaded(seq, epoch) {
    if (this.#load !== "loading") return [];
    this.#load = "ready";
    this.#failures = { load: 0, poll: 0, post: 0 };
    this.#seq = seq;
    this.#epoch = epoch;
    const writes = this.journal.loaded(seq, epoch);
    if (this.#post !== "busy") this.#post = "idle";
    /** @type {SyncAction[]} */
    const actions = [{ do: "store", writes }];
    return [...actions, ...this.#startPoll(), ...this.#pump()];
  }

  /** @param {WireAnswer} answer @returns {SyncAction[]} */
  #loadFailed(answer) {
    if (this.#load !== "loading") return [];
    if (answer.status === 401) return this.#needLogin();
    if (answer.status === 404 || answer.status === 403) return this.#gone(answer);
    this.#load = "resting";
    return [this.#rest("load", answer)];
  }

  /** @returns {SyncAction[]} */
  #startPoll() {
    if (this.#load !== "ready") return [];
    this.#poll = "busy";
    this.#ticket += 1;
    return [{ do: "poll", ticket: this.#ticket, since: this.#seq, epoch: this.#epoch }];
  }

  /** @param {WireAnswer} answer @returns {SyncAction[]} */
  #polled(answer) {
    if (this.#poll !== "busy") return [];
    this.#poll = "held";
    if (this.#load !== "ready") return [];
    const { status, body } = answer;
    if (status === 200 && body) return this.#received(body);
    if (status === 409 || status === 410) return this.#startLoad();
    if (status === 401) return this.#needLogin();
    if (status === 404 || status === 403) return this.#gone(answer);
    this.#poll = "resting";
    return [this.#rest("poll", answer)];
  }

  /** @param {any} body @returns {SyncAction[]} */
  #received(body) {
    this.#failures.poll = 0;
    const stale = body.epoch !== this.#epoch || body.from > this.#seq || body.reload;
    if (stale) return this.#startLoad();
    /** @type {SyncAction[]} */
    const actions = [{ do: "apply", answer: body }];
    if (body.to > this.#seq) {
      this.#seq = body.to;
      const writes = this.journal.seen(body.data.map((/** @type {{op: string}} */ change) => change.op));
      actions.push({ do: "store", writes });
    }
    return [...actions, ...this.#startPoll(), ...this.#pump()];
  }

  /** @returns {SyncAction[]} */
  #pump() {
    if (this.#load !== "ready" || this.#post !== "idle") return [];
    const changes = this.journal.nextBatch();
    if (changes.length === 0) return [];
    this.#post = "busy";
    this.#inFlight = changes;
    this.#postedUnder = this.#epoch;
    return [{ do: "post", changes, epoch: this.#epoch }];
  }

  /** @param {WireAnswer} answer @returns {SyncAction[]} */
  #posted(answer) {
    if (this.#post !== "busy") return [];
    const sent = this.#inFlight;
    this.#inFlight = [];
    this.#post = this.#load === "ready" ? "idle" : "held";
    const { status, body } = answer;
    if (status === 200 && body?.code === 0) return this.#stored(body);
    if (status === 401) return this.#needLogin();
    if (RETRY.has(status)) {
      if (this.#load !== "ready") return [];
      this.#post = "resting";
      return [this.#rest("post", answer)];
    }
    if (status === 409 && body?.reason === "other_epoch")
      return this.#load === "ready" ? this.#startLoad() : [];
    if (status === 410 || (status === 409 && this.#conflict !== (body?.op ?? sent[0]?.[2]))) {
      this.#conflict = status === 409 ? (body?.op ?? sent[0]?.[2] ?? null) : null;
      return this.#load === "ready" ? this.#startLoad() : [];
    }
    if (status === 404) return this.#gone(answer);
    return this.#refused(sent, answer);
  }

  /** @param {any} body @returns {SyncAction[]} */
  #stored(body) {
    this.#failures.post = 0;
    this.#conflict = null;
    // Numbers of another epoch say nothing about the document loaded since: those changes are sent again (C3).
    const known = this.#postedUnder === this.#epoch;
    const includes = this.#load === "gone" ? Infinity : this.#load === "ready" && known ? this.#seq : 0;
    /** @type {SyncAction[]} */
    const actions = [];
    if (known || this.#load === "gone") {
      actions.push({ do: "store", writes: this.journal.acknowledge(body.changes, this.#epoch, includes) });
      actions.push({ do: "answered", answer: body });
    }
    return [...actions, ...this.#pump()];
  }

  /**
   * A refusal that names its op sets that one aside; one that does not is narrowed down first.
   *
   * @param {[string, any, string][]} sent
   * @param {WireAnswer} answer
   * @returns {SyncAction[]}
   */
  #refused(sent, answer) {
    const named = sent.find((change) => change[2] === answer.body?.op) ?? sent[answer.body?.index ?? -1];
    if (!named && sent.length > 1) {
      this.journal.halveBatch();
      return this.#pump();
    }
    const op = (named ?? sent[0])[2];
    const writes = this.journal.refuse(op, answer.body?.reason ?? "unknown", String(answer.body?.data ?? ""));
    return [{ do: "store", writes }, { do: "drop", op }, ...this.#pump()];
  }

  /** @returns {SyncAction[]} */
  #needLogin() {
    this.#load = "login";
    this.#post = "held";
    return [];
  }

  /** The notebook or the share is no more: what was not stored stays, in the tray. @param {WireAnswer} answer */
  #gone(answer) {
    this.#load = "gone";
    this.#post = "held";
    const reason = answer.body?.reason ?? "not_found";
    /** @type {SyncAction[]} */
    const actions = [];
    for (const entry of this.journal.inState("waiting")) {
      const writes = this.journal.refuse(entry.op, reason, String(answer.body?.data ?? ""));
      actions.push({ do: "store", writes }, { do: "drop", op: entry.op });
    }
    return actions;
  }

  /** @returns {SyncAction[]} */
  #wake() {
    if (this.#load === "resting") return this.#startLoad();
    /** @type {SyncAction[]} */
    const actions = [];
    if (this.#poll === "resting") actions.push(...this.#startPoll());
    if (this.#post === "resting") {
      this.#post = "idle";
      actions.push(...this.#pump());
    }
    return actions;
  }

  /** @param {"load"|"poll"|"post"} what @returns {SyncAction[]} */
  #timer(what) {
    if (what === "load") return this.#load === "resting" ? this.#startLoad() : [];
    if (what === "poll") return this.#poll === "resting" ? this.#startPoll() : [];
    if (this.#post !== "resting") return [];
    this.#post = "idle";
    return this.#pump();
  }

  /** @param {"load"|"poll"|"post"} what @param {WireAnswer} answer @returns {SyncAction} */
  #rest(what, answer) {
    const doubled = BACKOFF_FIRST_MS * 2 ** Math.min(this.#failures[what], 16);
    this.#failures[what] += 1;
    this.#reasons[what] = answer.body?.reason ?? "";
    const jittered = Math.min(doubled, BACKOFF_LAST_MS) * (0.5 + this.random());
    const asked = Math.min(answer.retryAfterMs ?? 0, RETRY_AFTER_CAP_MS);
    return { do: "timer", what, afterMs: Math.round(Math.max(jittered, asked)) };
  }
}

/** @param {never} value @returns {never} */
function assertNever(value) {
  throw new Error(`unexpected event ${JSON.stringify(value)}`);
}
