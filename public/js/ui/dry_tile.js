/**
 * One tile of finished ink: the SVG of one grid cell, and the strokes in it in their drawing order.
 *
 * Owns the tile's nodes: a sheet for the ink and one below it for the marker, each clipped on whole device pixels, and
 * in each one node per stroke where the stroke's order says. Keeps the strokes that are still to be drawn, too; which
 * tiles there are, and when which is filled, belongs to `dry_layer.js`. Also makes the nodes of a stroke's paths.
 */
import { CELL, cellOf, plainPath } from "../core/stroke.js";
import { svgElement } from "./dom.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../core/fragment.js").StrokePath} StrokePath */
/** @typedef {import("../core/path_data.js").Bounds} Bounds */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/** @typedef {{svg: SVGElement, group: SVGElement, strokes: Stroke[], nodes: Map<Stroke, SVGElement>}} Sheet */

export class DryTile {
  /**
   * @param {string} key of its cell
   * @param {NotebookDocument} notebook reads the strokes that are not plain
   * @param {(colour: string) => string} shown how the theme shows a stored colour
   */
  constructor(key, notebook, shown) {
    this.key = key;
    const { column, row } = cellAt(key);
    this.column = column;
    this.row = row;
    this.notebook = notebook;
    this.shown = shown;
    this.ink = newSheet();
    this.marker = newSheet();
    this.sheets = [this.ink, this.marker];
    /** @type {Stroke[]} strokes that are to come into the page */
    this.waiting = [];
    /** How many of them have. */
    this.next = 0;
  }

  /** @param {Bounds} box @returns {boolean} whether all of it lies outside */
  isBeyond(box) {
    const { column, row } = this;
    return (
      (column + 1) * CELL < box.x0 ||
      column * CELL > box.x1 ||
      (row + 1) * CELL < box.y0 ||
      row * CELL > box.y1
    );
  }

  /**
   * @param {Viewport} viewport
   * @param {number} scale CSS pixels per sheet unit, at which tiles are laid out
   */
  place(viewport, scale) {
    const left = viewport.snapBox(this.column * CELL * scale);
    const top = viewport.snapBox(this.row * CELL * scale);
    const right = viewport.snapBox((this.column + 1) * CELL * scale);
    const bottom = viewport.snapBox((this.row + 1) * CELL * scale);
    for (const { svg, group } of this.sheets) {
      svg.style.left = `${left}px`;
      svg.style.top = `${top}px`;
      svg.style.width = `${right - left}px`;
      svg.style.height = `${bottom - top}px`;
      group.setAttribute("transform", `matrix(${scale} 0 0 ${scale} ${-left} ${-top})`);
    }
  }

  /**
   * A tile joins the page when it is filled: the browser paints it once, not after every slice.
   *
   * @param {HTMLElement} inks
   * @param {HTMLElement} markers
   */
  attach(inks, markers) {
    const { ink, marker } = this;
    if (!ink.svg.isConnected) inks.append(ink.svg);
    if (marker.strokes.length && !marker.svg.isConnected) markers.append(marker.svg);
  }

  detach() {
    for (const { svg } of this.sheets) svg.remove();
  }

  /**
   * @param {number} most strokes to draw of those that wait
   * @returns {boolean} whether none is left
   */
  drawWaiting(most) {
    for (let i = 0; i < most && this.next < this.waiting.length; i++) {
      const stroke = this.waiting[this.next++];
      if (stroke.shown) this.draw(stroke);
    }
    return this.next >= this.waiting.length;
  }

  /** @returns {number} how many strokes waited; none does any more */
  endWaiting() {
    const count = this.waiting.length;
    this.waiting = [];
    this.next = 0;
    return count;
  }

  /** @param {Stroke} stroke */
  draw(stroke) {
    const sheet = stroke.tool() === "marker" ? this.marker : this.ink;
    if (sheet.nodes.has(stroke)) return;
    insert(sheet, stroke, this.strokeNode(stroke));
  }

  /** @param {Stroke} stroke */
  remove(stroke) {
    for (const sheet of this.sheets) {
      const node = sheet.nodes.get(stroke);
      if (!node) continue;
      node.remove();
      sheet.nodes.delete(stroke);
      sheet.strokes.splice(sheet.strokes.indexOf(stroke), 1);
    }
  }

  /**
   * @param {Stroke} stroke
   * @param {boolean} veiled
   */
  veil(stroke, veiled) {
    for (const { nodes } of this.sheets) nodes.get(stroke)?.classList.toggle("veiled", veiled);
  }

  /**
   * @param {Stroke} stroke
   * @param {string[] | null} paths path data; null for what the document has
   */
  showPaths(stroke, paths) {
    for (const { nodes } of this.sheets) {
      const node = nodes.get(stroke);
      if (!node) continue;
      const [style] = this.pathsOf(stroke);
      const shown = paths === null ? this.strokeNode(stroke) : svgElement("g");
      for (const d of paths ?? []) shown.append(pathNode({ ...style, d }, this.shown));
      node.replaceWith(shown);
      nodes.set(stroke, shown);
    }
  }

  /** @param {Stroke} stroke that got its id: its place among the others may be another */
  rename(stroke) {
    for (const sheet of this.sheets) {
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

  /** @param {Stroke} stroke @returns {StrokePath[]} */
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

/** @param {string} key of a cell */
export function cellAt(key) {
  const [column, row] = key.split(",").map(Number);
  return { column, row };
}

/**
 * @param {{column: number, row: number}} cell or the tile of one
 * @param {Bounds} box
 * @returns {boolean} whether the box reaches into the cell
 */
export function isCellIn({ column, row }, box) {
  const inColumns = column >= cellOf(box.x0) && column <= cellOf(box.x1);
  return inColumns && row >= cellOf(box.y0) && row <= cellOf(box.y1);
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
