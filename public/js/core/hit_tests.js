/**
 * Whether something on the sheet touches a stroke.
 *
 * Owns the geometry of erasing and selecting: swept eraser against centre-lines, polygons against points. A stroke
 * without points is tested by its outline. Boxes come first, so that a notebook of 100,000 strokes costs no more
 * than the few near the pointer.
 */
import { pointDistance2, segmentDistance2 } from "./cuts.js";
import { parseFragment } from "./fragment.js";
import { flattenPath, parsePath } from "./path_data.js";

/** @typedef {import("./stroke.js").Stroke} Stroke */

/**
 * @param {Stroke} stroke
 * @param {number} ax eraser's start, sheet units
 * @param {number} ay
 * @param {number} bx eraser's end
 * @param {number} by
 * @param {number} radius
 * @returns {boolean}
 */
export function strokeIsHit(stroke, ax, ay, bx, by, radius) {
  const points = stroke.points();
  if (!points || stroke.isCut()) return outlineIsHit(stroke, ax, ay, bx, by, radius);
  const reach = radius + stroke.width() / 2;
  const near = reach * reach;
  if (points.length === 3) return pointDistance2(points[0], points[1], ax, ay, bx, by) <= near;
  for (let i = 3; i < points.length; i += 3) {
    const x0 = points[i - 3];
    const y0 = points[i - 2];
    const x1 = points[i];
    const y1 = points[i + 1];
    if (segmentDistance2(x0, y0, x1, y1, ax, ay, bx, by) <= near) return true;
  }
  return false;
}

/**
 * @param {Stroke} stroke
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 * @param {number} radius
 */
function outlineIsHit(stroke, ax, ay, bx, by, radius) {
  const near = radius * radius;
  for (const line of outlinesOf(stroke)) {
    if (isInside(bx, by, line)) return true;
    for (let i = 2; i < line.length; i += 2) {
      if (segmentDistance2(line[i - 2], line[i - 1], line[i], line[i + 1], ax, ay, bx, by) <= near)
        return true;
    }
  }
  return false;
}

/** @param {Stroke} stroke @returns {number[][]} flat polylines */
function outlinesOf(stroke) {
  return parseFragment(stroke.text).paths.flatMap(({ d }) => flattenPath(parsePath(d)));
}

/**
 * Whether most of a stroke lies within a polygon.
 *
 * @param {Stroke} stroke
 * @param {number[]} polygon flat x, y
 * @returns {boolean}
 */
export function strokeIsWithin(stroke, polygon) {
  let inside = 0;
  let all = 0;
  const points = stroke.points();
  if (points && !stroke.isCut()) {
    for (let i = 0; i < points.length; i += 3) {
      all += 1;
      if (isInside(points[i], points[i + 1], polygon)) inside += 1;
    }
  } else {
    for (const line of outlinesOf(stroke)) {
      for (let i = 0; i < line.length; i += 2) {
        all += 1;
        if (isInside(line[i], line[i + 1], polygon)) inside += 1;
      }
    }
  }
  return all > 0 && inside * 2 >= all;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number[]} polygon flat x, y; closed by itself
 */
export function isInside(x, y, polygon) {
  let inside = false;
  const n = polygon.length;
  for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
    const yi = polygon[i + 1];
    const yj = polygon[j + 1];
    if (yi > y === yj > y) continue;
    const crossing = polygon[i] + ((y - yi) / (yj - yi)) * (polygon[j] - polygon[i]);
    if (x < crossing) inside = !inside;
  }
  return inside;
}
