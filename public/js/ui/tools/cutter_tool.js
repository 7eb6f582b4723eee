/**
 * The partial eraser: takes away what it touches of a stroke, and no more.
 *
 * Owns what its sweep (`sweep.js`) takes along strokes' captured points: intervals in sixteenths of a point (INK.md),
 * shown in the next frame. A fixed outline has no points to cut along and is left alone: the whole-stroke eraser
 * takes it.
 */
import { parseCuts, pointDistance2, sweptIntervals, unionOf } from "../../core/cuts.js";
import { parseFragment, reshape } from "../../core/reshaping.js";
import { attributeOf } from "../../core/stroke.js";
import { SweepTool } from "./sweep.js";

/** @typedef {import("../pointer_input.js").Sample} Sample */
/** @typedef {import("../../core/stroke.js").Stroke} Stroke */
/** @typedef {import("../../core/cuts.js").Interval} Interval */

export class CutterTool extends SweepTool {
  /** @type {Map<Stroke, Interval[]>} cuts that are not sent yet */
  cuts = new Map();
  /** @type {Set<Stroke>} strokes whose cuts grew since the last frame */
  grown = new Set();

  /**
   * @param {Stroke} stroke
   * @param {Sample} from
   * @param {Sample} to
   * @param {number} radius
   */
  touch(stroke, from, to, radius) {
    const hit = touchedParts(stroke, from.x, from.y, to.x, to.y, radius);
    const taken = this.cuts.get(stroke) ?? [];
    if (isWithin(hit, unionOf([...cutsOf(stroke), ...taken]))) return;
    this.cuts.set(stroke, unionOf([...taken, ...hit]));
    this.grown.add(stroke);
    this.surface.requestFrame();
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

  restore() {
    for (const stroke of this.cuts.keys()) this.surface.showPaths(stroke, null);
    this.cuts.clear();
    this.grown.clear();
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
