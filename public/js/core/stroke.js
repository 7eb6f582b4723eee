/**
 * One stroke of the notebook as the page holds it: text, place, and what was done to it.
 *
 * Owns the record that `document.js` keeps for every group id: the fragment as the server gave it, the effects
 * (erasures, cuts, moves, colours) that came later, and the fragment that results. Points and paths are decoded
 * when asked for, so 100,000 strokes cost little more than their text. Which effects are in force is the
 * document's to say.
 */
import { cutPaths, formatCuts, parseCuts, unionOf } from "./cuts.js";
import { formatFragment, parseFragment } from "./fragment.js";
import { parsePath, pathBounds } from "./path_data.js";
import { boundsOfPoints, decodePoints } from "./points.js";
import { recolourFragment, transformFragment } from "./transform.js";

/** @typedef {import("./fragment.js").Fragment} Fragment */
/** @typedef {import("./path_data.js").Bounds} Bounds */
/** @typedef {import("./cuts.js").Interval} Interval */

/**
 * @typedef {Object} Effect one change as far as it touches strokes; shared by all strokes it touches
 * @property {string} op
 * @property {number} seq Infinity while it is pending
 * @property {"e" | "c" | "m" | "s" | "cut"} kind
 * @property {import("./transform.js").Move} [move]
 * @property {string} [fill]
 * @property {Map<Stroke, Interval[]>} [cuts]
 */

export class Stroke {
  /**
   * @param {string} key group id, or "op:<op>" while there is none
   * @param {string} source canonical fragment
   * @param {number} order drawing order: the group id, later for pending strokes
   * @param {number} seq the change that added it; 0 if it came with the document, Infinity while pending
   */
  constructor(key, source, order, seq) {
    this.key = key;
    this.source = source;
    this.order = order;
    this.seq = seq;
    this.op = "";
    this.own = false;
    /** @type {Effect[] | null} */
    this.effects = null;
    this.gone = false;
    this.shown = false;
    this.text = source;
    /** @type {Bounds} */
    this.bounds = boundsOf(source);
    /** @type {Int32Array | null | undefined} */
    this.decoded = undefined;
  }

  /** @returns {Fragment} checked values of what is shown */
  fragment() {
    return parseFragment(this.text);
  }

  /** Captured points of what is shown, flat; null for a fixed outline. */
  points() {
    if (this.decoded === undefined) {
      const p = attributeOf(this.text, "data-p");
      this.decoded = p === "" ? null : decodePoints(p);
    }
    return this.decoded;
  }

  /** Pen width in tenths of a pixel; 0 for a fixed outline. */
  width() {
    return Number(attributeOf(this.text, "data-w"));
  }

  /** @returns {Interval[]} parts that are erased */
  cuts() {
    return parseCuts(attributeOf(this.text, "data-cuts"));
  }

  /** Whether parts of it are erased. */
  isCut() {
    return attributeOf(this.text, "data-cuts") !== "";
  }

  /** Tool word (`data-t`). */
  tool() {
    return attributeOf(this.text, "data-t");
  }

  /**
   * @param {Effect} effect
   */
  addEffect(effect) {
    if (this.effects?.includes(effect)) return;
    this.effects ??= [];
    this.effects.push(effect);
    this.effects.sort((a, b) => a.seq - b.seq || 0);
  }

  /** @param {Effect} effect */
  removeEffect(effect) {
    this.effects = this.effects?.filter((one) => one !== effect) ?? null;
    if (this.effects?.length === 0) this.effects = null;
  }

  /** @param {string} text the fragment that is shown from now on */
  setText(text) {
    this.text = text;
    this.decoded = undefined;
    this.bounds = boundsOf(text);
  }

  /**
   * The fragment that results from the effects that count.
   *
   * @param {(effect: Effect) => boolean} counts
   * @returns {string}
   */
  render(counts) {
    const active = this.effects?.filter(
      (effect) => effect.kind !== "e" && effect.kind !== "c" && counts(effect),
    );
    if (!active?.length) return this.source;
    let fragment = parseFragment(this.source);
    // Cuts come first, as on the server: they go by the points as they were captured.
    const cuts = active.flatMap((effect) => effect.cuts?.get(this) ?? []);
    if (cuts.length) fragment = withCuts(fragment, unionOf([...cuts, ...parseCuts(fragment.data.cuts)]));
    for (const { move, fill } of active) {
      if (move) fragment = transformFragment(fragment, move);
      if (fill) fragment = recolourFragment(fragment, fill);
    }
    return formatFragment(fragment);
  }

  /**
   * @param {(effect: Effect) => boolean} counts
   * @returns {boolean} whether an erasure that counts hides it
   */
  isErased(counts) {
    return (
      this.effects?.some((effect) => (effect.kind === "e" || effect.kind === "c") && counts(effect)) ?? false
    );
  }
}

/**
 * @param {Fragment} fragment
 * @param {Interval[]} union
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
 * Value of an attribute of the group, without parsing the fragment; "" if it is not there.
 *
 * @param {string} text canonical fragment
 * @param {string} name
 */
export function attributeOf(text, name) {
  const mark = ` ${name}="`;
  const at = text.indexOf(mark);
  if (at < 0) return "";
  return text.slice(at + mark.length, text.indexOf('"', at + mark.length));
}

/**
 * Box of all a fragment can cover.
 *
 * @param {string} text canonical fragment
 * @returns {Bounds}
 */
export function boundsOf(text) {
  const mark = text.indexOf(' data-p="');
  if (mark < 0) return outlineBounds(text);
  const from = mark + 9;
  const { x0, y0, x1, y1 } = boundsOfPoints(text, from, text.indexOf('"', from));
  // The thickest line is 0.8 of the pen width to each side (full pressure); some for rounding.
  const reach = Math.ceil(Number(attributeOf(text, "data-w")) * 0.8) + 2;
  return { x0: x0 - reach, y0: y0 - reach, x1: x1 + reach, y1: y1 + reach };
}

/** @param {string} text canonical fragment */
function outlineBounds(text) {
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
