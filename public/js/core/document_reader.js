/**
 * Reading a notebook's SVG while it is still coming.
 *
 * Owns the split of the streamed document (N3, N6) into its root attributes and stroke fragments, whatever the
 * borders of the chunks, and the loading in slices so that the page stays alive. It only cuts the text;
 * `fragment.js` checks each stroke when it is drawn. Clock and pause are passed in.
 */

import * as serverInk from "./server_ink.js";

/** @typedef {{seq: number, epoch: string, paper: {paper: string, margin: string}}} DocumentHead */

/** Longest piece of work before the page gets its turn, ms. */
export const SLICE_MS = 4;

/** A document that is not a notebook of ours. */
export class DocumentError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "DocumentError";
  }
}

export class DocumentReader {
  constructor() {
    this.rest = "";
    /** @type {DocumentHead | null} */
    this.head = null;
    this.ended = false;
  }

  /**
   * Take the next piece of the document.
   *
   * @param {string} chunk
   * @returns {string[]} the fragments that are complete now
   */
  feed(chunk) {
    this.rest += chunk;
    if (!this.head && !this.readHead()) return [];
    /** @type {string[]} */
    const fragments = [];
    let at = 0;
    for (;;) {
      const start = this.rest.indexOf("<g ", at);
      if (start < 0) break;
      const close = this.rest.indexOf(">", start);
      if (close < 0) break;
      const empty = this.rest[close - 1] === "/";
      const end = empty ? close + 1 : this.rest.indexOf("</g>", close) + 4;
      if (!empty && end < 4) break;
      fragments.push(this.rest.slice(start, end));
      at = end;
    }
    if (this.rest.indexOf("</svg>", at) >= 0) this.ended = true;
    this.rest = this.rest.slice(at);
    return fragments;
  }

  /** @throws {DocumentError} when the document stopped before its end */
  finish() {
    if (!this.head || !this.ended) throw new DocumentError("the notebook's document is cut off");
  }

  /** @returns {boolean} whether the root element is complete */
  readHead() {
    const start = this.rest.indexOf("<svg");
    const end = start < 0 ? -1 : this.rest.indexOf(">", start);
    if (end < 0) return false;
    const root = this.rest.slice(start, end);
    const value = (/** @type {string} */ name) => new RegExp(` data-${name}="([^"<&]*)"`).exec(root)?.[1];
    const seq = value("seq");
    const epoch = value("epoch");
    if (!seq || !/^\d{1,15}$/.test(seq)) throw new DocumentError("the notebook's document has no data-seq");
    const paper = { paper: value("paper") ?? "plain", margin: value("margin") ?? "none" };
    this.head = { seq: Number(seq), epoch: epoch ?? "", paper };
    if (this.rest[end - 1] === "/") this.ended = true;
    this.rest = this.rest.slice(end + 1);
    return true;
  }
}

/**
 * Load a document as it streams in.
 *
 * @param {import("./document.js").NotebookDocument} notebook
 * @param {AsyncIterable<string>} chunks decoded text
 * @param {{now: () => number, pause: () => Promise<void>}} world clock in ms; pause lets the page work and paint
 * @returns {Promise<DocumentHead>}
 * @throws {DocumentError} when it is not a notebook or is cut off
 */
export async function loadDocument(notebook, chunks, { now, pause }) {
  notebook.equip(serverInk);
  const reader = new DocumentReader();
  let begun = false;
  for await (const chunk of chunks) {
    const fragments = reader.feed(chunk);
    if (reader.head && !begun) {
      begun = true;
      notebook.begin(reader.head);
    }
    for (let at = 0; at < fragments.length; ) {
      const until = now() + SLICE_MS;
      do {
        notebook.addLoaded(fragments.slice(at, at + 32));
        at += 32;
      } while (at < fragments.length && now() < until);
      if (at < fragments.length) await pause();
    }
  }
  reader.finish();
  return /** @type {DocumentHead} */ (reader.head);
}
