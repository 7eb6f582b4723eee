/**
 * One stroke of the notebook as the page holds it, and the grid by which strokes are found.
 *
 * Owns the record that `document.js` keeps for every group id: the fragment as the server gave it, the effects
 * (erasures, cuts, moves, colours) that came later, and the text that results. Points are decoded when asked for,
 * so 100,000 strokes cost little more than their text. Which effects are in force is the document's to say, what
 * they make of a fragment `reshaping.js`'s, which is loaded with the first stroke that needs it.
 */
import { boundsOfPoints, decodePoints } from "./points.js";

/** @typedef {import("./path_data.js").Bounds} Bounds */
/** @typedef {import("./cuts.js").Interval} Interval */
/** @typedef {typeof import("./reshaping.js")} Reshaping */

/**
 * @typedef {Object} Effect one change as far as it touches strokes; shared by all strokes it touches
 * @property {string} op
 * @property {number} seq Infinity while it is pending
 * @property {"e" | "c" | "m" | "s" | "cut"} kind
 * @property {import("./transform.js").Move} [move]
 * @property {string} [fill]
 * @property {Map<Stroke, Interval[]>} [cuts]
 */

const NOWHERE = Object.freeze({ x0: 0, y0: 0, x1: 0, y1: 0 });
/** Side of a cell, tenths of a pixel. */
export const CELL = 4096;
/** An item over more cells than this is kept in the list of big ones. */
const MANY_CELLS = 64;

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
    /** Whether the server's last word on it was that it is hidden, and whether this page knew why. */
    this.gone = false;
    this.explained = false;
    this.shown = false;
    this.text = source;
    /** @type {Bounds} */
    this.bounds = boundsOf(source);
    /** @type {Int32Array | null | undefined} */
    this.decoded = undefined;
  }

  /** Whether it is pen ink as this page draws it: points and one filled path. */
  isPlain() {
    return plainPath(this.text) !== null && attributeOf(this.text, "data-p") !== "";
  }

  /** Whether the place of what is shown is known; that of a fixed outline is not before it is reshaped. */
  isPlaced() {
    return this.bounds !== NOWHERE;
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

  /**
   * @param {string} text the fragment that is shown from now on
   * @param {Reshaping | null} reshaping
   */
  setText(text, reshaping) {
    this.text = text;
    this.decoded = undefined;
    this.bounds = boundsOf(text);
    if (!this.isPlaced() && reshaping) this.bounds = reshaping.outlineBounds(text);
  }

  /**
   * @param {(effect: Effect) => boolean} counts
   * @returns {Effect[]} those that change how it looks
   */
  shapers(counts) {
    if (!this.effects) return [];
    return this.effects.filter((effect) => effect.kind !== "e" && effect.kind !== "c" && counts(effect));
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

const PLAIN_PATH = /><path d="([MqzQL0-9 -]*)" fill="(#[0-9a-f]{6})"\/><\/g>$/y;

/**
 * The path of a stroke as the page draws it, read the short way: there are very many of them.
 *
 * @param {string} text canonical fragment
 * @returns {{d: string, fill: string} | null} null where `parseFragment` is needed
 */
export function plainPath(text) {
  const at = text.indexOf("><path ");
  PLAIN_PATH.lastIndex = at;
  const match = at < 0 ? null : PLAIN_PATH.exec(text);
  return match && match.index === at ? { d: match[1], fill: match[2] } : null;
}

/**
 * Box of all a stroke with points can cover.
 *
 * @param {string} text canonical fragment
 * @returns {Bounds} empty for a fixed outline
 */
export function boundsOf(text) {
  const mark = text.indexOf(' data-p="');
  if (mark < 0) return NOWHERE;
  const from = mark + 9;
  const { x0, y0, x1, y1 } = boundsOfPoints(text, from, text.indexOf('"', from));
  // The thickest line is 0.8 of the pen width to each side (full pressure); some for rounding.
  const reach = Math.ceil(Number(attributeOf(text, "data-w")) * 0.8) + 2;
  return { x0: x0 - reach, y0: y0 - reach, x1: x1 + reach, y1: y1 + reach };
}

/**
 * The same text without its group id, for comparing what was sent with what was stored.
 *
 * @param {string} text canonical fragment
 */
export function withoutId(text) {
  return text.replace(/^<g id="\d+"/, "<g");
}

/**
 * The same text with another group id.
 *
 * @param {string} text canonical fragment
 * @param {string} id digits
 */
export function withId(text, id) {
  return text.replace(/^<g(?: id="\d+")?/, `<g id="${id}"`);
}

/**
 * @param {Iterable<Stroke>} strokes
 * @returns {Bounds | null}
 */
export function boxOf(strokes) {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const { bounds } of strokes) {
    box.x0 = Math.min(box.x0, bounds.x0);
    box.y0 = Math.min(box.y0, bounds.y0);
    box.x1 = Math.max(box.x1, bounds.x1);
    box.y1 = Math.max(box.y1, bounds.y1);
  }
  return box.x0 <= box.x1 ? box : null;
}

/** @param {number} value coordinate */
export function cellOf(value) {
  return Math.floor(value / CELL);
}

/**
 * The look-up from places to items with boxes. Items that cover very many cells are kept in a list of their own.
 *
 * @template {{bounds: Bounds}} Item
 */
export class GridIndex {
  constructor() {
    /** @type {Map<string, Set<Item>>} */
    this.cells = new Map();
    /** @type {Set<Item>} */
    this.big = new Set();
  }

  /** @param {Item} item */
  add(item) {
    if (cellCount(item.bounds) > MANY_CELLS) {
      this.big.add(item);
      return;
    }
    forCells(item.bounds, (key) => {
      const cell = this.cells.get(key);
      if (cell) cell.add(item);
      else this.cells.set(key, new Set([item]));
    });
  }

  /** @param {Item} item with the same box as when it was added */
  remove(item) {
    if (this.big.delete(item)) return;
    forCells(item.bounds, (key) => {
      const cell = this.cells.get(key);
      cell?.delete(item);
      if (cell?.size === 0) this.cells.delete(key);
    });
  }

  clear() {
    this.cells.clear();
    this.big.clear();
  }

  /**
   * @param {string} key "column,row"
   * @returns {Item[]} items whose box touches the cell
   */
  inCell(key) {
    const items = [...(this.cells.get(key) ?? [])];
    if (this.big.size === 0) return items;
    const [column, row] = key.split(",").map(Number);
    const box = { x0: column * CELL, y0: row * CELL, x1: (column + 1) * CELL, y1: (row + 1) * CELL };
    for (const item of this.big) if (overlaps(item.bounds, box)) items.push(item);
    return items;
  }

  /**
   * @param {Bounds} box
   * @returns {Set<Item>} items whose box touches the given one
   */
  query(box) {
    /** @type {Set<Item>} */
    const found = new Set();
    const consider = (/** @type {Iterable<Item>} */ items) => {
      for (const item of items) if (overlaps(item.bounds, box)) found.add(item);
    };
    if (cellCount(box) > this.cells.size) for (const cell of this.cells.values()) consider(cell);
    else forCells(box, (key) => consider(this.cells.get(key) ?? []));
    consider(this.big);
    return found;
  }
}

/**
 * @param {Bounds} a
 * @param {Bounds} b
 */
export function overlaps(a, b) {
  return a.x0 <= b.x1 && b.x0 <= a.x1 && a.y0 <= b.y1 && b.y0 <= a.y1;
}

/** @param {Bounds} box */
function cellCount(box) {
  return (cellOf(box.x1) - cellOf(box.x0) + 1) * (cellOf(box.y1) - cellOf(box.y0) + 1);
}

/**
 * @param {Bounds} box
 * @param {(key: string) => void} visit
 */
export function forCells(box, visit) {
  for (let row = cellOf(box.y0); row <= cellOf(box.y1); row++) {
    for (let column = cellOf(box.x0); column <= cellOf(box.x1); column++) visit(`${column},${row}`);
  }
}
