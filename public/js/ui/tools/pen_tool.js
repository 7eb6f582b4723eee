/**
 * Pen and highlighter: pointer samples become a stroke.
 *
 * Owns one stroke from pen-down to pen-up: wet ink each frame, the split at 3,000 points (one undo entry for both
 * parts), live points for the other readers, and the one `a` change at the end. Nothing of it is the document's
 * before pen-up.
 */
import { formatStroke } from "../../core/fragment.js";
import { markerColour, widthOf } from "../../core/pen_sizes.js";
import { encodePoints } from "../../core/points.js";
import { WetStroke } from "../../core/wet_stroke.js";

/** @typedef {import("../pointer_input.js").Sample} Sample */
/** @typedef {import("../pointer_input.js").Contact} Contact */
/** @typedef {import("../board.js").Surface} Surface */

/** Points after which a stroke goes on as a new one. */
export const SPLIT_AT = 3000;
/** Points leave for the other readers at most this often, ms. */
const LIVE_MS = 80;
/** The fine pen is this much thinner. */
const FINE = 0.55;

export class PenTool {
  /**
   * @param {Surface} surface
   * @param {"pen" | "fine" | "constant" | "highlighter"} name
   */
  constructor(surface, name) {
    this.surface = surface;
    this.name = name;
    /** @type {WetStroke | null} */
    this.stroke = null;
    this.word = "pen";
    /** @type {number[]} */
    this.predicted = [];
    this.liveMs = -Infinity;
    this.liveSent = 0;
    this.liveKey = 0;
  }

  /** @param {Sample} sample @param {Contact} contact */
  begin(sample, contact) {
    this.word = this.wordFor(contact);
    this.start();
    this.take(sample);
    this.surface.requestFrame();
  }

  /** @param {Contact} contact @returns {string} `data-t` */
  wordFor(contact) {
    if (this.name === "highlighter") return "marker";
    if (this.name === "constant" || this.surface.settings.constantWidth) return "constant";
    return contact.kind === "pen" ? "pen" : "mouse";
  }

  start() {
    const { colour, size } = this.surface.settings;
    const marker = this.word === "marker";
    const width = Math.max(4, Math.round(widthOf(size, this.word) * (this.name === "fine" ? FINE : 1)));
    this.stroke = new WetStroke(width, this.word, marker ? markerColour(colour) : colour);
    this.predicted = [];
    this.liveSent = 0;
    this.liveKey += 1;
  }

  /** @param {Sample[]} samples @param {Sample[]} predicted */
  extend(samples, predicted) {
    if (!this.stroke) return;
    for (const sample of samples) this.take(sample);
    const pressure = this.stroke.points[this.stroke.points.length - 1];
    this.predicted = predicted.flatMap(({ x, y }) => [x, y, pressure]);
    this.sendLive(samples.at(-1)?.atMs ?? 0);
    this.surface.requestFrame();
  }

  /** @param {Sample} sample */
  take({ x, y, p }) {
    const stroke = /** @type {WetStroke} */ (this.stroke);
    stroke.add(x, y, p);
    if (stroke.length < SPLIT_AT) return;
    this.store(stroke);
    this.surface.wet.clear();
    this.start();
    this.stroke?.add(x, y, p);
  }

  frame() {
    if (!this.stroke) return;
    this.surface.wet.draw(this.stroke, this.predicted);
    if (this.predicted.length === 0) return;
    // A prediction is for one frame: where the pen rests, the next frame shows the ink as it is.
    this.predicted = [];
    this.surface.requestFrame();
  }

  finish() {
    const stroke = this.stroke;
    if (!stroke) return;
    this.stroke = null;
    this.store(stroke);
    this.surface.wet.clear();
    this.surface.commit();
  }

  discard() {
    this.stroke = null;
    this.surface.wet.clear();
    this.surface.sendLive({ key: this.liveKey, end: true });
    this.surface.commit();
  }

  /** @param {WetStroke} stroke */
  store({ points, width, tool, fill }) {
    this.surface.change("a", formatStroke({ points, width, tool, fill }));
  }

  /** @param {number} atMs */
  sendLive(atMs) {
    const stroke = this.stroke;
    if (!stroke || atMs - this.liveMs < LIVE_MS) return;
    this.liveMs = atMs;
    const from = this.liveSent;
    this.liveSent = stroke.length;
    const { width, tool, fill } = stroke;
    const points = encodePoints(stroke.points.slice(from * 3));
    this.surface.sendLive({ key: this.liveKey, width, tool, fill, from }, points);
  }
}
