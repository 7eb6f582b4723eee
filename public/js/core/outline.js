/**
 * Outline recipe 1: from captured points to the path that is drawn, stored and exported.
 *
 * Owns the options of perfect-freehand for `data-v="1"` and the integer path built from its outline, so that
 * author, peer, reload and export show the same `d` (INK.md). Everything is in tenths of a pixel. The server's
 * `outline.py` gives the same text for the same points; `tests/data/outline_vectors.json` holds both to it.
 * Drawing wet ink in steps is `wet_stroke.js`'s.
 */
import { getStroke } from "./freehand.mjs";
import { MAX_PRESSURE } from "./points.js";

/** The recipe new strokes name in `data-v`. */
export const RECIPE = 1;

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

/** @param {number} value */
function spaced(value) {
  return value < 0 ? `${value}` : ` ${value}`;
}
