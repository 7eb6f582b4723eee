/**
 * What cuts, moves and colours make of a stroke, and the boxes of fixed outlines.
 *
 * Owns the order in which effects work on a fragment (C6), as on the server. Loaded with the first stroke that is
 * more than fresh pen ink: the first visit does without it. Whoever needs a fragment's checked values meanwhile has
 * `parseFragment` from here.
 */
import { cutPaths, formatCuts, parseCuts, unionOf } from "./cuts.js";
import { formatFragment, parseFragment } from "./fragment.js";
import { parsePath, pathBounds } from "./path_data.js";
import { decodePoints } from "./points.js";
import { recolourFragment, transformFragment } from "./transform.js";

export { parseFragment };

/** @typedef {import("./fragment.js").Fragment} Fragment */
/** @typedef {import("./path_data.js").Bounds} Bounds */
/** @typedef {import("./stroke.js").Stroke} Stroke */
/** @typedef {import("./stroke.js").Effect} Effect */

/**
 * @param {Stroke} stroke
 * @param {Effect[]} effects in force, in order of `seq`
 * @returns {string} canonical fragment
 */
export function reshape(stroke, effects) {
  if (effects.length === 0) return stroke.source;
  let fragment = parseFragment(stroke.source);
  // Cuts come first, as on the server: they go by the points as they were captured.
  const cuts = effects.flatMap((effect) => effect.cuts?.get(stroke) ?? []);
  if (cuts.length) fragment = withCuts(fragment, unionOf([...cuts, ...parseCuts(fragment.data.cuts)]));
  for (const { move, fill } of effects) {
    if (move) fragment = transformFragment(fragment, move);
    if (fill) fragment = recolourFragment(fragment, fill);
  }
  return formatFragment(fragment);
}

/**
 * @param {Fragment} fragment
 * @param {import("./cuts.js").Interval[]} union
 * @returns {Fragment} one path per visible run; unchanged where there are no points to cut along
 */
function withCuts(fragment, union) {
  const { p, v, w, t = "pen" } = fragment.data;
  if (p === undefined || v === undefined || w === undefined) return fragment;
  const { d: _, ...style } = fragment.paths[0] ?? { d: "" };
  const paths = cutPaths(decodePoints(p), union, Number(w), t).map((d) => ({ d, ...style }));
  return { ...fragment, data: { ...fragment.data, cuts: formatCuts(union) }, paths };
}

/**
 * @param {string} text canonical fragment without points
 * @returns {Bounds}
 */
export function outlineBounds(text) {
  const all = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const path of parseFragment(text).paths) {
    const box = pathBounds(parsePath(path.d));
    const reach = Number(path["stroke-width"] ?? 0);
    all.x0 = Math.min(all.x0, box.x0 - reach);
    all.y0 = Math.min(all.y0, box.y0 - reach);
    all.x1 = Math.max(all.x1, box.x1 + reach);
    all.y1 = Math.max(all.y1, box.y1 + reach);
  }
  return Number.isFinite(all.x0) ? all : { x0: 0, y0: 0, x1: 0, y1: 0 };
}
