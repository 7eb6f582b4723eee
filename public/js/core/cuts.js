/**
 * Partial erasing: parts of a stroke as intervals along its captured points (INK.md, "Erase, cut, clear, undo").
 *
 * Owns the interval algebra (sixteenths of a point, half-open, unions), the eraser's sweep over a centre-line and
 * the visible runs that are left. A cut stroke is drawn as one outline per run. The server computes the same runs
 * and its text is the form of record; the page computes them to show the cut at once.
 */
import { outlinePath } from "./outline.js";

/** Steps between two captured points. */
export const STEPS = 16;

/** @typedef {[number, number]} Interval [start, end) in sixteenths of a point */

/**
 * Union of intervals, sorted, touching ones joined, empty ones dropped.
 *
 * @param {Iterable<Interval>} intervals
 * @returns {Interval[]}
 */
export function unionOf(intervals) {
  const sorted = [...intervals].filter(([start, end]) => end > start).sort((a, b) => a[0] - b[0]);
  /** @type {Interval[]} */
  const union = [];
  for (const [start, end] of sorted) {
    const last = union.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else union.push([start, end]);
  }
  return union;
}

/**
 * What is left of a stroke: the complement of its cuts, ends interpolated, short runs gone.
 *
 * @param {ArrayLike<number>} points flat x, y, pressure
 * @param {Iterable<Interval>} cuts
 * @param {number} width `data-w`: a run shorter than this goes too
 * @returns {number[][]} flat points of each visible run
 */
export function visibleRuns(points, cuts, width) {
  const last = (points.length / 3 - 1) * STEPS;
  const union = unionOf(cuts);
  if (union.length === 0) return [Array.from(points)];
  if (last === 0) return union[0][0] === 0 ? [] : [Array.from(points)];
  /** @type {number[][]} */
  const runs = [];
  let from = 0;
  for (const [start, end] of [...union, /** @type {Interval} */ ([last, last])]) {
    const to = Math.min(start, last);
    if (to > from) {
      const run = runBetween(points, from, to);
      if (lengthOf(run) >= width) runs.push(run);
    }
    from = Math.max(from, end);
  }
  return runs;
}

/**
 * @param {ArrayLike<number>} points
 * @param {number} from sixteenths
 * @param {number} to sixteenths
 */
function runBetween(points, from, to) {
  const run = pointAt(points, from);
  for (let i = Math.floor(from / STEPS) + 1; i * STEPS < to; i++) {
    run.push(points[3 * i], points[3 * i + 1], points[3 * i + 2]);
  }
  run.push(...pointAt(points, to));
  return run;
}

/**
 * @param {ArrayLike<number>} points
 * @param {number} at sixteenths
 * @returns {number[]} x, y, pressure
 */
function pointAt(points, at) {
  const i = Math.floor(at / STEPS) * 3;
  const part = (at % STEPS) / STEPS;
  if (part === 0) return [points[i], points[i + 1], points[i + 2]];
  return [0, 1, 2].map((k) => Math.floor(points[i + k] + (points[i + 3 + k] - points[i + k]) * part + 0.5));
}

/** @param {number[]} run */
function lengthOf(run) {
  let length = 0;
  for (let i = 3; i < run.length; i += 3) length += Math.hypot(run[i] - run[i - 3], run[i + 1] - run[i - 2]);
  return length;
}

/** Most paths a stroke may have (C1): runs beyond that share the last one. */
const MAX_PATHS = 16;

/**
 * Path data of what is left, a path for each visible run.
 *
 * @param {ArrayLike<number>} points
 * @param {Iterable<Interval>} cuts
 * @param {number} width
 * @param {string} tool
 * @returns {string[]}
 */
export function cutPaths(points, cuts, width, tool) {
  const paths = visibleRuns(points, cuts, width).map((run) => outlinePath(run, width, tool));
  if (paths.length <= MAX_PATHS) return paths;
  return [...paths.slice(0, MAX_PATHS - 1), paths.slice(MAX_PATHS - 1).join("")];
}

/**
 * `data-cuts` text of a union.
 *
 * @param {Interval[]} union
 */
export function formatCuts(union) {
  return union.map(([start, end]) => `${start}-${end}`).join(".");
}

/**
 * @param {string | undefined} text `data-cuts`
 * @returns {Interval[]}
 */
export function parseCuts(text) {
  if (!text) return [];
  return text.split(".").map((pair) => {
    const [start, end] = pair.split("-").map(Number);
    return /** @type {Interval} */ ([start, end]);
  });
}

/**
 * Intervals of a centre-line within reach of an eraser moved from one place to another.
 *
 * @param {ArrayLike<number>} points flat x, y, pressure
 * @param {number} ax eraser's start
 * @param {number} ay
 * @param {number} bx eraser's end
 * @param {number} by
 * @param {number} radius reach, tenths of a pixel
 * @returns {Interval[]}
 */
export function sweptIntervals(points, ax, ay, bx, by, radius) {
  /** @type {Interval[]} */
  const hits = [];
  const n = points.length / 3;
  const near = radius * radius;
  for (let i = 0; i + 1 < n; i++) {
    const x = points[3 * i];
    const y = points[3 * i + 1];
    const dx = points[3 * i + 3] - x;
    const dy = points[3 * i + 4] - y;
    if (segmentDistance2(x, y, x + dx, y + dy, ax, ay, bx, by) > near) continue;
    let first = -1;
    let last = -1;
    for (let k = 0; k <= STEPS; k++) {
      const t = k / STEPS;
      if (pointDistance2(x + dx * t, y + dy * t, ax, ay, bx, by) > near) continue;
      if (first < 0) first = k;
      last = k;
    }
    if (first < 0) continue;
    hits.push([i * STEPS + first, i * STEPS + Math.max(last, first + 1)]);
  }
  return unionOf(hits);
}

/**
 * Squared distance of a point to a segment.
 *
 * @param {number} x
 * @param {number} y
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 */
export function pointDistance2(x, y, ax, ay, bx, by) {
  const dx = bx - ax;
  const dy = by - ay;
  const length2 = dx * dx + dy * dy;
  const t = length2 ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length2)) : 0;
  return (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2;
}

/**
 * Squared distance of two segments; 0 where they cross.
 *
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 * @param {number} cx
 * @param {number} cy
 * @param {number} dx
 * @param {number} dy
 */
export function segmentDistance2(ax, ay, bx, by, cx, cy, dx, dy) {
  if (cross(ax, ay, bx, by, cx, cy, dx, dy)) return 0;
  return Math.min(
    pointDistance2(ax, ay, cx, cy, dx, dy),
    pointDistance2(bx, by, cx, cy, dx, dy),
    pointDistance2(cx, cy, ax, ay, bx, by),
    pointDistance2(dx, dy, ax, ay, bx, by),
  );
}

/**
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 * @param {number} cx
 * @param {number} cy
 * @param {number} dx
 * @param {number} dy
 */
function cross(ax, ay, bx, by, cx, cy, dx, dy) {
  const side = (/** @type {number} */ x, /** @type {number} */ y) =>
    (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  const other = (/** @type {number} */ x, /** @type {number} */ y) =>
    (dx - cx) * (y - cy) - (dy - cy) * (x - cx);
  return side(cx, cy) * side(dx, dy) < 0 && other(ax, ay) * other(bx, by) < 0;
}
