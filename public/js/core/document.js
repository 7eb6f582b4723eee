/**
 * The notebook as the page knows it: what the server confirmed, and over it the writer's own unconfirmed changes.
 *
 * Owns the tables of strokes and changes, and what a change does to strokes (C1 to C6). Pending changes are shown
 * until they come back under their `op`, and taken out again when they are refused. Draws and sends nothing;
 * listeners are told which strokes appeared, vanished, changed or only got their id. What an unsaved board of plain
 * pen strokes can do without comes later: `server_ink.js` reads the log, `reshaping.js` moves, recolours and cuts.
 */

import { PendingChanges } from "./own_changes.js";
import { attributeOf, GridIndex, Stroke, withId } from "./stroke.js";

/** @typedef {import("./stroke.js").Effect} Effect */
/** @typedef {typeof import("./server_ink.js")} ServerInk */
/** @typedef {{op: string, command: string, data: any}} Change */
/** @typedef {{paper: string, margin: string}} Paper */
/** @typedef {{seq: number, command: string, data: any, op: string, id?: string, author?: {id: string, name: string}, at?: number, paper?: Paper}} LogEntry */
/** @typedef {{from: number, to: number, data: LogEntry[], strokes?: Record<string, string>, hidden?: string[], reload?: boolean}} UpdateAnswer */

/**
 * @typedef {Object} DocumentChange
 * @property {Set<Stroke>} added now visible
 * @property {Set<Stroke>} removed no longer visible
 * @property {Set<Stroke>} changed visible before and after, but different
 * @property {Set<Stroke>} renamed got their group id; look the same
 * @property {boolean} paper the paper is another
 * @property {boolean} reset everything was thrown away; load from the start
 */

/** Pending strokes are drawn after all confirmed ones. */
const PENDING_ORDER = 1e12;

/** @type {Paper} */
export const DEFAULT_PAPER = { paper: "plain", margin: "none" };

export class NotebookDocument {
  seq = 0;
  loadedSeq = 0;
  epoch = "";
  /**
   * Author id of this page's user ("u12", "g" and 16 hex digits; "" while unknown): strokes that come by polls under
   * it are one's own, so that the role "add" may erase them. Which loaded ones are is told by `own_strokes.js`.
   */
  self = "";
  /** @type {ServerInk | null} loaded with the first notebook of a server's, see `equip` */
  serverInk = null;
  /** @type {Promise<void> | null} the loading of it for strokes that wait in `unshaped` */
  equipping = null;
  /** @type {Set<Stroke>} strokes that cannot be shown before `serverInk` is there */
  unshaped = new Set();
  loadedPaper = DEFAULT_PAPER;
  /** The server's word on the paper, with an undo or redo of one. @type {{seq: number, paper: Paper}|null} */
  toldPaper = null;
  paper = DEFAULT_PAPER;
  pendingCount = 0;
  shownCount = 0;
  /** @type {Map<string, Stroke>} by key */
  strokes = new Map();
  /** @type {Map<string, Stroke>} by the op that added them, as far as known */
  byOp = new Map();
  pending = new PendingChanges();
  /** @type {Map<string, number>} pending ops the server has stored, and under which number */
  stored = new Map();
  /** @type {Set<string>} ops taken back, as confirmed */
  undone = new Set();
  /** @type {Map<string, Effect>} */
  effects = new Map();
  /** @type {Map<string, Set<Stroke>>} */
  touched = new Map();
  /** @type {{op: string, seq: number, paper: Paper}[]} */
  papers = [];
  /** @type {GridIndex<Stroke>} visible strokes by place */
  index = new GridIndex();
  /** @type {Set<(change: DocumentChange) => void>} */
  listeners = new Set();

  /**
   * Throw everything away and begin to load another state. Strokes follow by `addLoaded`.
   *
   * @param {{seq: number, epoch: string, paper?: Paper}} head
   */
  begin({ seq, epoch, paper }) {
    this.seq = seq;
    this.loadedSeq = seq;
    this.epoch = epoch;
    this.loadedPaper = paper ?? DEFAULT_PAPER;
    this.toldPaper = null;
    this.paper = this.loadedPaper;
    this.pendingCount = 0;
    this.shownCount = 0;
    const tables = [
      this.strokes,
      this.byOp,
      this.pending,
      this.stored,
      this.undone,
      this.effects,
      this.touched,
      this.unshaped,
    ];
    for (const table of tables) table.clear();
    this.papers = [];
    this.index.clear();
    this.emit({ ...this.newChange(), reset: true, paper: true });
  }

  /**
   * Take strokes of the document that is being loaded.
   *
   * @param {string[]} fragments canonical, each with its id
   */
  addLoaded(fragments) {
    const change = this.newChange();
    for (const text of fragments) {
      const id = attributeOf(text, "id");
      if (this.strokes.has(id)) continue;
      const stroke = new Stroke(id, text, Number(id), 0);
      this.strokes.set(id, stroke);
      this.refresh(stroke, change);
    }
    this.emit(change);
  }

  /**
   * Load a whole state at once.
   *
   * @param {{seq: number, epoch: string, paper?: Paper, strokes: {id: string, fragment: string}[]}} state
   */
  load(state) {
    this.begin(state);
    this.addLoaded(state.strokes.map(({ id, fragment }) => withId(fragment, id)));
  }

  /**
   * Take what reads the log and reshapes strokes; `loadDocument` does so before the first stroke.
   *
   * @param {ServerInk} serverInk
   */
  equip(serverInk) {
    this.serverInk = serverInk;
    if (this.unshaped.size === 0) return;
    const change = this.newChange();
    const waiting = [...this.unshaped];
    this.unshaped.clear();
    for (const stroke of waiting) this.refresh(stroke, change);
    this.emit(change);
  }

  /** @returns {Promise<void>} when no stroke waits to be shaped any more */
  async settled() {
    await this.equipping;
  }

  /**
   * Apply a poll's answer to a notebook that was loaded.
   *
   * @param {UpdateAnswer} answer
   * @returns {"ok" | "reload"} "reload" when the answer does not continue what is known, or asks for it
   */
  applyAnswer(answer) {
    return this.loadedInk().applyAnswer(this, answer);
  }

  /**
   * The server has stored an own change (C2). It stays pending until the log brings it, unless the log already had.
   *
   * @param {string} op
   * @param {{seq: number, id?: string}} stored
   */
  confirm(op, stored) {
    this.loadedInk().confirm(this, op, stored);
  }

  loadedInk() {
    if (!this.serverInk) throw new TypeError("the notebook was not loaded: equip it first");
    return this.serverInk;
  }

  /**
   * Show an own change at once.
   *
   * @param {Change} change
   */
  addPending(change) {
    if (this.pending.has(change.op)) return;
    this.pending.set(change.op, change);
    const changed = this.newChange();
    this.perform(change, Infinity, changed);
    this.emit(changed);
  }

  /**
   * An own change was refused: show the notebook without it.
   *
   * @param {string} op
   */
  dropPending(op) {
    this.loadedInk().dropPending(this, op);
  }

  /** @param {string} reference a key, a group id or "op:<op>" */
  stroke(reference) {
    const key = String(reference);
    return this.strokes.get(key) ?? (key.startsWith("op:") ? this.byOp.get(key.slice(3)) : undefined);
  }

  /** @returns {Stroke[]} visible strokes in drawing order */
  visible() {
    const shown = [...this.strokes.values()].filter((stroke) => stroke.shown);
    return shown.sort((a, b) => a.order - b.order);
  }

  /**
   * @param {(change: DocumentChange) => void} listener
   * @returns {() => void} ends the subscription
   */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Let a change work on the strokes it names.
   *
   * @param {Change & {id?: string, author?: {id: string}}} entry
   * @param {number} seq Infinity while pending
   * @param {DocumentChange} change
   */
  perform(entry, seq, change) {
    const { op, command, data } = entry;
    switch (command) {
      case "a":
        this.addStroke(entry, seq, change);
        break;
      case "e":
        if (data.cuts) this.cut(op, seq, data.cuts, change);
        else this.touch({ op, seq, kind: "e" }, this.known(data.ids ?? [data.id]), change);
        break;
      case "c":
        this.touch({ op, seq, kind: "c" }, this.clearedBy(entry, seq), change);
        break;
      case "m":
        this.touch(
          { op, seq, kind: "m", move: { by: data.by, scale: data.scale } },
          this.known(data.ids),
          change,
        );
        break;
      case "s":
        this.touch({ op, seq, kind: "s", fill: data.fill }, this.known(data.ids), change);
        break;
      case "p":
        this.setPaper(op, seq, data, change);
        break;
      case "u":
      case "r":
        this.setUndone(entry, change);
        break;
      default:
        break; // a newer server's command: its effect comes as strokes
    }
  }

  /**
   * @param {Change & {id?: string, author?: {id: string}}} entry
   * @param {number} seq
   * @param {DocumentChange} change
   */
  addStroke({ op, data, id, author }, seq, change) {
    const pending = seq === Infinity;
    const key = pending ? `op:${op}` : (id ?? attributeOf(data, "id"));
    if (this.strokes.has(key)) return;
    const order = pending ? PENDING_ORDER + ++this.pendingCount : Number(key);
    const stroke = new Stroke(key, pending ? data : withId(data, key), order, seq);
    stroke.own = pending || (author !== undefined && author.id !== "" && author.id === this.self);
    this.strokes.set(key, stroke);
    this.name(stroke, op);
    this.refresh(stroke, change);
  }

  /**
   * @param {string} op
   * @param {number} seq
   * @param {Record<string, import("./cuts.js").Interval[]>} cuts
   * @param {DocumentChange} change
   */
  cut(op, seq, cuts, change) {
    /** @type {Map<Stroke, import("./cuts.js").Interval[]>} */
    const byStroke = new Map();
    for (const [key, intervals] of Object.entries(cuts)) {
      const stroke = this.stroke(key);
      if (stroke) byStroke.set(stroke, intervals);
    }
    this.touch({ op, seq, kind: "cut", cuts: byStroke }, [...byStroke.keys()], change);
  }

  /**
   * Put an effect on strokes, or give the pending one its number. Which strokes a change touches is the log's word:
   * what was pending may have named strokes that the server does not know (after a restore).
   *
   * @param {Effect} effect
   * @param {Stroke[]} strokes
   * @param {DocumentChange} change
   */
  touch(effect, strokes, change) {
    const known = this.effects.get(effect.op);
    const shared = known ? Object.assign(known, effect) : effect;
    this.effects.set(shared.op, shared);
    const touched = this.touched.get(shared.op) ?? new Set();
    this.touched.set(shared.op, touched);
    const named = new Set(strokes);
    for (const stroke of touched) {
      if (named.has(stroke)) continue;
      stroke.removeEffect(shared);
      touched.delete(stroke);
      this.refresh(stroke, change);
    }
    for (const stroke of named) {
      touched.add(stroke);
      stroke.removeEffect(shared);
      stroke.addEffect(shared);
      this.refresh(stroke, change);
    }
  }

  /**
   * @param {string[]} references
   * @returns {Stroke[]}
   */
  known(references) {
    return references.map((one) => this.stroke(one)).filter((one) => one !== undefined);
  }

  /**
   * @param {Change & {id?: string}} entry a `c` change
   * @param {number} seq
   * @returns {Stroke[]} strokes it covers
   */
  clearedBy(entry, seq) {
    const all = [...this.strokes.values()];
    if (seq !== Infinity) {
      const highest = Number(entry.id ?? 0);
      return all.filter((stroke) => stroke.seq !== Infinity && stroke.order <= highest);
    }
    const upto = entry.data.upto;
    return upto < this.loadedSeq ? [] : all.filter((stroke) => stroke.seq <= upto);
  }

  /**
   * @param {string} op
   * @param {number} seq
   * @param {Paper} paper
   * @param {DocumentChange} change
   */
  setPaper(op, seq, paper, change) {
    this.papers = this.papers.filter((one) => one.op !== op);
    this.papers.push({ op, seq, paper });
    this.papers.sort((a, b) => a.seq - b.seq || 0);
    this.refreshPaper(change);
  }

  /**
   * @param {Change & {seq?: number, paper?: Paper}} entry a `u` or `r`, confirmed or pending
   * @param {DocumentChange} change
   */
  setUndone({ op, command, data, seq, paper }, change) {
    if (paper && seq !== undefined) this.toldPaper = { seq, paper };
    if (!this.pending.has(op)) {
      if (command === "u") this.undone.add(data.op);
      else this.undone.delete(data.op);
    }
    this.refreshTarget(data.op, change);
  }

  /**
   * @param {string} op whose strokes are to be looked at again
   * @param {DocumentChange} change
   */
  refreshTarget(op, change) {
    for (const stroke of this.touched.get(op) ?? []) this.refresh(stroke, change);
    const added = this.byOp.get(op);
    if (added) this.refresh(added, change);
    this.refreshPaper(change);
  }

  /** @param {string} op @returns {boolean} whether it is in force, pending undos and redos included */
  inForce(op) {
    const turn = this.pending.turnOf(op);
    return turn ? turn === "r" : !this.undone.has(op);
  }

  /**
   * @param {Stroke} stroke
   * @param {string} op the change that added it
   */
  name(stroke, op) {
    stroke.op = op;
    this.byOp.set(op, stroke);
  }

  /**
   * Work out what a stroke looks like now, and note what that means for the page.
   *
   * @param {Stroke} stroke
   * @param {DocumentChange} change
   */
  refresh(stroke, change) {
    const inForce = (/** @type {Effect} */ effect) => this.inForce(effect.op);
    const gone = stroke.gone && this.loadedInk().isGone(this, stroke);
    const visible = !gone && !(stroke.op && !this.inForce(stroke.op)) && !stroke.isErased(inForce);
    const shapers = visible ? stroke.shapers(inForce) : [];
    const shown = visible && this.canShape(stroke, shapers);
    const was = stroke.shown;
    if (was) this.index.remove(stroke);
    const text = shown && this.serverInk ? this.serverInk.reshape(stroke, shapers) : stroke.source;
    const differs = shown && text !== stroke.text;
    if (differs || (shown && !stroke.isPlaced())) stroke.setText(text, this.serverInk);
    if (shown) this.index.add(stroke);
    if (was !== shown) this.shownCount += shown ? 1 : -1;
    stroke.shown = shown;
    note(change, stroke, was, shown, differs);
  }

  /**
   * @param {Stroke} stroke
   * @param {Effect[]} shapers
   * @returns {boolean} false where it has to wait for `serverInk`, which is on its way then
   */
  canShape(stroke, shapers) {
    if (this.serverInk || (shapers.length === 0 && stroke.isPlain())) return true;
    this.unshaped.add(stroke);
    this.equipping ??= import("./server_ink.js").then((serverInk) => this.equip(serverInk));
    return false;
  }

  /** @param {DocumentChange} change */
  refreshPaper(change) {
    const last = this.papers.filter((one) => this.inForce(one.op)).at(-1);
    const turning = this.papers.some(({ op }) => this.pending.turnOf(op));
    const told = turning || (last && last.seq > (this.toldPaper?.seq ?? 0)) ? null : this.toldPaper;
    const paper = told?.paper ?? last?.paper ?? this.loadedPaper;
    if (paper.paper !== this.paper.paper || paper.margin !== this.paper.margin) change.paper = true;
    this.paper = paper;
  }

  /** @returns {DocumentChange} */
  newChange() {
    return {
      added: new Set(),
      removed: new Set(),
      changed: new Set(),
      renamed: new Set(),
      paper: false,
      reset: false,
    };
  }

  /** @param {DocumentChange} change */
  emit(change) {
    const { added, removed, changed, renamed, paper, reset } = change;
    if (!(added.size || removed.size || changed.size || renamed.size || paper || reset)) return;
    for (const listener of this.listeners) listener(change);
  }
}

/**
 * @param {DocumentChange} change
 * @param {Stroke} stroke
 * @param {boolean} was
 * @param {boolean} is
 * @param {boolean} differs
 */
function note(change, stroke, was, is, differs) {
  const { added, removed, changed } = change;
  if (was && !is) {
    if (!added.delete(stroke)) removed.add(stroke);
    changed.delete(stroke);
  } else if (!was && is) {
    if (removed.delete(stroke)) changed.add(stroke);
    else added.add(stroke);
  } else if (is && differs && !added.has(stroke)) changed.add(stroke);
}
