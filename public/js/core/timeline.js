/**
 * A notebook's history, ready to be looked at in any moment of it.
 *
 * Owns the lives of the strokes: the log is replayed once through the page's own reducer (document.js), and what
 * appeared, vanished or changed becomes a Life, a stretch of numbers in which a stroke looked one way. What was
 * seen at a number is then a look-up. Also owns the way back: which changes bring strokes of a moment into the
 * notebook as it is now (C1, C6). Draws nothing, sends nothing.
 */

import { NotebookDocument } from "./document.js";
import { loadDocument } from "./document_reader.js";

/** @typedef {{seq: number, command: string, data: any, op: string, id?: string, author: {id: string, name: string}, at: number}} Entry */

/**
 * @typedef {object} Life one stroke while it looked one way
 * @property {string} id group id
 * @property {number} order drawing order
 * @property {number} from number of the change since which it is seen
 * @property {number} to number of the change by which it is gone; Infinity while it is there
 * @property {string} text canonical fragment
 * @property {import("./path_data.js").Bounds} bounds
 * @property {any} shape for whoever draws it
 */

/** Entries replayed before the page gets its turn. */
const SLICE = 200;

export class Timeline {
  /** @type {Life[]} in the order in which they began */ lives = [];
  /** @type {Map<number, Life[]>} by the number at which they begin */ begins = new Map();
  /** @type {Map<number, Life[]>} by the number at which they end */ ends = new Map();
  /** @type {Map<string, Entry>} the entry that added a stroke, by its id */ writers = new Map();
  /** @type {{seq: number, paper: import("./document.js").Paper}[]} */ papers = [];
  /** @type {Map<string, Entry>} */ #byOp = new Map();
  #notebook = new NotebookDocument();

  /** @param {Entry[]} entries whole log, oldest first @param {number} base number before the first */
  constructor(entries, base = 0) {
    this.entries = entries;
    this.base = base;
    this.head = entries.at(-1)?.seq ?? base;
  }

  /**
   * Replay the log.
   *
   * @param {string[]} strokes the notebook as it was at `base`
   * @param {() => Promise<void>} pause lets the page work and paint
   */
  async replay(strokes, pause) {
    const notebook = this.#notebook;
    /** @type {Map<import("./stroke.js").Stroke, Life>} */
    const open = new Map();
    let seq = this.base;
    const begin = (/** @type {import("./stroke.js").Stroke} */ stroke) => {
      const { key: id, order, text, bounds } = stroke;
      /** @type {Life} */
      const life = { id, order, from: seq, to: Infinity, text, bounds, shape: null };
      open.set(stroke, life);
      this.lives.push(life);
      put(this.begins, seq, life);
    };
    const end = (/** @type {import("./stroke.js").Stroke} */ stroke) => {
      const life = open.get(stroke);
      if (!life) return;
      open.delete(stroke);
      life.to = seq;
      put(this.ends, seq, life);
    };
    notebook.subscribe(({ added, removed, changed, paper }) => {
      for (const stroke of removed) end(stroke);
      for (const stroke of changed) {
        end(stroke);
        begin(stroke);
      }
      for (const stroke of added) begin(stroke);
      if (paper) this.papers.push({ seq, paper: notebook.paper });
    });
    const start = `<svg data-seq="${this.base}">${strokes.join("")}</svg>`;
    await loadDocument(notebook, whole(start), { now: () => 0, pause });
    for (let at = 0; at < this.entries.length; at++) {
      const entry = this.entries[at];
      seq = entry.seq;
      this.#byOp.set(entry.op, entry);
      if (entry.command === "a" && entry.id) this.writers.set(entry.id, entry);
      notebook.applyAnswer({ from: seq - 1, to: seq, data: [entry] });
      if (at % SLICE === SLICE - 1) await pause();
    }
  }

  /** @param {number} seq @returns {Entry|undefined} the change of this number */
  entry(seq) {
    return this.entries[seq - this.base - 1];
  }

  /** @param {number} seq @returns {Life[]} what was seen then, in drawing order */
  at(seq) {
    return this.lives.filter((life) => life.from <= seq && seq < life.to).sort((a, b) => a.order - b.order);
  }

  /** @param {number} seq @returns {import("./document.js").Paper} */
  paperAt(seq) {
    return this.papers.filter((one) => one.seq <= seq).at(-1)?.paper ?? { paper: "plain", margin: "none" };
  }

  /** @returns {import("./path_data.js").Bounds|null} box of everything that was ever seen */
  bounds() {
    if (this.lives.length === 0) return null;
    const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    for (const { bounds } of this.lives) {
      box.x0 = Math.min(box.x0, bounds.x0);
      box.y0 = Math.min(box.y0, bounds.y0);
      box.x1 = Math.max(box.x1, bounds.x1);
      box.y1 = Math.max(box.y1, bounds.y1);
    }
    return box;
  }

  /**
   * The way back for strokes of another moment that cannot be seen now.
   *
   * Where one may take back what hides them, and nothing else comes along, that is taken back (or a withdrawn
   * stroke of one's own put into force again); else the same drawing is appended once more.
   *
   * @param {Life[]} lives as they looked then
   * @param {{author: string, owner: boolean, mayClear: boolean}} me author id, and what the role allows
   * @returns {{command: "a"|"u"|"r", data: any}[]} in this order
   */
  wayBack(lives, me) {
    const gone = lives.filter((life) => this.isGone(life));
    const wanted = new Set(gone.map((life) => life.id));
    /** @type {Map<string, "u"|"r">} by op */
    const turned = new Map();
    /** @type {Life[]} */
    const again = [];
    for (const life of gone) {
      const steps = this.#steps(life, wanted, me);
      if (steps) for (const [op, command] of steps) turned.set(op, command);
      else again.push(life);
    }
    return [
      ...[...turned].map(([op, command]) => ({ command, data: { op } })),
      ...again.map((life) => ({
        command: /** @type {const} */ ("a"),
        data: life.text.replace(/^<g id="\d+"/, "<g"),
      })),
    ];
  }

  /** @param {Life} life @returns {boolean} whether its stroke cannot be seen now */
  isGone(life) {
    return !this.#notebook.strokes.get(life.id)?.shown;
  }

  /**
   * @param {Life} life
   * @param {Set<string>} wanted ids that are to come back
   * @param {{author: string, owner: boolean, mayClear: boolean}} me
   * @returns {[string, "u"|"r"][]|null} null where it takes more than one may do
   */
  #steps(life, wanted, me) {
    const notebook = this.#notebook;
    const stroke = notebook.strokes.get(life.id);
    if (!stroke || stroke.gone) return null;
    const mine = (/** @type {string} */ op) => me.owner || this.#byOp.get(op)?.author.id === me.author;
    /** @type {[string, "u"|"r"][]} */
    const steps = [];
    if (stroke.op && !notebook.inForce(stroke.op)) {
      if (!mine(stroke.op)) return null;
      steps.push([stroke.op, "r"]);
    }
    for (const effect of stroke.effects ?? []) {
      if ((effect.kind !== "e" && effect.kind !== "c") || !notebook.inForce(effect.op)) continue;
      const may = mine(effect.op) || (effect.kind === "c" && me.mayClear);
      const touched = [...(notebook.touched.get(effect.op) ?? [])];
      const others = touched.some((one) => !wanted.has(one.key) && this.#hiddenBy(one, effect));
      if (!may || others) return null;
      steps.push([effect.op, "u"]);
    }
    return steps;
  }

  /**
   * @param {import("./stroke.js").Stroke} stroke
   * @param {import("./stroke.js").Effect} effect
   * @returns {boolean} whether nothing but this hides it
   */
  #hiddenBy(stroke, effect) {
    const notebook = this.#notebook;
    if (stroke.gone || (stroke.op && !notebook.inForce(stroke.op))) return false;
    return !stroke.isErased((one) => one !== effect && notebook.inForce(one.op));
  }

  /**
   * What one person did since a time and is still in force: to be taken back, newest first.
   *
   * @param {Entry[]} entries part of a log, oldest first
   * @param {{author: string, sinceMs: number}} whose
   * @returns {string[]} ops
   */
  static doneBy(entries, { author, sinceMs }) {
    /** @type {Map<string, boolean>} */
    const turned = new Map();
    for (const { command, data } of entries) {
      if (command === "u" || command === "r") turned.set(data.op, command === "r");
    }
    return entries
      .filter(
        (one) => one.author.id === author && one.at >= sinceMs && one.command !== "u" && one.command !== "r",
      )
      .filter((one) => turned.get(one.op) !== false)
      .map((one) => one.op)
      .reverse();
  }
}

/** @template T @param {Map<number, T[]>} table @param {number} key @param {T} value */
function put(table, key, value) {
  const list = table.get(key);
  if (list) list.push(value);
  else table.set(key, [value]);
}

/** @param {string} text @returns {AsyncGenerator<string>} */
async function* whole(text) {
  yield text;
}
