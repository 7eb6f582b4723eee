/**
 * Moving, scaling and recolouring strokes (C1, commands `m` and `s`).
 *
 * Owns the arithmetic the page and the server share to the bit: x' = floor(x0 + f * (x - x0) + dx + 0.5) on
 * absolute coordinates, in that order, in doubles. A pure move leaves relative commands alone; with a scale
 * every coordinate becomes absolute first. The server's `transform.py` does the same.
 */
import { decodePoints, encodePoints } from "./points.js";
import { formatPath, parsePath, walkAbsolute } from "./path_data.js";

/** @typedef {import("./fragment.js").Fragment} Fragment */
/** @typedef {import("./path_data.js").Segment} Segment */
/** @typedef {{by: [number, number], scale?: [number, number, number]}} Move data of an `m` change */

/**
 * @param {Fragment} fragment
 * @param {Move} move
 * @returns {Fragment} a new fragment, moved and scaled
 */
export function transformFragment(fragment, move) {
  const factor = move.scale ? move.scale[0] : 1;
  const data = { ...fragment.data };
  if (data.p !== undefined) data.p = encodePoints(transformPoints(decodePoints(data.p), move));
  if (data.w !== undefined && move.scale) data.w = String(Math.max(1, Math.floor(factor * Number(data.w) + 0.5)));
  const paths = fragment.paths.map((path) => {
    const moved = { ...path, d: transformPath(path.d, move) };
    const stroke = path["stroke-width"];
    if (stroke !== undefined && move.scale) moved["stroke-width"] = String(round3(Number(stroke) * factor));
    return moved;
  });
  return { ...fragment, data, paths };
}

/**
 * @param {Fragment} fragment
 * @param {string} fill `#rrggbb`
 * @returns {Fragment} a new fragment in another colour
 */
export function recolourFragment(fragment, fill) {
  const paths = fragment.paths.map((path) => {
    const coloured = { ...path };
    if (path.fill !== "none") coloured.fill = fill;
    if (path.stroke !== undefined && path.stroke !== "none") coloured.stroke = fill;
    return coloured;
  });
  return { ...fragment, paths };
}

/**
 * @param {ArrayLike<number>} points flat x, y, pressure
 * @param {Move} move
 * @returns {Int32Array}
 */
export function transformPoints(points, move) {
  const moved = Int32Array.from(points);
  for (let i = 0; i < moved.length; i += 3) {
    moved[i] = moveX(points[i], move);
    moved[i + 1] = moveY(points[i + 1], move);
  }
  return moved;
}

/**
 * @param {string} d
 * @param {Move} move
 * @returns {string}
 */
export function transformPath(d, move) {
  const segments = parsePath(d);
  return formatPath(move.scale ? scaled(segments, move) : shifted(segments, move));
}

/**
 * @param {Segment[]} segments
 * @param {Move} move
 */
function scaled(segments, move) {
  const factor = move.scale ? move.scale[0] : 1;
  /** @type {Segment[]} */
  const out = [];
  walkAbsolute(segments, ({ letter, values: v }) => {
    if (letter === "A") {
      const radii = [round3(v[0] * factor), round3(v[1] * factor)];
      out.push({ letter, values: [...radii, v[2], v[3], v[4], moveX(v[5], move), moveY(v[6], move)] });
    } else out.push({ letter, values: movedValues(letter, v, move) });
  });
  return out;
}

/**
 * @param {Segment[]} segments
 * @param {Move} move
 */
function shifted(segments, move) {
  return segments.map(({ letter, values: v }, i) => {
    if (letter === "m" && i === 0) return { letter, values: movedValues("M", v, move) };
    if (letter !== letter.toUpperCase()) return { letter, values: v };
    if (letter === "A") return { letter, values: [...v.slice(0, 5), moveX(v[5], move), moveY(v[6], move)] };
    return { letter, values: movedValues(letter, v, move) };
  });
}

/**
 * @param {string} letter upper case, not A
 * @param {number[]} values absolute
 * @param {Move} move
 */
function movedValues(letter, values, move) {
  if (letter === "H") return [moveX(values[0], move)];
  if (letter === "V") return [moveY(values[0], move)];
  return values.map((value, i) => (i % 2 ? moveY(value, move) : moveX(value, move)));
}

/** @param {number} x @param {Move} move */
export function moveX(x, { by, scale }) {
  return scale ? Math.floor(scale[1] + scale[0] * (x - scale[1]) + by[0] + 0.5) : Math.floor(x + by[0] + 0.5);
}

/** @param {number} y @param {Move} move */
export function moveY(y, { by, scale }) {
  return scale ? Math.floor(scale[2] + scale[0] * (y - scale[2]) + by[1] + 0.5) : Math.floor(y + by[1] + 0.5);
}

/** @param {number} value */
function round3(value) {
  return Math.floor(value * 1000 + 0.5) / 1000;
}
