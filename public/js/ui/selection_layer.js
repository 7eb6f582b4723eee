/**
 * What the selection looks like: lasso, box with corners, and the chosen strokes while they are dragged.
 *
 * Owns one SVG over the page. Chosen strokes are lifted into it while they move, so that the tiles below need not
 * change until the drag is over. svg.js draws here and turns a move into a matrix; it is loaded with the first
 * selection. What is chosen belongs to `selection_tool.js`.
 */
import { parseFragment } from "../core/fragment.js";
import { cornersOf } from "../core/selection.js";
import { svgElement } from "./dom.js";
import { pathNode } from "./dry_tile.js";

/** @typedef {import("../core/path_data.js").Bounds} Bounds */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */
/** @typedef {import("../core/transform.js").Move} Move */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/** Side of a corner's handle, CSS pixels. */
const HANDLE_PX = 11;

export class SelectionLayer {
  /**
   * @param {Viewport} viewport
   * @param {(colour: string) => string} shown how the theme shows a stored colour
   */
  constructor(viewport, shown) {
    this.viewport = viewport;
    this.shown = shown;
    this.node = svgElement("svg", { class: "board-selection", "aria-hidden": "true" });
    this.lifted = svgElement("g");
    this.trail = svgElement("path", { class: "selection-trail" });
    this.frame = svgElement("g");
    this.node.append(this.lifted, this.trail, this.frame);
    /** @type {typeof import("./svg_library.mjs") | null} */
    this.library = null;
    /** @type {Bounds | null} */
    this.box = null;
    /** @type {Move} */
    this.move = { by: [0, 0] };
  }

  /** Get svg.js, once. */
  async load() {
    this.library ??= await import("./svg_library.mjs");
    this.draw();
  }

  /** @param {number[]} points flat x, y of the lasso so far, sheet units */
  showTrail(points) {
    const { viewport } = this;
    let d = "";
    for (let i = 0; i < points.length; i += 2) {
      d += `${i ? "L" : "M"}${viewport.boardX(points[i]).toFixed(1)} ${viewport.boardY(points[i + 1]).toFixed(1)}`;
    }
    this.trail.setAttribute("d", d && `${d}Z`);
  }

  /** @param {Bounds | null} box of the chosen strokes, or none */
  showBox(box) {
    this.box = box;
    this.move = { by: [0, 0] };
    if (box && !this.library) void this.load();
    this.draw();
  }

  /** @param {Iterable<Stroke>} strokes to be dragged */
  lift(strokes) {
    this.lifted.replaceChildren();
    for (const stroke of strokes) {
      for (const path of parseFragment(stroke.text).paths) this.lifted.append(pathNode(path, this.shown));
    }
    this.draw();
  }

  /** The drag is over. */
  drop() {
    this.lifted.replaceChildren();
    this.move = { by: [0, 0] };
    this.draw();
  }

  /** @param {Move} move so far */
  drag(move) {
    this.move = move;
    this.draw();
  }

  /** Draw anew after a drag, a pan or a zoom. */
  draw() {
    this.frame.replaceChildren();
    const { library, box, viewport } = this;
    if (!library) return;
    const { by, scale: [f, x, y] = [1, 0, 0] } = this.move;
    const moved = new library.Matrix().scale(f, f, x, y).translate(by[0], by[1]);
    const placed = moved
      .scale(viewport.scale, viewport.scale, 0, 0)
      .translate(viewport.offsetX, viewport.offsetY);
    const { a, b, c, d, e, f: g } = placed;
    this.lifted.setAttribute("transform", `matrix(${a} ${b} ${c} ${d} ${e} ${g})`);
    if (box) this.drawBox(library, box, placed);
  }

  /**
   * @param {typeof import("./svg_library.mjs")} library
   * @param {Bounds} box
   * @param {InstanceType<typeof import("./svg_library.mjs").Matrix>} placed
   */
  drawBox({ SVG }, box, placed) {
    const at = (/** @type {[number, number]} */ [x, y]) => [placed.a * x + placed.e, placed.d * y + placed.f];
    const corners = Object.entries(cornersOf(box)).map(([grip, corner]) => ({ grip, place: at(corner) }));
    const [[left, top], [right, bottom]] = [at([box.x0, box.y0]), at([box.x1, box.y1])];
    const frame = SVG(this.frame);
    const outline = /** @type {any} */ (frame).rect(Math.max(1, right - left), Math.max(1, bottom - top));
    outline.move(left, top).radius(3).addClass("selection-box");
    for (const { grip, place } of corners) {
      const handle = /** @type {any} */ (frame).rect(HANDLE_PX, HANDLE_PX);
      handle.center(place[0], place[1]).radius(3).addClass(`selection-handle ${grip}`);
    }
  }
}
