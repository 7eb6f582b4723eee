/**
 * Which part of the endless sheet the board shows, how large, and what it will show soon if it moves on.
 *
 * Owns the mapping between the sheet (tenths of a CSS pixel at 100 %, N6) and the board's pixels, with its limits;
 * the offset always falls on whole device pixels, so ink stays sharp. Draws nothing: whoever draws subscribes.
 */

/** @typedef {import("../core/path_data.js").Bounds} Bounds */
/** @typedef {"pan" | "zoom" | "size"} ViewChange */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Insets CSS pixels from each side of the board */

/** Zoom limits; 1 is 100 %. */
export const MIN_ZOOM = 0.05;
export const MAX_ZOOM = 8;
/** Size of a new sheet, tenths of a pixel (N6). */
export const SHEET_WIDTH = 12_000;
export const SHEET_HEIGHT = 16_000;
/** The sheet grows by this step when ink comes nearer than `NEAR_EDGE` to its edge. */
const GROW_STEP = 4_000;
const NEAR_EDGE = 1_500;
/** Where the sheet is moving to more is seen soon: what comes into view in this time, ms, at most ... */
const LOOK_AHEAD_MS = 350;
const MOST_AHEAD_PX = 1400;
/** What is gone to keeps this far from what lies over the board, CSS pixels. */
const MARGIN_PX = 16;

export class Viewport {
  /**
   * @param {boolean} rightToLeft the sheet starts at its right edge
   * @param {() => Insets} [bars] how far what lies over the board reaches into it, asked when somebody goes to a place
   */
  constructor(rightToLeft, bars = () => ({ left: 0, top: 0, right: 0, bottom: 0 })) {
    this.rightToLeft = rightToLeft;
    this.bars = bars;
    this.width = 1;
    this.height = 1;
    this.pixelRatio = 1;
    this.zoom = 1;
    /** Board pixel of the sheet's origin, CSS pixels: where it is drawn, on a whole device pixel, ... */
    this.offsetX = 0;
    this.offsetY = 0;
    /** ... and where it was moved to: many small steps must not lose their fractions. */
    this.exactX = 0;
    this.exactY = 0;
    this.placed = false;
    /** Where the view was at the last look ahead, board pixels, and when; how far it will have moved soon. */
    this.seen = { x: 0, y: 0, atMs: 0 };
    this.ahead = { x: 0, y: 0 };
    /** @type {Bounds} */
    this.sheet = { x0: 0, y0: 0, x1: SHEET_WIDTH, y1: SHEET_HEIGHT };
    /** @type {Set<(change: ViewChange) => void>} */
    this.listeners = new Set();
  }

  /** CSS pixels per sheet unit. */
  get scale() {
    return this.zoom / 10;
  }

  /** @param {(change: ViewChange) => void} listener @returns {() => void} ends it */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * @param {number} width CSS pixels
   * @param {number} height
   * @param {number} pixelRatio device pixels per CSS pixel
   */
  resize(width, height, pixelRatio) {
    const growth = width - this.width;
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.pixelRatio = pixelRatio;
    if (!this.placed) this.toStart();
    else if (this.rightToLeft) this.exactX += growth;
    this.settle("size");
  }

  /** Show the corner where writing starts, at 100 %. */
  toStart() {
    this.placed = this.width > 1;
    this.zoom = 1;
    const edge = this.rightToLeft ? this.sheet.x1 : this.sheet.x0;
    const start = this.rightToLeft ? SHEET_WIDTH : 0;
    const x = Math.abs(edge - start) > SHEET_WIDTH ? edge : start;
    this.exactX = (this.rightToLeft ? this.width : 0) - x * this.scale;
    this.exactY = 0;
    this.settle("zoom");
  }

  /**
   * @param {number} dx CSS pixels the sheet moves to the right
   * @param {number} dy
   */
  panBy(dx, dy) {
    this.exactX += dx;
    this.exactY += dy;
    this.settle("pan");
  }

  /**
   * @param {number} x board pixel that stays where it is
   * @param {number} y
   * @param {number} factor
   */
  zoomAt(x, y, factor) {
    const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, this.zoom * factor));
    const real = zoom / this.zoom;
    if (real === 1) return;
    this.zoom = zoom;
    this.exactX = x - (x - this.exactX) * real;
    this.exactY = y - (y - this.exactY) * real;
    this.settle("zoom");
  }

  /**
   * @param {Bounds} box to be seen whole
   * @param {number} [largest] zoom never goes above this
   */
  fit(box, largest = 1) {
    const { x0, y0, x1, y1 } = this.clear();
    const zoomX = (x1 - x0) / Math.max(1, (box.x1 - box.x0) / 10);
    const zoomY = (y1 - y0) / Math.max(1, (box.y1 - box.y0) / 10);
    this.zoom = Math.min(largest, MAX_ZOOM, Math.max(MIN_ZOOM, Math.min(zoomX, zoomY)));
    this.exactX = (x0 + x1) / 2 - ((box.x0 + box.x1) / 2) * this.scale;
    this.exactY = (y0 + y1) / 2 - ((box.y0 + box.y1) / 2) * this.scale;
    this.settle("zoom");
  }

  /**
   * Bring a place to the middle, or as near to it as the sheet's edges allow: beyond them there is nothing to see.
   *
   * @param {number} x sheet units
   * @param {number} y
   */
  centreOn(x, y) {
    const { sheet, scale } = this;
    const { x0, y0, x1, y1 } = this.clear();
    const least = { x: x1 - sheet.x1 * scale, y: y1 - sheet.y1 * scale };
    const most = { x: x0 - sheet.x0 * scale, y: y0 - sheet.y0 * scale };
    const start = this.rightToLeft ? least.x : most.x;
    this.exactX = least.x > most.x ? start : between(least.x, (x0 + x1) / 2 - x * scale, most.x);
    this.exactY = least.y > most.y ? most.y : between(least.y, (y0 + y1) / 2 - y * scale, most.y);
    this.settle("pan");
  }

  /** @returns {Bounds} where nothing lies over the board, board pixels */
  clear() {
    const { left, top, right, bottom } = this.bars();
    return {
      x0: left + MARGIN_PX,
      y0: top + MARGIN_PX,
      x1: Math.max(left + MARGIN_PX + 1, this.width - right - MARGIN_PX),
      y1: Math.max(top + MARGIN_PX + 1, this.height - bottom - MARGIN_PX),
    };
  }

  /** @param {Bounds} box sheet units @returns {boolean} whether some of it is seen with nothing over it */
  shows(box) {
    const { x0, y0, x1, y1 } = this.clear();
    const [left, right] = [this.boardX(box.x0), this.boardX(box.x1)];
    const [top, bottom] = [this.boardY(box.y0), this.boardY(box.y1)];
    return right >= x0 && left <= x1 && bottom >= y0 && top <= y1;
  }

  /** @param {number} x board pixel @returns {number} sheet units, not rounded */
  sheetX(x) {
    return (x - this.offsetX) / this.scale;
  }

  /** @param {number} y board pixel @returns {number} sheet units, not rounded */
  sheetY(y) {
    return (y - this.offsetY) / this.scale;
  }

  /** @param {number} x sheet units @returns {number} board pixel */
  boardX(x) {
    return x * this.scale + this.offsetX;
  }

  /** @param {number} y sheet units @returns {number} board pixel */
  boardY(y) {
    return y * this.scale + this.offsetY;
  }

  /**
   * @param {number} [margin] CSS pixels around the viewport
   * @returns {Bounds} what is seen, in sheet units
   */
  visible(margin = 0) {
    return {
      x0: this.sheetX(-margin),
      y0: this.sheetY(-margin),
      x1: this.sheetX(this.width + margin),
      y1: this.sheetY(this.height + margin),
    };
  }

  /** Work out how far the view will have moved soon if it goes on as it did since the last look. */
  lookAhead() {
    const { seen } = this;
    const nowMs = performance.now();
    const elapsed = nowMs - seen.atMs;
    if (elapsed < 4) return;
    const reach = (/** @type {number} */ way) =>
      elapsed > 200 ? 0 : between(-MOST_AHEAD_PX, (way / elapsed) * LOOK_AHEAD_MS, MOST_AHEAD_PX);
    this.ahead = { x: reach(seen.x - this.exactX), y: reach(seen.y - this.exactY) };
    this.seen = { x: this.exactX, y: this.exactY, atMs: nowMs };
  }

  /**
   * @param {number} margin CSS pixels around the viewport
   * @returns {Bounds} what is seen, and what will be after the last look ahead, in sheet units
   */
  visibleSoon(margin) {
    const { ahead, scale } = this;
    const box = this.visible(margin);
    if (ahead.x < 0) box.x0 += ahead.x / scale;
    else box.x1 += ahead.x / scale;
    if (ahead.y < 0) box.y0 += ahead.y / scale;
    else box.y1 += ahead.y / scale;
    return box;
  }

  /** @param {number} pixels CSS pixels @returns {number} on a device pixel */
  snap(pixels) {
    return Math.round(pixels * this.pixelRatio) / this.pixelRatio;
  }

  /**
   * A place for the edge of a box: on whole CSS pixels that are whole device pixels, too, since browsers put boxes
   * on the one or on the other.
   *
   * @param {number} pixels CSS pixels
   */
  snapBox(pixels) {
    let step = 1;
    while (step < 20 && Math.abs(step * this.pixelRatio - Math.round(step * this.pixelRatio)) > 1e-3)
      step += 1;
    return Math.round(pixels / step) * step;
  }

  /**
   * Grow the sheet where ink comes near its edge.
   *
   * @param {Bounds} box of new ink
   * @returns {boolean} whether it grew
   */
  cover(box) {
    const { x0, y0, x1, y1 } = this.sheet;
    this.sheet = {
      x0: lower(x0, box.x0, 0),
      y0: lower(y0, box.y0, 0),
      x1: -lower(-x1, -box.x1, -SHEET_WIDTH),
      y1: -lower(-y1, -box.y1, -SHEET_HEIGHT),
    };
    const s = this.sheet;
    return s.x0 !== x0 || s.y0 !== y0 || s.x1 !== x1 || s.y1 !== y1;
  }

  /** @param {ViewChange} change */
  settle(change) {
    const { sheet, scale } = this;
    this.exactX = clampOffset(this.exactX, sheet.x0 * scale, sheet.x1 * scale, this.width);
    this.exactY = clampOffset(this.exactY, sheet.y0 * scale, sheet.y1 * scale, this.height);
    this.offsetX = this.snap(this.exactX);
    this.offsetY = this.snap(this.exactY);
    for (const listener of this.listeners) listener(change);
  }
}

/**
 * An edge of the sheet after ink came to `ink`; `first` is where the edge was when the sheet was new. The first edge
 * is where the paper begins: writing near it does not move it, writing beyond it does.
 *
 * @param {number} edge
 * @param {number} ink
 * @param {number} first
 */
function lower(edge, ink, first) {
  const near = edge === first ? edge : edge + NEAR_EDGE;
  let grown = edge;
  while (ink < near + (grown - edge)) grown -= GROW_STEP;
  return grown;
}

/** @param {number} low @param {number} value @param {number} high */
function between(low, value, high) {
  return Math.min(high, Math.max(low, value));
}

/**
 * @param {number} offset
 * @param {number} low the sheet's edges, CSS pixels from its origin
 * @param {number} high
 * @param {number} extent of the board
 */
function clampOffset(offset, low, high, extent) {
  const spare = extent * 0.4;
  const most = spare - low;
  const least = extent - spare - high;
  return least > most ? (least + most) / 2 : between(least, offset, most);
}
