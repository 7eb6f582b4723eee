/**
 * Lasso and rectangle: choose strokes, then move, scale, recolour, delete, duplicate, copy and paste them.
 *
 * Owns the set of chosen strokes and the drag in progress; both tools share one selection. Every action is one
 * undo entry. Drawing the selection is `selection_layer.js`'s, its arithmetic `core/selection.js`'s.
 */
import { formatClipboard, parseClipboard } from "../../core/clipboard.js";
import { formatFragment, parseFragment } from "../../core/fragment.js";
import { strokeIsHit, strokeIsWithin } from "../../core/hit_tests.js";
import { gripAt, moveOf } from "../../core/selection.js";
import { boxOf } from "../../core/stroke.js";
import { transformFragment } from "../../core/transform.js";

/** @typedef {import("../pointer_input.js").Sample} Sample */
/** @typedef {import("../../core/stroke.js").Stroke} Stroke */
/** @typedef {import("../../core/fragment.js").Fragment} Fragment */
/** @typedef {import("../surface.js").Surface} Surface */

/** A corner is gripped within this distance, and a press that moved less is a tap, CSS pixels. */
const REACH_PX = 14;
const TAP_PX = 5;
/** A duplicate lies this far from its original, sheet units. */
const ASIDE = 160;

/** What lasso and rectangle have in common: the chosen strokes. */
export class Selection {
  /**
   * @param {Surface} surface
   * @param {import("../selection_layer.js").SelectionLayer} layer
   */
  constructor(surface, layer) {
    this.surface = surface;
    this.layer = layer;
    /** @type {Set<Stroke>} */
    this.strokes = new Set();
    this.copied = "";
  }

  get isEmpty() {
    return this.strokes.size === 0;
  }

  get box() {
    return boxOf(this.strokes);
  }

  /** @param {Iterable<Stroke>} strokes */
  choose(strokes) {
    this.strokes = new Set([...strokes].filter((stroke) => stroke.shown && this.surface.mayAlter(stroke)));
    this.layer.showBox(this.box);
    this.surface.tell("selectionchange");
  }

  /** The document changed: what is gone is chosen no longer. */
  follow() {
    if (this.isEmpty) return;
    const kept = [...this.strokes].filter((stroke) => stroke.shown);
    if (kept.length < this.strokes.size) this.choose(kept);
    else this.layer.showBox(this.box);
  }

  all() {
    this.choose([...this.surface.document.strokes.values()]);
  }

  remove() {
    if (this.isEmpty) return;
    this.surface.change("e", { ids: this.keys() });
    this.surface.commit();
    this.choose([]);
  }

  /** @param {string} fill `#rrggbb` */
  recolour(fill) {
    if (this.isEmpty) return;
    this.surface.change("s", { ids: this.keys(), fill });
    this.surface.commit();
  }

  /** @param {import("../../core/transform.js").Move} move */
  transform({ by, scale }) {
    this.surface.change("m", scale ? { ids: this.keys(), by, scale } : { ids: this.keys(), by });
    this.surface.commit();
  }

  duplicate() {
    this.add(this.fragments(), ASIDE, ASIDE);
  }

  /** @returns {string} text for the clipboard; "" if nothing is chosen */
  copy() {
    const { box } = this;
    if (!box) return "";
    this.copied = formatClipboard(this.fragments(), box);
    return this.copied;
  }

  /** @returns {string} as `copy`, and the strokes go */
  cut() {
    const text = this.copy();
    this.remove();
    return text;
  }

  /**
   * @param {string} text from the clipboard
   * @returns {boolean} whether there were strokes in it
   */
  paste(text) {
    const fragments = parseClipboard(text);
    if (fragments.length === 0) return false;
    const { viewport } = this.surface;
    const numbers = /viewBox="([\d.-]+) ([\d.-]+) ([\d.-]+) ([\d.-]+)"/.exec(text)?.slice(1).map(Number);
    const [x, y, width, height] = numbers ?? [0, 0, 0, 0];
    const seen = viewport.visible();
    const inView = x < seen.x1 && x + width > seen.x0 && y < seen.y1 && y + height > seen.y0;
    const dx = inView ? ASIDE : (seen.x0 + seen.x1) / 2 - x - width / 2;
    const dy = inView ? ASIDE : (seen.y0 + seen.y1) / 2 - y - height / 2;
    this.add(fragments, Math.round(dx), Math.round(dy));
    return true;
  }

  /** @returns {string[]} */
  keys() {
    return [...this.strokes].map((stroke) => stroke.key);
  }

  fragments() {
    return [...this.strokes].sort((a, b) => a.order - b.order).map((stroke) => parseFragment(stroke.text));
  }

  /**
   * @param {Fragment[]} fragments
   * @param {number} dx
   * @param {number} dy
   */
  add(fragments, dx, dy) {
    if (fragments.length === 0) return;
    const ops = fragments.map((fragment) => {
      const moved = transformFragment({ ...fragment, id: undefined }, { by: [dx, dy] });
      return this.surface.change("a", formatFragment(moved));
    });
    this.surface.commit();
    const added = ops.map((op) => this.surface.document.stroke(`op:${op}`));
    this.choose(added.filter((stroke) => stroke !== undefined));
  }
}

export class SelectionTool {
  /**
   * @param {Selection} selection
   * @param {"lasso" | "rectangle"} shape
   */
  constructor(selection, shape) {
    this.selection = selection;
    this.surface = selection.surface;
    this.shape = shape;
    /** @type {number[]} flat x, y of the way of the pointer */
    this.way = [];
    /** @type {import("../../core/selection.js").Grip | null} */
    this.grip = null;
    /** @type {import("../../core/transform.js").Move | null} */
    this.move = null;
  }

  /** @param {Sample} sample */
  begin({ x, y }) {
    this.way = [x, y];
    this.move = null;
    const { box, strokes, layer } = this.selection;
    this.grip = box ? gripAt(box, x, y, REACH_PX / this.surface.viewport.scale) : null;
    if (!this.grip) return;
    layer.lift(strokes);
    for (const stroke of strokes) this.surface.veil(stroke);
  }

  /** @param {Sample[]} samples */
  extend(samples) {
    for (const { x, y } of samples) this.way.push(x, y);
    this.surface.requestFrame();
  }

  frame() {
    const { layer, box } = this.selection;
    if (!this.grip) {
      layer.showTrail(this.polygon());
      return;
    }
    if (!box) return;
    this.move = moveOf(box, this.grip, this.way[0], this.way[1], ...this.end());
    layer.drag(this.move ?? { by: [0, 0] });
  }

  finish() {
    const { selection } = this;
    selection.layer.showTrail([]);
    if (this.grip) {
      const { box } = selection;
      const move = box && moveOf(box, this.grip, this.way[0], this.way[1], ...this.end());
      if (move) selection.transform(move);
      this.settle();
    } else selection.choose(this.isTap() ? this.strokesAt() : this.strokesWithin());
    this.way = [];
  }

  discard() {
    this.selection.layer.showTrail([]);
    if (this.grip) this.settle();
    this.way = [];
  }

  settle() {
    const { strokes, layer } = this.selection;
    for (const stroke of strokes) this.surface.unveil(stroke);
    layer.drop();
    this.selection.follow();
    this.grip = null;
  }

  /** @returns {[number, number]} where the pointer is */
  end() {
    return [this.way[this.way.length - 2], this.way[this.way.length - 1]];
  }

  isTap() {
    const [x, y] = this.end();
    return (
      Math.hypot(x - this.way[0], y - this.way[1]) * this.surface.viewport.scale < TAP_PX &&
      this.way.length < 40
    );
  }

  /** @returns {number[]} what is drawn around, flat x, y */
  polygon() {
    if (this.shape === "lasso") return this.way;
    const [x0, y0] = this.way;
    const [x1, y1] = this.end();
    return [x0, y0, x1, y0, x1, y1, x0, y1];
  }

  /** @returns {Stroke[]} the topmost stroke under a tap */
  strokesAt() {
    const [x, y] = this.end();
    const reach = REACH_PX / 2 / this.surface.viewport.scale;
    const box = { x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach };
    const hit = [...this.surface.document.index.query(box)].filter((stroke) =>
      strokeIsHit(stroke, x, y, x, y, reach),
    );
    return hit.sort((a, b) => b.order - a.order).slice(0, 1);
  }

  /** @returns {Stroke[]} */
  strokesWithin() {
    const polygon = this.polygon();
    const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    for (let i = 0; i < polygon.length; i += 2) {
      box.x0 = Math.min(box.x0, polygon[i]);
      box.x1 = Math.max(box.x1, polygon[i]);
      box.y0 = Math.min(box.y0, polygon[i + 1]);
      box.y1 = Math.max(box.y1, polygon[i + 1]);
    }
    return [...this.surface.document.index.query(box)].filter((stroke) => strokeIsWithin(stroke, polygon));
  }
}
