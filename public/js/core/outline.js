/**
 * Outline recipe 1: from captured points to the shape that is drawn, stored and exported.
 *
 * Owns the options of perfect-freehand for `data-v="1"` and the integer path built from its outline, so that
 * author, peer, reload and export show the same `d` (INK.md); and `WetStroke`, which outlines a growing stroke at
 * constant cost: frozen chunks and a tail. Everything is in tenths of a pixel. The server's `outline.py` gives the
 * same text for the same points; `tests/data/outline_vectors.json` holds both to it. Draws nothing.
 */
import { getStroke, getStrokeOutlinePoints } from "../../../node_modules/perfect-freehand/dist/esm/index.mjs";
import { encodePoints, MAX_PRESSURE } from "./points.js";

/** @typedef {import("../../../node_modules/perfect-freehand/dist/esm/index.mjs").StrokePoint} StrokePoint */

/** The recipe new strokes name in `data-v`. */
const RECIPE = 1;
/** Points of a growing stroke that the tail never gives up, and points frozen at a time. */
export const TAIL = 96;
export const CHUNK = 32;

/**
 * Options of perfect-freehand for recipe 1.
 *
 * @param {number} width pen width (`data-w`), tenths of a pixel
 * @param {string} tool `data-t`; "constant" and "marker" ignore pressure
 */
export function strokeOptions(width, tool) {
  return {
    size: width,
    thinning: tool === "constant" || tool === "marker" ? 0 : 0.6,
    smoothing: 0.5,
    streamline: 0.4,
    simulatePressure: false,
    last: true,
    start: { taper: 0, cap: true },
    end: { taper: 0, cap: true },
  };
}

/**
 * The filled outline of a stroke as path data.
 *
 * @param {ArrayLike<number>} points flat x, y, pressure (0 to 63)
 * @param {number} width `data-w`
 * @param {string} tool `data-t`
 * @returns {string} relative integer path data
 */
export function outlinePath(points, width, tool) {
  return pathOfOutline(getStroke(strokeInput(points), strokeOptions(width, tool)));
}

/**
 * Points as perfect-freehand takes them, pressure as a fraction.
 *
 * @param {ArrayLike<number>} points flat
 * @returns {number[][]}
 */
export function strokeInput(points) {
  const input = [];
  for (let i = 0; i < points.length; i += 3)
    input.push([points[i], points[i + 1], points[i + 2] / MAX_PRESSURE]);
  return input;
}

/**
 * Closed path through the midpoints of an outline, its corners as control points.
 *
 * @param {number[][]} outline
 * @returns {string}
 */
export function pathOfOutline(outline) {
  const n = outline.length;
  if (n === 0) return "";
  const xs = new Int32Array(n);
  const ys = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    xs[i] = Math.floor(outline[i][0] + 0.5);
    ys[i] = Math.floor(outline[i][1] + 0.5);
  }
  const second = 1 % n;
  let x = (xs[0] + xs[second]) >> 1;
  let y = (ys[0] + ys[second]) >> 1;
  const parts = [`M${x}${spaced(y)}q`];
  for (let i = 1; i <= n; i++) {
    const a = i % n;
    const b = (i + 1) % n;
    const endX = (xs[a] + xs[b]) >> 1;
    const endY = (ys[a] + ys[b]) >> 1;
    const first = i === 1 ? String(xs[a] - x) : spaced(xs[a] - x);
    parts.push(first + spaced(ys[a] - y) + spaced(endX - x) + spaced(endY - y));
    x = endX;
    y = endY;
  }
  parts.push("z");
  return parts.join("");
}

/**
 * The fragment of a stroke that was just drawn.
 *
 * @param {{points: ArrayLike<number>, width: number, tool: string, fill: string, tilts?: number[]}} stroke flat
 *   points; width in tenths of a pixel; fill as `#rrggbb`; tilts a byte for each point, kept if the pen leant at all
 * @returns {string} canonical fragment without an id
 */
export function formatStroke({ points, width, tool, fill, tilts }) {
  const tilt = tilts?.some(Boolean) ? tilts.map((byte) => byte.toString(16).padStart(2, "0")).join("") : "";
  const lean = tilt && ` data-tilt="${tilt}"`;
  const data = `data-p="${encodePoints(points)}" data-v="${RECIPE}" data-w="${width}" data-t="${tool}"${lean}`;
  return `<g ${data}><path d="${outlinePath(points, width, tool)}" fill="${fill}"/></g>`;
}

/** @param {number} value */
function spaced(value) {
  return value < 0 ? `${value}` : ` ${value}`;
}

/**
 * A stroke while it is being drawn. One new point changes the outline at most 70 points back, so the tail keeps 96.
 * Streamlining is done step by step exactly as perfect-freehand does it for the whole stroke: the wet line lies
 * where the dry one will.
 */
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
    /** @type {number[]} a byte for each of them: how the pen leant */
    this.tilts = [];
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
   * @param {number} [tilt] 0 to 255
   * @returns {boolean} false if it equals the newest point and was dropped
   */
  add(x, y, pressure, tilt = 0) {
    const p = this.points;
    const n = p.length;
    if (n && p[n - 3] === x && p[n - 2] === y && p[n - 1] === pressure) return false;
    if (n) this.streamline(p[n - 3], p[n - 2], p[n - 1]);
    p.push(x, y, pressure);
    this.tilts.push(tilt);
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
