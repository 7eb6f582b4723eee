/**
 * Moving, scaling and recolouring strokes (C1, commands `m` and `s`).
 *
 * Owns the arithmetic the page and the server share to the bit, in doubles, in the order written: a coordinate x
 * becomes `x0 + f*(x - x0) + dx`, without a scale `x + dx`, then `floor(v + 0.5)`, or three decimals where a `d` of
 * the stroke has a decimal point. A pure move leaves relative commands alone; a scale makes every coordinate absolute
 * first. A result beyond the sheet leaves the stroke as it was. The server's `transform.py` says the same, rule by
 * rule; `tests/data/transform_vectors.json` holds both to it.
 */
import { formatNumber, formatPath, parsePath, walkAbsolute } from "./path_data.js";
import { decodePoints, encodePoints, MAX_COORDINATE } from "./points.js";

/** @typedef {import("./fragment.js").Fragment} Fragment */
/** @typedef {import("./fragment.js").StrokePath} StrokePath */
/** @typedef {import("./path_data.js").Segment} Segment */
/** @typedef {{by: [number, number], scale?: [number, number, number]}} Move data of an `m` change */
/** @typedef {(value: number) => number} Place */

/** Widest pen, tenths of a pixel. */
const MAX_WIDTH = 99_999;

/**
 * @param {Fragment} fragment
 * @param {Move} move
 * @returns {Fragment} a new fragment, moved and scaled; the same one where the result would leave the sheet
 */
export function transformFragment(fragment, move) {
  const decimals = fragment.paths.some((path) => path.d.includes("."));
  const round = decimals ? thousandth : whole;
  const data = { ...fragment.data };
  const factor = move.scale?.[0];
  if (data.p !== undefined) {
    const points = transformPoints(decodePoints(data.p), move);
    if (points.some((value) => Math.abs(value) > MAX_COORDINATE)) return fragment;
    data.p = encodePoints(points);
  }
  if (data.w !== undefined && factor !== undefined) {
    const width = Math.max(1, whole(factor * Number(data.w)));
    if (width > MAX_WIDTH) return fragment;
    data.w = String(width);
  }
  /** @type {StrokePath[]} */
  const paths = [];
  for (const path of fragment.paths) {
    const d = transformPath(path.d, move, round);
    if (d === null) return fragment;
    const moved = { ...path, d };
    const width = factor === undefined ? undefined : strokeWidth(path, factor);
    if (width !== undefined && width > MAX_COORDINATE) return fragment;
    if (width !== undefined) moved["stroke-width"] = formatNumber(width);
    paths.push(moved);
  }
  return { ...fragment, data, paths };
}

/**
 * @param {StrokePath} path
 * @param {number} factor
 * @returns {number | undefined} its line's new width; undefined where it draws no line
 */
function strokeWidth(path, factor) {
  const width = path["stroke-width"];
  if ((path.stroke ?? "none") === "none" && width === undefined) return undefined;
  return thousandth(factor * Number(width ?? "1"));
}

/**
 * @param {Fragment} fragment
 * @param {string} fill `#rrggbb`
 * @returns {Fragment} a new fragment in another colour
 */
export function recolourFragment(fragment, fill) {
  const paths = fragment.paths.map((path) =>
    path.fill === "none" ? { ...path, stroke: fill } : { ...path, fill },
  );
  return { ...fragment, paths };
}

/**
 * @param {ArrayLike<number>} points flat x, y, pressure
 * @param {Move} move
 * @returns {number[]}
 */
export function transformPoints(points, move) {
  const toX = placer(move, 0, whole);
  const toY = placer(move, 1, whole);
  const moved = Array.from(points);
  for (let i = 0; i < moved.length; i += 3) {
    moved[i] = toX(points[i]);
    moved[i + 1] = toY(points[i + 1]);
  }
  return moved;
}

/**
 * @param {string} d
 * @param {Move} move
 * @param {Place} [round]
 * @returns {string | null} null where the result would leave the sheet
 */
export function transformPath(d, move, round = d.includes(".") ? thousandth : whole) {
  const toX = placer(move, 0, round);
  const toY = placer(move, 1, round);
  const factor = move.scale?.[0];
  const segments = parsePath(d);
  /** @type {Segment[]} */
  let made = [];
  if (factor === undefined) {
    made = segments.map((segment, i) => {
      const moves = i === 0 || segment.letter === segment.letter.toUpperCase();
      return moves ? placed(segment, toX, toY, (r) => r) : segment;
    });
  } else walkAbsolute(segments, (segment) => made.push(placed(segment, toX, toY, (r) => round(factor * r))));
  return isOnSheet(made) ? formatPath(made) : null;
}

/** @param {Segment[]} segments */
function isOnSheet(segments) {
  let fits = segments.every(({ values }) => values.every((value) => Math.abs(value) <= MAX_COORDINATE));
  walkAbsolute(segments, ({ letter, values }) => {
    const places = letter === "A" ? values.slice(5) : values;
    if (places.some((value) => Math.abs(value) > MAX_COORDINATE)) fits = false;
  });
  return fits;
}

/**
 * @param {Segment} segment absolute, or the first move
 * @param {Place} toX
 * @param {Place} toY
 * @param {Place} toRadius
 * @returns {Segment}
 */
function placed({ letter, values: v }, toX, toY, toRadius) {
  switch (letter) {
    case "H":
      return { letter, values: [toX(v[0])] };
    case "V":
      return { letter, values: [toY(v[0])] };
    case "A":
      return { letter, values: [toRadius(v[0]), toRadius(v[1]), v[2], v[3], v[4], toX(v[5]), toY(v[6])] };
    default:
      return { letter, values: v.map((value, i) => (i % 2 ? toY(value) : toX(value))) };
  }
}

/**
 * @param {Move} move
 * @param {0 | 1} axis
 * @param {Place} round
 * @returns {Place}
 */
function placer({ by, scale }, axis, round) {
  const step = by[axis];
  if (!scale) return (value) => round(value + step);
  const factor = scale[0];
  const centre = scale[1 + axis];
  return (value) => round(centre + factor * (value - centre) + step);
}

/** @param {number} value */
function whole(value) {
  return Math.floor(value + 0.5);
}

/** @param {number} value */
function thousandth(value) {
  return Math.floor(value * 1000 + 0.5) / 1000;
}
