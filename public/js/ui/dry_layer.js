/**
 * Finished ink as SVG: only what is near the viewport is in the page.
 *
 * Owns the tiles. Each is an `<svg>` of one grid cell, clipped on whole device pixels; a stroke over several cells is
 * in each of them, so the drawing order is right everywhere. Marker strokes lie in tiles of their own below the
 * ink. Tiles are filled in slices of 4 ms, nearest to the middle first. A stroke added under a mounted tile is in
 * the page before the call returns, so wet ink can go in the same frame. What a stroke is belongs to the document.
 */
import { CELL, cellOf, forCells, overlaps, plainPath } from "../core/stroke.js";
import { svgElement } from "./dom.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("../core/fragment.js").StrokePath} StrokePath */

/** Tiles this far outside the viewport are filled, and this far outside they are dropped, CSS pixels. */
const FILL_AHEAD_PX = 500;
const DROP_BEYOND_PX = 1600;
/**
 * Strokes that join the page in one frame, about: the browser lays out and paints them all in it. Those in view do not
 * wait.
 */
const JOINING = 250;
/** Where the sheet is moving to tiles are filled further ahead: what comes into view in this time, ms, at most ... */
const LOOK_AHEAD_MS = 350;
const MOST_AHEAD_PX = 1400;

/**
 * @typedef {Object} Tile
 * @property {string} key
 * @property {number} column
 * @property {number} row
 * @property {Sheet} ink
 * @property {Sheet} marker
 * @property {Stroke[]} waiting strokes that are to come into the page
 * @property {number} next how many of them have
 */

/** @typedef {{svg: SVGElement, group: SVGElement, strokes: Stroke[], nodes: Map<Stroke, SVGElement>}} Sheet */

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
    /** @type {Map<string, Tile>} */
    this.tiles = new Map();
    /** @type {Tile[]} tiles with waiting strokes, the next one last */
    this.queue = [];
    this.scale = viewport.scale;
    this.slices = new Slices((until) => this.fill(until));
    /** Strokes that have joined the page since the last frame. */
    this.joined = 0;
    /** @type {(() => void)[]} */
    this.whenFilled = [];
    this.held = false;
    /** Where the view was, board pixels, and when; how far ahead of it tiles are filled. */
    this.seen = { x: 0, y: 0, atMs: 0 };
    this.ahead = { x: 0, y: 0 };
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
    const [near, kept] = [this.near(), this.viewport.visible(DROP_BEYOND_PX)];
    for (const stroke of change.changed) {
      this.remove(stroke);
      this.add(stroke, near, kept);
    }
    for (const stroke of change.added) this.add(stroke, near, kept);
    for (const stroke of change.renamed) this.rename(stroke);
  }

  /** The view moved: mount what comes near, drop what is far. */
  follow() {
    this.lookAhead();
    const near = this.near();
    const far = this.viewport.visible(DROP_BEYOND_PX);
    for (const tile of this.tiles.values()) {
      const { column, row } = tile;
      const out =
        (column + 1) * CELL < far.x0 ||
        column * CELL > far.x1 ||
        (row + 1) * CELL < far.y0 ||
        row * CELL > far.y1;
      if (out) this.drop(tile);
    }
    forCells(near, (key) => {
      if (!this.tiles.has(key)) this.mount(key);
    });
    this.sortQueue();
  }

  /** Work out how far the view will have moved soon if it goes on like this. */
  lookAhead() {
    const { seen, viewport } = this;
    const nowMs = performance.now();
    const elapsed = nowMs - seen.atMs;
    if (elapsed < 4) return;
    const reach = (/** @type {number} */ way) =>
      elapsed > 200 ? 0 : Math.max(-MOST_AHEAD_PX, Math.min(MOST_AHEAD_PX, (way / elapsed) * LOOK_AHEAD_MS));
    this.ahead = { x: reach(seen.x - viewport.exactX), y: reach(seen.y - viewport.exactY) };
    this.seen = { x: viewport.exactX, y: viewport.exactY, atMs: nowMs };
  }

  /** @returns {import("../core/path_data.js").Bounds} where tiles are to be filled */
  near() {
    const { x, y } = this.ahead;
    const box = this.viewport.visible(FILL_AHEAD_PX);
    const { scale } = this.viewport;
    if (x < 0) box.x0 += x / scale;
    else box.x1 += x / scale;
    if (y < 0) box.y0 += y / scale;
    else box.y1 += y / scale;
    return box;
  }

  /** The zoom is settled: give every tile its new size. */
  rescale() {
    this.scale = this.viewport.scale;
    for (const tile of this.tiles.values()) this.place(tile);
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

  /** @param {string} key @returns {Tile} */
  newTile(key) {
    const [column, row] = key.split(",").map(Number);
    /** @type {Tile} */
    const tile = { key, column, row, ink: newSheet(), marker: newSheet(), waiting: [], next: 0 };
    this.tiles.set(key, tile);
    this.place(tile);
    return tile;
  }

  /** @param {Tile} tile */
  place(tile) {
    const { viewport, scale } = this;
    const left = viewport.snapBox(tile.column * CELL * scale);
    const top = viewport.snapBox(tile.row * CELL * scale);
    const right = viewport.snapBox((tile.column + 1) * CELL * scale);
    const bottom = viewport.snapBox((tile.row + 1) * CELL * scale);
    for (const { svg, group } of [tile.ink, tile.marker]) {
      svg.style.left = `${left}px`;
      svg.style.top = `${top}px`;
      svg.style.width = `${right - left}px`;
      svg.style.height = `${bottom - top}px`;
      group.setAttribute("transform", `matrix(${scale} 0 0 ${scale} ${-left} ${-top})`);
    }
  }

  /** @param {Tile} tile */
  drop(tile) {
    tile.ink.svg.remove();
    tile.marker.svg.remove();
    if (tile.waiting.length) this.queue = this.queue.filter((one) => one !== tile);
    this.tiles.delete(tile.key);
  }

  sortQueue() {
    if (this.queue.length < 2) return;
    const { viewport } = this;
    const x = viewport.sheetX(viewport.width / 2 + this.ahead.x / 3) / CELL - 0.5;
    const y = viewport.sheetY(viewport.height / 2 + this.ahead.y / 3) / CELL - 0.5;
    const distance = (/** @type {Tile} */ tile) => (tile.column - x) ** 2 + (tile.row - y) ** 2;
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
      for (let i = 0; i < 8 && tile.next < tile.waiting.length; i++) {
        const stroke = tile.waiting[tile.next++];
        if (stroke.shown) this.draw(tile, stroke);
      }
      if (tile.next < tile.waiting.length) continue;
      this.attach(tile);
      this.countJoined(tile.waiting.length);
      tile.waiting = [];
      tile.next = 0;
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
    const { x0, y0, x1, y1 } = this.viewport.visible();
    const seen = (/** @type {Tile} */ tile) =>
      tile.column <= cellOf(x1) &&
      tile.column >= cellOf(x0) &&
      tile.row <= cellOf(y1) &&
      tile.row >= cellOf(y0);
    return this.queue.some((tile) => tile.waiting.length > 0 && seen(tile));
  }

  /**
   * @param {Stroke} stroke that is visible now
   * @param {import("../core/path_data.js").Bounds} near where tiles are to be filled
   * @param {import("../core/path_data.js").Bounds} kept where tiles may be
   */
  add(stroke, near, kept) {
    if (!overlaps(stroke.bounds, kept)) return;
    const loaded = stroke.seq === 0;
    forCells(meet(stroke.bounds, kept), (key) => {
      let tile = this.tiles.get(key);
      if (!tile && !isNear(key, near)) return;
      tile ??= this.newTile(key);
      if (loaded) this.wait(tile, stroke);
      else {
        this.draw(tile, stroke);
        this.attach(tile);
      }
    });
  }

  /**
   * Strokes of a document that is being loaded, or scrolled to, are drawn in slices.
   *
   * @param {Tile} tile
   * @param {Stroke} stroke
   */
  wait(tile, stroke) {
    if (tile.waiting.length === 0) this.queue.unshift(tile);
    tile.waiting.push(stroke);
    this.slices.wake();
  }

  /** @param {Stroke} stroke */
  remove(stroke) {
    for (const { ink, marker } of this.tiles.values()) {
      for (const sheet of [ink, marker]) {
        const node = sheet.nodes.get(stroke);
        if (!node) continue;
        node.remove();
        sheet.nodes.delete(stroke);
        sheet.strokes.splice(sheet.strokes.indexOf(stroke), 1);
      }
    }
  }

  /**
   * Hide or show a stroke without the document's knowing.
   *
   * @param {Stroke} stroke
   * @param {boolean} veiled
   */
  veil(stroke, veiled) {
    for (const { ink, marker } of this.tiles.values()) {
      for (const sheet of [ink, marker]) sheet.nodes.get(stroke)?.classList.toggle("veiled", veiled);
    }
  }

  /**
   * Draw a stroke otherwise than the document has it, until it changes there.
   *
   * @param {Stroke} stroke
   * @param {string[] | null} paths path data; null for what the document has
   */
  showPaths(stroke, paths) {
    const [style] = this.pathsOf(stroke);
    for (const { ink, marker } of this.tiles.values()) {
      for (const sheet of [ink, marker]) {
        const node = sheet.nodes.get(stroke);
        if (!node) continue;
        const shown = paths === null ? this.strokeNode(stroke) : svgElement("g");
        for (const d of paths ?? []) shown.append(pathNode({ ...style, d }, this.shown));
        node.replaceWith(shown);
        sheet.nodes.set(stroke, shown);
      }
    }
  }

  /** @param {Stroke} stroke that got its id: its place among the others may be another */
  rename(stroke) {
    for (const { ink, marker } of this.tiles.values()) {
      for (const sheet of [ink, marker]) {
        const node = sheet.nodes.get(stroke);
        if (!node) continue;
        node.dataset.key = stroke.key;
        const at = sheet.strokes.indexOf(stroke);
        const before = sheet.strokes[at - 1];
        const after = sheet.strokes[at + 1];
        if ((!before || before.order < stroke.order) && (!after || after.order > stroke.order)) continue;
        sheet.strokes.splice(at, 1);
        insert(sheet, stroke, node);
      }
    }
  }

  /**
   * @param {Tile} tile
   * @param {Stroke} stroke
   */
  draw(tile, stroke) {
    const isMarker = stroke.tool() === "marker";
    const sheet = isMarker ? tile.marker : tile.ink;
    if (sheet.nodes.has(stroke)) return;
    insert(sheet, stroke, this.strokeNode(stroke));
  }

  /**
   * A tile joins the page when it is filled: the browser paints it once, not after every slice.
   *
   * @param {Tile} tile
   */
  attach({ ink, marker }) {
    if (!ink.svg.isConnected) this.inks.append(ink.svg);
    if (marker.strokes.length && !marker.svg.isConnected) this.markers.append(marker.svg);
  }

  /** @param {Stroke} stroke @returns {import("../core/fragment.js").StrokePath[]} */
  pathsOf({ text }) {
    const plain = plainPath(text);
    return plain ? [plain] : (this.notebook.serverInk?.parseFragment(text).paths ?? []);
  }

  /** @param {Stroke} stroke @returns {SVGElement} */
  strokeNode(stroke) {
    const paths = this.pathsOf(stroke);
    /** @type {SVGElement} */
    let node;
    if (paths.length === 1) node = pathNode(paths[0], this.shown);
    else {
      node = svgElement("g");
      for (const path of paths) node.append(pathNode(path, this.shown));
    }
    node.dataset.key = stroke.key;
    return node;
  }
}

/** @returns {Sheet} */
function newSheet() {
  const svg = svgElement("svg", { class: "board-tile", "aria-hidden": "true" });
  const group = svgElement("g");
  svg.append(group);
  return { svg, group, strokes: [], nodes: new Map() };
}

/**
 * Put a node where its stroke's order says.
 *
 * @param {Sheet} sheet
 * @param {Stroke} stroke
 * @param {SVGElement} node
 */
function insert(sheet, stroke, node) {
  const { strokes, nodes, group } = sheet;
  let at = strokes.length;
  if (at && strokes[at - 1].order > stroke.order) {
    let low = 0;
    while (low < at) {
      const middle = (low + at) >> 1;
      if (strokes[middle].order < stroke.order) low = middle + 1;
      else at = middle;
    }
  }
  const after = strokes[at];
  group.insertBefore(node, after ? (nodes.get(after) ?? null) : null);
  strokes.splice(at, 0, stroke);
  nodes.set(stroke, node);
}

/**
 * @param {string} key of a cell
 * @param {import("../core/path_data.js").Bounds} near
 */
function isNear(key, near) {
  const [column, row] = key.split(",").map(Number);
  const inColumns = column >= cellOf(near.x0) && column <= cellOf(near.x1);
  return inColumns && row >= cellOf(near.y0) && row <= cellOf(near.y1);
}

/**
 * @param {import("../core/path_data.js").Bounds} a
 * @param {import("../core/path_data.js").Bounds} b
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

/**
 * @param {StrokePath} path checked values
 * @param {(colour: string) => string} shown how the theme shows a stored colour
 * @returns {SVGElement}
 */
export function pathNode(path, shown) {
  const node = svgElement("path");
  for (const [name, value] of Object.entries(path)) {
    const isColour = (name === "fill" || name === "stroke") && value !== "none";
    node.setAttribute(name, isColour ? shown(value) : value);
  }
  return node;
}
