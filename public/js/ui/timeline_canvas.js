/**
 * Draws any moment of a notebook's history. Owns the pixels: pictures of the sheet at every so many changes
 * (keyframes), and the way from one of them, or from what is shown, to the moment that is wanted: new ink is
 * painted on top, and where ink goes away only that part is painted again.
 */

import { parseFragment } from "../core/fragment.js";
import { ruling } from "../core/paper_rules.js";

/** @typedef {import("../core/timeline.js").Timeline} Timeline */
/** @typedef {import("../core/timeline.js").Life} Life */
/** @typedef {import("../core/path_data.js").Bounds} Bounds */
/** @typedef {{path: Path2D, fill: string, line: string, width: number, alpha: number}} Shape */

const KEYFRAMES = 48;
/** A keyframe for fewer changes than this gains nothing. */
const LEAST_STEP = 60;
/** Pixels of one picture, at most: the keyframes are many. */
const MOST_PIXELS = 1_000_000;
/** Above this many vanishing strokes the whole sheet is painted again. */
const MOST_HOLES = 300;
/** Keyframes are made in pieces of at most this long, ms. */
const SLICE_MS = 8;
const BORDER = 24;
/** Side of a cell in which lives are looked up by place, sheet units. */
const CELL = 1000;

export class TimelineCanvas {
  #scale = 1;
  #x = 0;
  #y = 0;
  /** @type {{seq: number, canvas: HTMLCanvasElement}[]} in order of seq */ #keyframes = [];
  #turn = 0;
  /** @type {Life[]} */ #ordered = [];
  /** @type {Map<string, Life[]>} by the cells their box touches */ #cells = new Map();
  #paper = "";
  shown = -1;

  /**
   * @param {Timeline} timeline
   * @param {(colour: string) => string} colourOf how the theme shows a stored colour
   */
  constructor(timeline, colourOf) {
    this.timeline = timeline;
    this.colourOf = colourOf;
    this.step = Math.max(LEAST_STEP, Math.ceil(timeline.entries.length / KEYFRAMES));
    this.#ordered = [...timeline.lives].sort((a, b) => a.order - b.order || a.from - b.from);
    for (const life of this.#ordered) {
      for (const key of cellsOf(life.bounds)) {
        const cell = this.#cells.get(key);
        if (cell) cell.push(life);
        else this.#cells.set(key, [life]);
      }
    }
    this.paper = document.createElement("canvas");
    this.ink = document.createElement("canvas");
    this.pen = penOf(this.ink);
  }

  /**
   * Fits the whole history into a box.
   *
   * @param {number} width CSS pixels
   * @param {number} height
   * @param {number} ratio device pixels per CSS pixel
   */
  lay(width, height, ratio) {
    const dense = Math.min(ratio, Math.sqrt(MOST_PIXELS / Math.max(1, width * height)));
    for (const canvas of [this.paper, this.ink]) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const box = this.timeline.bounds() ?? { x0: 0, y0: 0, x1: 12_000, y1: 8000 };
    const fit = Math.min(
      (width - 2 * BORDER) / (box.x1 - box.x0 + 1),
      (height - 2 * BORDER) / (box.y1 - box.y0 + 1),
      0.1,
    );
    this.dense = dense;
    this.#scale = fit * dense;
    this.#x = (width * dense) / 2 - ((box.x0 + box.x1) / 2) * this.#scale;
    this.#y = (height * dense) / 2 - ((box.y0 + box.y1) / 2) * this.#scale;
    this.#keyframes = [];
    this.shown = -1;
    this.#paper = "";
  }

  /**
   * Makes the keyframes, oldest first, letting the page work in between.
   *
   * @param {() => Promise<void>} pause
   */
  async prepare(pause) {
    const turn = ++this.#turn;
    const canvas = this.#copy(null);
    const pen = penOf(canvas);
    const { base, head } = this.timeline;
    this.#draw(pen, this.#alive(base), null);
    let until = performance.now() + SLICE_MS;
    for (let from = base; from < head; ) {
      const to = Math.min(from + 40, head, Math.floor((from - base) / this.step + 1) * this.step + base);
      this.#move(pen, from, to);
      from = to;
      if ((to - base) % this.step === 0) this.#keyframes.push({ seq: to, canvas: this.#copy(canvas) });
      if (performance.now() < until) continue;
      await pause();
      if (turn !== this.#turn) return;
      until = performance.now() + SLICE_MS;
    }
  }

  /** @param {number} seq the moment after this change */
  draw(seq) {
    const { pen } = this;
    this.#layPaper(seq);
    if (seq === this.shown) return;
    const key = this.#keyframes.filter((one) => one.seq <= seq).at(-1);
    const near = this.shown < 0 ? Infinity : Math.abs(seq - this.shown);
    if (key && seq - key.seq < near) {
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, this.ink.width, this.ink.height);
      pen.drawImage(key.canvas, 0, 0);
      this.#move(pen, key.seq, seq);
    } else if (near <= 4 * this.step) this.#move(pen, this.shown, seq);
    else {
      this.#clear(pen);
      this.#draw(pen, this.#alive(seq), null);
    }
    this.shown = seq;
  }

  /**
   * @param {number} x CSS pixels within the canvas
   * @param {number} y
   * @param {number} seq
   * @returns {Life|null} the topmost stroke there at that moment
   */
  pick(x, y, seq) {
    const { pen } = this;
    const dense = this.dense ?? 1;
    const [px, py] = [x * dense, y * dense];
    const reach = (12 * dense) / this.#scale;
    const [sx, sy] = [(px - this.#x) / this.#scale, (py - this.#y) / this.#scale];
    pen.setTransform(this.#scale, 0, 0, this.#scale, this.#x, this.#y);
    pen.lineWidth = reach * 2;
    for (const life of this.#alive(seq).reverse()) {
      const { x0, y0, x1, y1 } = life.bounds;
      if (sx < x0 - reach || sx > x1 + reach || sy < y0 - reach || sy > y1 + reach) continue;
      for (const { path } of shapesOf(life)) {
        if (pen.isPointInPath(path, px, py) || pen.isPointInStroke(path, px, py)) return life;
      }
    }
    return null;
  }

  /** @param {Life} life @returns {{left: number, top: number, width: number, height: number}} CSS pixels */
  boxOf({ bounds }) {
    const dense = this.dense ?? 1;
    const at = (/** @type {number} */ value, /** @type {number} */ offset) =>
      (value * this.#scale + offset) / dense;
    const left = at(bounds.x0, this.#x);
    const top = at(bounds.y0, this.#y);
    return { left, top, width: at(bounds.x1, this.#x) - left, height: at(bounds.y1, this.#y) - top };
  }

  /** @param {number} seq @returns {Life[]} in drawing order */
  #alive(seq) {
    return this.#ordered.filter((life) => life.from <= seq && seq < life.to);
  }

  /**
   * @param {Bounds[]} boxes
   * @param {number} seq
   * @returns {Life[]} what was seen then in these boxes, in drawing order
   */
  #around(boxes, seq) {
    const aside = 2 / this.#scale;
    /** @type {Set<Life>} */
    const found = new Set();
    for (const { x0, y0, x1, y1 } of boxes) {
      const box = { x0: x0 - aside, y0: y0 - aside, x1: x1 + aside, y1: y1 + aside };
      for (const key of cellsOf(box)) {
        for (const life of this.#cells.get(key) ?? []) {
          if (life.from > seq || life.to <= seq) continue;
          const { bounds } = life;
          if (bounds.x0 > box.x1 || bounds.x1 < box.x0 || bounds.y0 > box.y1 || bounds.y1 < box.y0) continue;
          found.add(life);
        }
      }
    }
    return [...found].sort((one, other) => one.order - other.order);
  }

  /**
   * From one moment to another, forwards or back.
   *
   * @param {CanvasRenderingContext2D} pen
   * @param {number} a
   * @param {number} b
   */
  #move(pen, a, b) {
    const { begins, ends } = this.timeline;
    /** @type {Set<Life>} */
    const touched = new Set();
    for (let seq = Math.min(a, b) + 1; seq <= Math.max(a, b); seq++) {
      for (const life of begins.get(seq) ?? []) touched.add(life);
      for (const life of ends.get(seq) ?? []) touched.add(life);
    }
    const at = (/** @type {Life} */ life, /** @type {number} */ seq) => life.from <= seq && seq < life.to;
    const gone = [...touched].filter((life) => at(life, a) && !at(life, b));
    const fresh = [...touched].filter((life) => at(life, b) && !at(life, a));
    const news = new Set(
      fresh.filter((life) => a < b && this.timeline.writers.get(life.id)?.seq === life.from),
    );
    // What is written for the first time lies on top; what comes back may lie beneath.
    const holes = [...gone, ...fresh.filter((life) => !news.has(life))];
    if (holes.length > MOST_HOLES) {
      this.#clear(pen);
      this.#draw(pen, this.#alive(b), null);
    } else if (holes.length > 0) {
      const boxes = holes.map((life) => life.bounds);
      this.#draw(pen, this.#around(boxes, b), boxes, news);
    }
    if (holes.length <= MOST_HOLES)
      this.#draw(
        pen,
        [...news].sort((x, y) => x.order - y.order),
        null,
      );
  }

  /** @param {CanvasRenderingContext2D} pen */
  #clear(pen) {
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Life[]} lives in drawing order
   * @param {Bounds[]|null} holes only what lies in these is painted again
   * @param {Set<Life>} [without]
   */
  #draw(pen, lives, holes, without) {
    pen.save();
    if (holes) {
      pen.setTransform(1, 0, 0, 1, 0, 0);
      const clip = new Path2D();
      const rects = holes.map((box) => this.#pixels(box));
      for (const [x0, y0, x1, y1] of rects) clip.rect(x0, y0, x1 - x0, y1 - y0);
      pen.clip(clip);
      for (const [x0, y0, x1, y1] of rects) pen.clearRect(x0, y0, x1 - x0, y1 - y0);
    }
    pen.setTransform(this.#scale, 0, 0, this.#scale, this.#x, this.#y);
    for (const life of lives) {
      if (without?.has(life)) continue;
      for (const shape of shapesOf(life)) this.#paint(pen, shape);
    }
    pen.restore();
  }

  /** @param {CanvasRenderingContext2D} pen @param {Shape} shape */
  #paint(pen, { path, fill, line, width, alpha }) {
    pen.globalAlpha = alpha;
    if (fill !== "none") {
      pen.fillStyle = this.colourOf(fill);
      pen.fill(path);
    }
    if (line !== "none") {
      pen.strokeStyle = this.colourOf(line);
      pen.lineWidth = width;
      pen.stroke(path);
    }
  }

  /** @param {Bounds} box @returns {[number, number, number, number]} whole pixels around it */
  #pixels({ x0, y0, x1, y1 }) {
    const s = this.#scale;
    return [
      Math.floor(x0 * s + this.#x) - 1,
      Math.floor(y0 * s + this.#y) - 1,
      Math.ceil(x1 * s + this.#x) + 1,
      Math.ceil(y1 * s + this.#y) + 1,
    ];
  }

  /** @param {HTMLCanvasElement|null} from @returns {HTMLCanvasElement} of the same size */
  #copy(from) {
    const canvas = document.createElement("canvas");
    canvas.width = this.ink.width;
    canvas.height = this.ink.height;
    if (from) penOf(canvas).drawImage(from, 0, 0);
    return canvas;
  }

  /** @param {number} seq */
  #layPaper(seq) {
    const paper = this.timeline.paperAt(seq);
    const name = `${paper.paper} ${paper.margin}`;
    if (name === this.#paper) return;
    this.#paper = name;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.paper.getContext("2d"));
    this.#clear(pen);
    pen.setTransform(this.#scale, 0, 0, this.#scale, this.#x, this.#y);
    const s = this.#scale;
    const box = {
      x0: -this.#x / s,
      y0: -this.#y / s,
      x1: (this.paper.width - this.#x) / s,
      y1: (this.paper.height - this.#y) / s,
    };
    for (const { colour, width, dash, d } of ruling(paper, box)) {
      pen.globalAlpha = 0.5;
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.lineCap = dash ? "round" : "butt";
      pen.setLineDash(dash ? [0, dash] : []);
      pen.stroke(new Path2D(d));
    }
    pen.setLineDash([]);
  }
}

/** @param {Life} life @returns {Shape[]} */
function shapesOf(life) {
  life.shape ??= parseFragment(life.text).paths.map((path) => ({
    path: new Path2D(path.d),
    fill: path.fill ?? "#000000",
    line: path.stroke ?? "none",
    width: Number(path["stroke-width"] ?? 1),
    alpha: Number(path.opacity ?? 1) * Number(path["fill-opacity"] ?? 1),
  }));
  return life.shape;
}

/** @param {Bounds} box @returns {string[]} cells it touches */
function cellsOf({ x0, y0, x1, y1 }) {
  const keys = [];
  for (let row = Math.floor(y0 / CELL); row <= Math.floor(y1 / CELL); row++) {
    for (let column = Math.floor(x0 / CELL); column <= Math.floor(x1 / CELL); column++)
      keys.push(`${column},${row}`);
  }
  return keys;
}

/**
 * The keyframes are painted into each other all the time: in memory that costs less than on the way to a screen.
 *
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
function penOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
}
