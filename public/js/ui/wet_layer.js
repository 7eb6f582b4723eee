/**
 * Ink that is being written: pen and highlighter, and the one canvas they write on.
 *
 * Owns one stroke from pen-down to pen-up: the split at 3,000 points (one undo entry for both parts), live points for
 * the other readers, the one `a` change at the end. Each frame clears and draws again only the tail, so a frame costs
 * the same at 100 and at 3,000 points (INK.md). The canvas is never `desynchronized`: its last frame and the dry
 * path's first must change places together.
 */
import { formatStroke, WetStroke } from "../core/outline.js";
import { markerColour, widthOf } from "../core/pen_sizes.js";
import { encodePoints } from "../core/points.js";

/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./pointer_input.js").Sample} Sample */
/** @typedef {import("./pointer_input.js").Contact} Contact */
/** @typedef {import("./surface.js").Surface} Surface */

/** Points after which a stroke goes on as a new one. */
export const SPLIT_AT = 3000;
/** Points leave for the other readers at most this often, ms. */
const LIVE_MS = 80;
/** The fine pen is this much thinner. */
const FINE = 0.55;

export class WetLayer {
  /**
   * @param {Viewport} viewport
   * @param {(colour: string) => string} shown how the theme shows a stored colour
   */
  constructor(viewport, shown) {
    this.viewport = viewport;
    this.shown = shown;
    this.node = document.createElement("canvas");
    this.node.className = "board-wet";
    this.node.hidden = true;
    this.frozen = document.createElement("canvas");
    this.pen = context(this.node);
    this.ice = context(this.frozen);
    this.hasIce = false;
    /** @type {Dirty} device pixels drawn by the last frame's tail */
    this.dirty = nothing();
    this.ratio = 1;
  }

  /** The board has another size or the sheet another place. */
  resize() {
    const { width, height, pixelRatio } = this.viewport;
    this.ratio = pixelRatio;
    for (const canvas of [this.node, this.frozen]) {
      canvas.width = Math.round(width * pixelRatio);
      canvas.height = Math.round(height * pixelRatio);
    }
    this.dirty = nothing();
    this.hasIce = false;
  }

  /**
   * Draw the stroke as it is now.
   *
   * @param {WetStroke} stroke
   * @param {ArrayLike<number>} [predicted] flat points, drawn for this frame only
   */
  draw(stroke, predicted) {
    if (this.node.hidden) this.node.hidden = false;
    const colour = this.shown(stroke.fill);
    this.pen.fillStyle = colour;
    this.ice.fillStyle = colour;
    const fresh = nothing();
    for (let chunk = stroke.freeze(); chunk; chunk = stroke.freeze()) {
      include(fresh, this.trace(this.ice, chunk));
      this.hasIce = true;
    }
    include(this.dirty, fresh);
    this.restore(this.dirty);
    this.dirty = this.trace(this.pen, stroke.tail(predicted));
  }

  /** Take all wet ink away. */
  clear() {
    if (this.node.hidden) return;
    this.pen.clearRect(0, 0, this.node.width, this.node.height);
    if (this.hasIce) this.ice.clearRect(0, 0, this.frozen.width, this.frozen.height);
    this.hasIce = false;
    this.dirty = nothing();
    this.node.hidden = true;
  }

  /**
   * Fill an outline.
   *
   * @param {CanvasRenderingContext2D} target
   * @param {number[][]} outline sheet units
   * @returns {Dirty} device pixels it may have touched
   */
  trace(target, outline) {
    const { scale, offsetX, offsetY } = this.viewport;
    const zoom = scale * this.ratio;
    const left = offsetX * this.ratio;
    const top = offsetY * this.ratio;
    const box = nothing();
    const n = outline.length;
    if (n === 0) return box;
    let ax = Math.floor(outline[0][0] + 0.5);
    let ay = Math.floor(outline[0][1] + 0.5);
    target.beginPath();
    for (let i = 0; i <= n; i++) {
      const next = outline[(i + 1) % n];
      const bx = Math.floor(next[0] + 0.5);
      const by = Math.floor(next[1] + 0.5);
      // Whole midpoints, as in the path that will be stored: wet and dry ink are the same shape.
      const x = ((ax + bx) >> 1) * zoom + left;
      const y = ((ay + by) >> 1) * zoom + top;
      const controlX = ax * zoom + left;
      const controlY = ay * zoom + top;
      cover(box, controlX, controlY);
      if (i === 0) target.moveTo(x, y);
      else target.quadraticCurveTo(controlX, controlY, x, y);
      ax = bx;
      ay = by;
    }
    target.fill();
    return { x0: box.x0 - 2, y0: box.y0 - 2, x1: box.x1 + 2, y1: box.y1 + 2 };
  }

  /**
   * Clear an area down to the frozen part of the stroke.
   *
   * @param {Dirty} area
   */
  restore(area) {
    const x = Math.max(0, Math.floor(area.x0));
    const y = Math.max(0, Math.floor(area.y0));
    const width = Math.min(this.node.width, Math.ceil(area.x1)) - x;
    const height = Math.min(this.node.height, Math.ceil(area.y1)) - y;
    if (!(width > 0 && height > 0)) return;
    this.pen.clearRect(x, y, width, height);
    if (this.hasIce) this.pen.drawImage(this.frozen, x, y, width, height, x, y, width, height);
  }
}

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
  take({ x, y, p, tilt }) {
    const stroke = /** @type {WetStroke} */ (this.stroke);
    stroke.add(x, y, p, tilt);
    if (stroke.length < SPLIT_AT) return;
    this.store(stroke);
    this.surface.wet.clear();
    this.start();
    this.stroke?.add(x, y, p, tilt);
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
  store(stroke) {
    this.surface.change("a", formatStroke(stroke));
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

/** @typedef {{x0: number, y0: number, x1: number, y1: number}} Dirty */

/** @returns {Dirty} */
function nothing() {
  return { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
}

/**
 * @param {Dirty} box
 * @param {number} x
 * @param {number} y
 */
function cover(box, x, y) {
  if (x < box.x0) box.x0 = x;
  if (x > box.x1) box.x1 = x;
  if (y < box.y0) box.y0 = y;
  if (y > box.y1) box.y1 = y;
}

/**
 * @param {Dirty} box
 * @param {Dirty} other
 */
function include(box, other) {
  box.x0 = Math.min(box.x0, other.x0);
  box.y0 = Math.min(box.y0, other.y0);
  box.x1 = Math.max(box.x1, other.x1);
  box.y1 = Math.max(box.y1, other.y1);
}

/** @param {HTMLCanvasElement} canvas */
function context(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}
