/**
 * Live ink and presence (P6): what one draws and points at goes to `/LIVE`, what others do comes with the
 * polls. Owns the pace and the shape of the posts; drawing them is the board's, who is here the page's.
 */

import { exchange, writePath } from "./api.js";

/** Cursors leave at most this often, ms; strokes are paced by the pen. */
const CURSOR_MS = 120;
/** In a hidden page, and beside no one as far as is known, at most this often. */
const QUIET_MS = 1000;
/** More posts than this are not kept waiting for the network. */
const MOST_WAITING = 20;

export class LiveSender {
  #busy = false;
  #lastMs = -Infinity;
  /** @type {object[]} */ #waiting = [];
  #timer = 0;
  /** @type {number[]|null} */ #cursor = null;

  /**
   * @param {import("./api.js").Target} target
   * @param {string} client
   * @param {() => boolean} alone whether nobody else is here
   */
  constructor(target, client, alone) {
    this.path = writePath("LIVE", target);
    this.client = client;
    this.alone = alone;
    // Presence alone ends no poll (P6): without a first word two quiet pages would take each other for absent.
    this.#timer = window.setTimeout(() => this.#announce(), Math.random() * QUIET_MS);
  }

  /** @param {{cursor?: number[], stroke?: object, points?: string}} info as the board says it */
  send({ cursor, ...ink }) {
    if (ink.stroke && !this.alone() && this.#waiting.length < MOST_WAITING) {
      this.#waiting.push(ink);
      this.#next();
    }
    if (!cursor) return;
    this.#cursor = cursor;
    if (this.#timer === 0) {
      const pace = this.alone() || document.hidden ? QUIET_MS : CURSOR_MS;
      this.#timer = window.setTimeout(
        () => this.#sendCursor(),
        Math.max(0, this.#lastMs + pace - performance.now()),
      );
    }
  }

  close() {
    window.clearTimeout(this.#timer);
    this.#waiting = [];
  }

  #announce() {
    if (this.#cursor) return this.#sendCursor();
    this.#timer = 0;
    this.#waiting.push({});
    this.#next();
  }

  #sendCursor() {
    this.#timer = 0;
    this.#lastMs = performance.now();
    if (!this.#cursor) return;
    this.#waiting.push({ cursor: this.#cursor });
    this.#cursor = null;
    this.#next();
  }

  async #next() {
    if (this.#busy) return;
    this.#busy = true;
    for (let post = this.#waiting.shift(); post; post = this.#waiting.shift()) {
      await exchange("POST", this.path, { client: this.client, ...post }, { timeoutMs: 3000 });
    }
    this.#busy = false;
  }
}
