/**
 * What both erasers do alike: the tip swept over the sheet from sample to sample.
 *
 * Owns the way of one gesture: which strokes come near the tip (by the grid index, never by hit-testing the page),
 * that a gesture sends one change per 100 ms and is one undo entry. What a touched stroke loses, and how that is
 * shown before the document knows of it, belongs to the erasers.
 */

/** @typedef {import("../pointer_input.js").Sample} Sample */
/** @typedef {import("../../core/stroke.js").Stroke} Stroke */
/** @typedef {import("../surface.js").Surface} Surface */

/** Changes of a gesture leave at most this often, ms. */
const BATCH_MS = 100;

export class SweepTool {
  /** @param {Surface} surface */
  constructor(surface) {
    this.surface = surface;
    /** @type {Sample | null} */
    this.last = null;
    this.sentMs = 0;
  }

  /**
   * A stroke is near the tip's way.
   *
   * @param {Stroke} _stroke
   * @param {Sample} _from
   * @param {Sample} _to
   * @param {number} _radius
   */
  touch(_stroke, _from, _to, _radius) {}

  /** Make the change of what was touched since the last one, if anything was. */
  send() {}

  /** Show again what was taken away and not sent. */
  restore() {}

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

  /** @param {Sample} sample where the tip is now */
  sweep(sample) {
    const from = this.last ?? sample;
    const radius = this.surface.eraserRadius();
    const box = {
      x0: Math.min(from.x, sample.x) - radius,
      y0: Math.min(from.y, sample.y) - radius,
      x1: Math.max(from.x, sample.x) + radius,
      y1: Math.max(from.y, sample.y) + radius,
    };
    for (const stroke of this.surface.document.index.query(box)) {
      if (this.surface.mayAlter(stroke)) this.touch(stroke, from, sample, radius);
    }
    this.last = sample;
  }

  frame() {}

  finish() {
    this.send();
    this.end();
  }

  discard() {
    this.restore();
    this.end();
  }

  end() {
    this.last = null;
    this.surface.commit();
  }
}
