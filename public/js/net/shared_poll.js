/**
 * One long poll per browser and notebook, however many tabs show it: the tab that holds the Web Lock asks
 * the server, the others hear its answers over a BroadcastChannel (P1, P6). A tab that finds a gap, or hears
 * nothing for too long, asks for itself. Without locks or channels every tab polls, which is only less thrifty.
 */

import { exchange, pollPath } from "./api.js";

/** Longest the server holds a poll is 27.5 s (P1); after this an answer is taken as lost. */
const POLL_TIMEOUT_MS = 40_000;

/** @typedef {import("../core/sync.js").WireAnswer} WireAnswer */
/** @typedef {{since: number, epoch: string}} Cursor */

export class SharedPoll {
  /** @type {AbortController|null} */ #request = null;
  /** @type {{cursor: Cursor, resolve: (answer: WireAnswer) => void, timer: number}|null} */ #waiting = null;
  /** @type {BroadcastChannel|null} */ #channel = null;
  #leads = false;
  #heardTo = 0;
  #live = 0;
  #closing = new AbortController();

  /**
   * @param {import("./api.js").Target} target
   * @param {string} name of lock and channel: notebook and identity
   * @param {string} client this browser's id in presence (P6)
   * @param {(body: any) => void} onLive hears every answer that carries `live` or `here`
   */
  constructor(target, name, client, onLive) {
    this.target = target;
    this.client = client;
    this.onLive = onLive;
    if (typeof BroadcastChannel === "undefined" || !navigator.locks) {
      this.#leads = true;
      return;
    }
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event) => this.#heard(event.data);
    navigator.locks
      .request(name, { signal: this.#closing.signal }, () => this.#lead())
      .catch(() => {
        /* closed before it was our turn */
      });
  }

  /**
   * @param {Cursor} cursor
   * @returns {Promise<WireAnswer>}
   */
  poll(cursor) {
    this.cancel();
    if (this.#leads || this.#heardTo > cursor.since) return this.#ask(cursor);
    return new Promise((resolve) => {
      const timer = window.setTimeout(() => this.#resolve(this.#ask(cursor)), POLL_TIMEOUT_MS);
      this.#waiting = { cursor, resolve, timer };
    });
  }

  /** Gives up the poll under way; its promise resolves with status 0 or never. */
  cancel() {
    this.#request?.abort();
    this.#request = null;
    if (this.#waiting) window.clearTimeout(this.#waiting.timer);
    this.#waiting = null;
  }

  close() {
    this.cancel();
    this.#closing.abort();
    this.#channel?.close();
    this.#channel = null;
    this.#leads = false;
  }

  /** Holds the lock until closed. */
  #lead() {
    if (this.#closing.signal.aborted) return Promise.resolve();
    this.#leads = true;
    if (this.#waiting) this.#resolve(this.#ask(this.#waiting.cursor));
    return new Promise((resolve) => {
      this.#closing.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
  }

  /** @param {Cursor} cursor @returns {Promise<WireAnswer>} */
  async #ask(cursor) {
    const controller = new AbortController();
    this.#request = controller;
    const path = pollPath(this.target, { ...cursor, client: this.client, live: this.#live });
    const options = { signal: controller.signal, timeoutMs: POLL_TIMEOUT_MS };
    const answer = await exchange("GET", path, undefined, options);
    if (controller.signal.aborted) return { status: 0 };
    this.#noteLive(answer);
    if (this.#leads && answer.status !== 0) this.#channel?.postMessage(answer);
    return answer;
  }

  /** @param {WireAnswer} answer of the tab that leads */
  #heard(answer) {
    this.#noteLive(answer);
    const body = answer.body;
    if (answer.status === 200 && body) this.#heardTo = Math.max(this.#heardTo, body.to);
    const waiting = this.#waiting;
    if (!waiting) return;
    if (answer.status === 200 && body) {
      const { since, epoch } = waiting.cursor;
      if (body.epoch === epoch && body.to <= since) return;
      if (body.epoch !== epoch || body.from > since || (body.from < since && body.strokes)) {
        this.#resolve(this.#ask(waiting.cursor));
        return;
      }
      const data = body.data.filter((/** @type {{seq: number}} */ change) => change.seq > since);
      this.#resolve({ ...answer, body: { ...body, from: since, data } });
    } else if ([401, 404, 409, 410].includes(answer.status)) this.#resolve(answer);
  }

  /** @param {WireAnswer|Promise<WireAnswer>} answer */
  #resolve(answer) {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (!waiting) return;
    window.clearTimeout(waiting.timer);
    waiting.resolve(/** @type {WireAnswer} */ (answer));
  }

  /** @param {WireAnswer} answer */
  #noteLive(answer) {
    if (answer.status !== 200 || !answer.body) return;
    if (typeof answer.body.live_to === "number") this.#live = answer.body.live_to;
    if (answer.body.live || answer.body.here) this.onLive(answer.body);
  }
}
