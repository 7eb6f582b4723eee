/**
 * The whole-stroke eraser.
 *
 * Owns one sweep: the segment between two samples against the strokes' centre-lines in the grid index (never
 * hit-testing the page). What is hit vanishes at once; a gesture sends one `e` change per 100 ms and is one undo
 * entry.
 */
import { strokeIsHit } from "../../core/hit_tests.js";

/** @typedef {import("../pointer_input.js").Sample} Sample */
/** @typedef {import("../../core/stroke.js").Stroke} Stroke */
/** @typedef {import("../board.js").Surface} Surface */

/** Changes of a gesture leave at most this often, ms. */
export const BATCH_MS = 100;

export class EraserTool {
  /** @param {Surface} surface */
  constructor(surface) {
    this.surface = surface;
    /** @type {Sample | null} */
    this.last = null;
    /** @type {Set<Stroke>} */
    this.hit = new Set();
    this.sentMs = 0;
  }

  /** @param {Sample} sample */
  begin(sample) {
    this.last = sample;
    this.sentMs = sample.atMs;
    this.sweep(sample);
  }

  /** @param {Sample[]} samples */
  extend(samples) {
    if (!this.last) return;
    for (const sample of samples) this.sweep(sample);
    const atMs = samples.at(-1)?.atMs ?? 0;
    if (atMs - this.sentMs < BATCH_MS) return;
    this.sentMs = atMs;
    this.send();
  }

  /** @param {Sample} sample */
  sweep(sample) {
    const { x, y } = this.last ?? sample;
    const radius = this.surface.eraserRadius();
    const box = {
      x0: Math.min(x, sample.x) - radius,
      y0: Math.min(y, sample.y) - radius,
      x1: Math.max(x, sample.x) + radius,
      y1: Math.max(y, sample.y) + radius,
    };
    for (const stroke of this.surface.document.index.query(box)) {
      if (this.hit.has(stroke) || !this.surface.mayAlter(stroke)) continue;
      if (strokeIsHit(stroke, x, y, sample.x, sample.y, radius)) {
        this.hit.add(stroke);
        this.surface.veil(stroke);
      }
    }
    this.last = sample;
  }

  frame() {}

  finish() {
    this.send();
    this.last = null;
    this.surface.commit();
  }

  discard() {
    for (const stroke of this.hit) this.surface.unveil(stroke);
    this.hit.clear();
    this.last = null;
    this.surface.commit();
  }

  send() {
    if (this.hit.size === 0) return;
    const hit = [...this.hit];
    this.hit.clear();
    // The strokes lose their ids' meaning for the veil only when the document has hidden them.
    this.surface.change("e", { ids: hit.map((stroke) => stroke.key) });
    for (const stroke of hit) this.surface.unveil(stroke);
  }
}
