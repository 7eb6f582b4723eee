/**
 * Finished ink as SVG: only what is near the viewport is in the page.
 *
 * Owns which tiles there are and when each is filled; what is in one is `dry_tile.js`. A stroke over several cells is
 * in each of their tiles, so the drawing order is right everywhere. Marker strokes lie in tiles of their own below the
 * ink. Tiles are filled in slices of 4 ms, nearest to the middle first. A stroke added under a mounted tile is in
 * the page before the call returns, so wet ink can go in the same frame. What a stroke is belongs to the document.
 */
import { CELL, forCells, overlaps } from "../core/stroke.js";
import { cellAt, DryTile, isCellIn } from "./dry_tile.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("../core/path_data.js").Bounds} Bounds */

/**
 * Tiles this far outside the viewport are filled, further where the sheet is moving to, and this far outside they are
 * dropped, CSS pixels.
 */
const FILL_AHEAD_PX = 500;
const DROP_BEYOND_PX = 1600;
/**
 * Strokes that join the page in one frame, about: the browser lays out and paints them all in it. Those in view do not
 * wait.
 */
const JOINING = 250;

export class DryLayer {
  /**
   * @param {NotebookDocument} notebook
   * @param {Viewport} viewport
   * @param {(colour: string) => string} shown how the theme shows a stored colour
   */
  constructor(notebook, viewport, shown) {
    this.notebook = notebook;
    this.viewport = viewport;
    this.shown = shown;
    this.node = document.createElement("div");
    this.node.className = "board-dry";
    this.markers = document.createElement("div");
    this.markers.className = "board-markers";
    this.inks = document.createElement("div");
    this.inks.className = "board-inks";
    this.node.append(this.markers, this.inks);
    /** @type {Map<string, DryTile>} */
    this.tiles = new Map();
    /** @type {DryTile[]} tiles with waiting strokes, the next one last */
    this.queue = [];
    this.scale = viewport.scale;
    this.slices = new Slices((until) => this.fill(until));
    /** Strokes that have joined the page since the last frame. */
    this.joined = 0;
    /** @type {(() => void)[]} */
    this.whenFilled = [];
    this.held = false;
  }

  /**
   * While somebody writes, only what they see is drawn.
   *
   * @param {boolean} held
   */
  hold(held) {
    this.held = held;
    if (!held && this.queue.length) this.slices.wake();
  }

  /** @param {import("../core/document.js").DocumentChange} change */
  apply(change) {
    if (change.reset) this.clear();
    for (const stroke of change.removed) this.remove(stroke);
    const [near, kept] = [this.viewport.visibleSoon(FILL_AHEAD_PX), this.viewport.visible(DROP_BEYOND_PX)];
    for (const stroke of change.changed) {
      this.remove(stroke);
      this.add(stroke, near, kept);
    }
    for (const stroke of change.added) this.add(stroke, near, kept);
    for (const stroke of change.renamed) this.rename(stroke);
  }

  /** The view moved: mount what comes near, drop what is far. */
  follow() {
    this.viewport.lookAhead();
    const near = this.viewport.visibleSoon(FILL_AHEAD_PX);
    const far = this.viewport.visible(DROP_BEYOND_PX);
    for (const tile of this.tiles.values()) {
      if (tile.isBeyond(far)) this.drop(tile);
    }
    forCells(near, (key) => {
      if (!this.tiles.has(key)) this.mount(key);
    });
    this.sortQueue();
  }

  /** The zoom is settled: give every tile its new size. */
  rescale() {
    this.scale = this.viewport.scale;
    for (const tile of this.tiles.values()) tile.place(this.viewport, this.scale);
    this.follow();
  }

  /** Draw everything again, for another theme. */
  redraw() {
    this.clear();
    this.follow();
  }

  /** @returns {Promise<void>} when everything visible is in the page */
  filled() {
    if (!this.hasVisibleWork()) return Promise.resolve();
    return new Promise((resolve) => this.whenFilled.push(resolve));
  }

  clear() {
    for (const tile of [...this.tiles.values()]) this.drop(tile);
    this.queue = [];
  }

  destroy() {
    this.slices.close();
    this.node.remove();
  }

  /** @param {string} key */
  mount(key) {
    const strokes = this.notebook.index.inCell(key);
    if (strokes.length === 0) return;
    const tile = this.newTile(key);
    for (const stroke of strokes.sort((a, b) => a.order - b.order)) this.wait(tile, stroke);
  }

  /** @param {string} key @returns {DryTile} */
  newTile(key) {
    const tile = new DryTile(key, this.notebook, this.shown);
    this.tiles.set(key, tile);
    tile.place(this.viewport, this.scale);
    return tile;
  }

  /** @param {DryTile} tile */
  drop(tile) {
    tile.detach();
    if (tile.waiting.length) this.queue = this.queue.filter((one) => one !== tile);
    this.tiles.delete(tile.key);
  }

  sortQueue() {
    if (this.queue.length < 2) return;
    const { viewport } = this;
    const x = viewport.sheetX(viewport.width / 2 + viewport.ahead.x / 3) / CELL - 0.5;
    const y = viewport.sheetY(viewport.height / 2 + viewport.ahead.y / 3) / CELL - 0.5;
    const distance = (/** @type {DryTile} */ tile) => (tile.column - x) ** 2 + (tile.row - y) ** 2;
    this.queue.sort((a, b) => distance(b) - distance(a));
  }

  /**
   * @param {number} until
   * @returns {boolean} whether more is left to be done now
   */
  fill(until) {
    let urgent = this.hasVisibleWork();
    while (this.queue.length && performance.now() < until && (urgent || this.joined < JOINING)) {
      const tile = this.queue[this.queue.length - 1];
      if (!tile.drawWaiting(8)) continue;
      tile.attach(this.inks, this.markers);
      this.countJoined(tile.endWaiting());
      this.queue.pop();
      urgent = this.hasVisibleWork();
    }
    if (!urgent) for (const resolve of this.whenFilled.splice(0)) resolve();
    return this.queue.length > 0 && (urgent || (!this.held && this.joined < JOINING));
  }

  /** @param {number} count of strokes that have joined the page: enough of them, and the rest waits for the next frame */
  countJoined(count) {
    if (this.joined === 0) {
      window.requestAnimationFrame(() => {
        this.joined = 0;
        if (this.queue.length && !this.held) this.slices.wake();
      });
    }
    this.joined += count;
  }

  hasVisibleWork() {
    const seen = this.viewport.visible();
    return this.queue.some((tile) => tile.waiting.length > 0 && isCellIn(tile, seen));
  }

  /**
   * @param {Stroke} stroke that is visible now
   * @param {Bounds} near where tiles are to be filled
   * @param {Bounds} kept where tiles may be
   */
  add(stroke, near, kept) {
    if (!overlaps(stroke.bounds, kept)) return;
    const loaded = stroke.seq === 0;
    forCells(meet(stroke.bounds, kept), (key) => {
      let tile = this.tiles.get(key);
      if (!tile && !isCellIn(cellAt(key), near)) return;
      tile ??= this.newTile(key);
      if (loaded) this.wait(tile, stroke);
      else {
        tile.draw(stroke);
        tile.attach(this.inks, this.markers);
      }
    });
  }

  /**
   * Strokes of a document that is being loaded, or scrolled to, are drawn in slices.
   *
   * @param {DryTile} tile
   * @param {Stroke} stroke
   */
  wait(tile, stroke) {
    if (tile.waiting.length === 0) this.queue.unshift(tile);
    tile.waiting.push(stroke);
    this.slices.wake();
  }

  /** @param {Stroke} stroke */
  remove(stroke) {
    for (const tile of this.tiles.values()) tile.remove(stroke);
  }

  /**
   * Hide or show a stroke without the document's knowing.
   *
   * @param {Stroke} stroke
   * @param {boolean} veiled
   */
  veil(stroke, veiled) {
    for (const tile of this.tiles.values()) tile.veil(stroke, veiled);
  }

  /**
   * Draw a stroke otherwise than the document has it, until it changes there.
   *
   * @param {Stroke} stroke
   * @param {string[] | null} paths path data; null for what the document has
   */
  showPaths(stroke, paths) {
    for (const tile of this.tiles.values()) tile.showPaths(stroke, paths);
  }

  /** @param {Stroke} stroke that got its id: its place among the others may be another */
  rename(stroke) {
    for (const tile of this.tiles.values()) tile.rename(stroke);
  }
}

/**
 * @param {Bounds} a
 * @param {Bounds} b
 */
function meet(a, b) {
  return {
    x0: Math.max(a.x0, b.x0),
    y0: Math.max(a.y0, b.y0),
    x1: Math.min(a.x1, b.x1),
    y1: Math.min(a.y1, b.y1),
  };
}

/** Longest slice, ms. */
const SLICE_MS = 4;

/**
 * Long work in short slices: a message to oneself runs after input and painting that are due, without the 4 ms floor
 * of nested timers.
 */
class Slices {
  /** @param {(untilMs: number) => boolean} work does a slice, to stop at `untilMs`; true while more is left */
  constructor(work) {
    this.work = work;
    this.channel = new MessageChannel();
    this.scheduled = false;
    this.channel.port1.onmessage = () => this.run();
  }

  /** There is something to do. */
  wake() {
    if (this.scheduled) return;
    this.scheduled = true;
    this.channel.port2.postMessage(0);
  }

  run() {
    this.scheduled = false;
    if (this.work(performance.now() + SLICE_MS)) this.wake();
  }

  close() {
    this.channel.port1.onmessage = null;
    this.channel.port1.close();
    this.channel.port2.close();
  }
}
