/**
 * Where strokes lie: a grid of square cells over the endless sheet.
 *
 * Owns the look-up from places to items with boxes; used for erasing, selecting and for finding what is near the
 * viewport. Items that cover very many cells are kept in one list of their own. Knows nothing of strokes but
 * their box.
 */

/** @typedef {import("./path_data.js").Bounds} Bounds */

/** Side of a cell, tenths of a pixel. */
export const CELL = 4096;
/** An item over more cells than this is kept in the list of big ones. */
const MANY_CELLS = 64;

/** @param {number} value coordinate */
export function cellOf(value) {
  return Math.floor(value / CELL);
}

/** @template {{bounds: Bounds}} Item */
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
