/**
 * The partial eraser: takes away what it touches of a stroke, and no more.
 *
 * Owns one sweep along strokes' captured points: intervals in sixteenths of a point (INK.md), shown in the next
 * frame and sent as one change per 100 ms; a gesture is one undo entry. A fixed outline has no points to cut along
 * and is left alone: the whole-stroke eraser takes it.
 */
import { parseCuts, pointDistance2, sweptIntervals, unionOf } from "../../core/cuts.js";
import { parseFragment, reshape } from "../../core/reshaping.js";
import { attributeOf } from "../../core/stroke.js";
import { BATCH_MS } from "./eraser_tool.js";

/** @typedef {import("../pointer_input.js").Sample} Sample */
/** @typedef {import("../../core/stroke.js").Stroke} Stroke */
/** @typedef {import("../../core/cuts.js").Interval} Interval */
/** @typedef {import("../board.js").Surface} Surface */

export class CutterTool {
  /** @param {Surface} surface */
  constructor(surface) {
    this.surface = surface;
    /** @type {Sample | null} */
    this.last = null;
    /** @type {Map<Stroke, Interval[]>} cuts that are not sent yet */
    this.cuts = new Map();
    /** @type {Set<Stroke>} strokes whose cuts grew since the last frame */
    this.grown = new Set();
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
      if (!this.surface.mayAlter(stroke)) continue;
      const hit = touchedParts(stroke, x, y, sample.x, sample.y, radius);
      const known = [...cutsOf(stroke), ...(this.cuts.get(stroke) ?? [])];
      if (isWithin(hit, unionOf(known))) continue;
      this.cuts.set(stroke, unionOf([...(this.cuts.get(stroke) ?? []), ...hit]));
      this.grown.add(stroke);
      this.surface.requestFrame();
    }
    this.last = sample;
  }

  frame() {
    for (const stroke of this.grown) this.surface.showPaths(stroke, this.preview(stroke));
    this.grown.clear();
  }

  /**
   * What the stroke will look like when the document has this cut: worked out by the same steps, since cutting a
   * moved stroke and moving a cut one differ in their rounding.
   *
   * @param {Stroke} stroke
   * @returns {string[]} path data
   */
  preview(stroke) {
    const { document } = this.surface;
    const effects = stroke.shapers((effect) => document.inForce(effect.op));
    const cuts = new Map([[stroke, this.cuts.get(stroke) ?? []]]);
    const text = reshape(stroke, [...effects, { op: "", seq: Infinity, kind: "cut", cuts }]);
    return parseFragment(text).paths.map(({ d }) => d);
  }

  finish() {
    this.send();
    this.last = null;
    this.surface.commit();
  }

  discard() {
    for (const stroke of this.cuts.keys()) this.surface.showPaths(stroke, null);
    this.cuts.clear();
    this.grown.clear();
    this.last = null;
    this.surface.commit();
  }

  send() {
    if (this.cuts.size === 0) return;
    const cuts = Object.fromEntries([...this.cuts].map(([stroke, union]) => [stroke.key, union]));
    this.cuts.clear();
    this.grown.clear();
    this.surface.change("e", { cuts });
  }
}

/**
 * @param {Stroke} stroke
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 * @param {number} radius
 * @returns {Interval[]}
 */
function touchedParts(stroke, ax, ay, bx, by, radius) {
  const points = stroke.points();
  if (!points) return [];
  const reach = radius + stroke.width() / 4;
  if (points.length > 3) return sweptIntervals(points, ax, ay, bx, by, reach);
  const isNear = pointDistance2(points[0], points[1], ax, ay, bx, by) <= reach * reach;
  return isNear ? [[0, 1]] : [];
}

/** @param {Stroke} stroke @returns {Interval[]} parts that are erased already */
function cutsOf({ text }) {
  return parseCuts(attributeOf(text, "data-cuts"));
}

/**
 * @param {Interval[]} intervals
 * @param {Interval[]} union sorted and joined
 */
function isWithin(intervals, union) {
  return intervals.every(([start, end]) => union.some((one) => one[0] <= start && end <= one[1]));
}
