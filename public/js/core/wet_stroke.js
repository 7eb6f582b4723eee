/**
 * A stroke while it is being drawn: points come in, outlines of its young end come out at constant cost.
 *
 * Owns the split of a growing stroke into frozen chunks, outlined once and never again, and a tail that is
 * outlined for every frame (INK.md, "Capture and wet layer"). One new point changes the outline at most 70
 * points back, so the tail keeps 96. Streamlining is done here step by step, exactly as perfect-freehand does
 * it for the whole stroke, so the wet line lies where the dry one will. Draws nothing; `wet_layer.js` does.
 */
import { getStrokeOutlinePoints } from "./freehand.mjs";
import { strokeOptions } from "./outline.js";
import { MAX_PRESSURE } from "./points.js";

/** Points the tail never gives up. */
export const TAIL = 96;
/** Points frozen at a time. */
export const CHUNK = 32;

/** @typedef {{point: number[], pressure: number, vector: number[], distance: number, runningLength: number}} StrokePoint */

export class WetStroke {
  /**
   * @param {number} width `data-w`, tenths of a pixel
   * @param {string} tool `data-t`
   * @param {string} fill colour as `#rrggbb`
   */
  constructor(width, tool, fill) {
    this.width = width;
    this.tool = tool;
    this.fill = fill;
    /** @type {number[]} flat x, y, pressure as captured */
    this.points = [];
    /** @type {StrokePoint[]} streamlined points, all but the newest captured one */
    this.line = [];
    this.frozenTo = 0;
    this.options = strokeOptions(width, tool);
    this.pull = 0.15 + (1 - this.options.streamline) * 0.85;
    this.leftStart = false;
    this.runningLength = 0;
  }

  /** Number of captured points. */
  get length() {
    return this.points.length / 3;
  }

  /**
   * Take one captured point.
   *
   * @param {number} x
   * @param {number} y
   * @param {number} pressure 0 to 63
   * @returns {boolean} false if it equals the newest point and was dropped
   */
  add(x, y, pressure) {
    const p = this.points;
    const n = p.length;
    if (n && p[n - 3] === x && p[n - 2] === y && p[n - 1] === pressure) return false;
    if (n) this.streamline(p[n - 3], p[n - 2], p[n - 1]);
    p.push(x, y, pressure);
    return true;
  }

  /**
   * Move the newest point into the streamlined line: it is no longer the stroke's end.
   *
   * @param {number} x
   * @param {number} y
   * @param {number} pressure
   */
  streamline(x, y, pressure) {
    const fraction = pressure / MAX_PRESSURE;
    const last = this.line.at(-1);
    if (!last) {
      this.line.push({ point: [x, y], pressure: fraction, vector: [1, 1], distance: 0, runningLength: 0 });
      return;
    }
    const next = [
      last.point[0] + (x - last.point[0]) * this.pull,
      last.point[1] + (y - last.point[1]) * this.pull,
    ];
    if (next[0] === last.point[0] && next[1] === last.point[1]) return;
    const distance = Math.hypot(next[0] - last.point[0], next[1] - last.point[1]);
    this.runningLength += distance;
    if (!this.leftStart && this.runningLength < this.width) return;
    this.leftStart = true;
    this.line.push(strokePoint(last, next, fraction, distance, this.runningLength));
    if (this.line.length === 2) this.line[0].vector = this.line[1].vector;
  }

  /**
   * Outline of a chunk that will not change any more, or null if the tail is still short.
   *
   * @returns {number[][] | null}
   */
  freeze() {
    if (this.line.length - this.frozenTo < TAIL + CHUNK) return null;
    const end = this.frozenTo + CHUNK;
    const outline = getStrokeOutlinePoints(this.line.slice(this.frozenTo, end + 1), this.options);
    this.frozenTo = end;
    return outline;
  }

  /**
   * Outline of everything that is not frozen, up to the newest point.
   *
   * @param {ArrayLike<number>} [predicted] flat points the pointer is expected to reach next; drawn, never kept
   * @returns {number[][]}
   */
  tail(predicted = []) {
    const line = this.line.slice(this.frozenTo);
    const n = this.points.length;
    const ends = [this.points[n - 3], this.points[n - 2], this.points[n - 1]];
    for (let i = 0; i < predicted.length; i++) ends.push(predicted[i]);
    for (let i = 0; i < ends.length; i += 3)
      appendEnd(line, ends[i], ends[i + 1], ends[i + 2] / MAX_PRESSURE);
    if (line.length === 1) appendEnd(line, ends[0] + 1, ends[1] + 1, ends[2] / MAX_PRESSURE);
    if (this.frozenTo === 0 && line.length > 1) line[0] = { ...line[0], vector: line[1].vector };
    return getStrokeOutlinePoints(line, this.options);
  }
}

/**
 * @param {StrokePoint[]} line
 * @param {number} x
 * @param {number} y
 * @param {number} pressure fraction
 */
function appendEnd(line, x, y, pressure) {
  const last = line.at(-1);
  if (!last) {
    line.push({ point: [x, y], pressure, vector: [1, 1], distance: 0, runningLength: 0 });
    return;
  }
  const distance = Math.hypot(x - last.point[0], y - last.point[1]);
  if (distance === 0) return;
  line.push(strokePoint(last, [x, y], pressure, distance, last.runningLength + distance));
}

/**
 * @param {StrokePoint} last
 * @param {number[]} point
 * @param {number} pressure fraction
 * @param {number} distance
 * @param {number} runningLength
 * @returns {StrokePoint}
 */
function strokePoint(last, point, pressure, distance, runningLength) {
  const vector = [(last.point[0] - point[0]) / distance, (last.point[1] - point[1]) / distance];
  return { point, pressure, vector, distance, runningLength };
}
