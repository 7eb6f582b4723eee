/**
 * A writer's own changes: those that wait to be stored, and the gestures that can be taken back.
 *
 * Owns both tables and nothing else: no drawing, no sending. An entry of the undo stack is the list of ops of one
 * gesture (INK.md, "Erase, cut, clear, undo"): undo answers the ops to take back, last first; redo the ops to put into
 * force again, first first. A new action empties the redo stack. The stack is plain data, so that the session can keep
 * it over a reload.
 */

/** @typedef {import("./document.js").Change} Change */

/**
 * Own unconfirmed changes by op, in the order they were made, and which undo or redo among them waits for which op:
 * every stroke that is looked at again asks for that, so it must not cost a walk over all that waits.
 *
 * @extends {Map<string, Change>}
 */
export class PendingChanges extends Map {
  /** @type {Map<string, Change[]>} the undos and redos by the op they turn, oldest first */
  #turns = new Map();

  /** @param {string} op @param {Change} change */
  set(op, change) {
    this.#forgetTurn(op);
    super.set(op, change);
    if (isTurn(change)) {
      const turns = this.#turns.get(change.data.op) ?? [];
      turns.push(change);
      this.#turns.set(change.data.op, turns);
    }
    return this;
  }

  /** @param {string} op */
  delete(op) {
    this.#forgetTurn(op);
    return super.delete(op);
  }

  clear() {
    this.#turns.clear();
    super.clear();
  }

  /** @param {string} op @returns {string} the last undo ("u") or redo ("r") of it that waits to be stored; "" for none */
  turnOf(op) {
    return this.#turns.get(op)?.at(-1)?.command ?? "";
  }

  /** @param {string} op */
  #forgetTurn(op) {
    const change = this.get(op);
    if (!change || !isTurn(change)) return;
    const others = (this.#turns.get(change.data.op) ?? []).filter((one) => one !== change);
    if (others.length > 0) this.#turns.set(change.data.op, others);
    else this.#turns.delete(change.data.op);
  }
}

/** @param {Change} change */
function isTurn({ command }) {
  return command === "u" || command === "r";
}

/** Most entries kept. */
export const MAX_ENTRIES = 200;

/** Own gestures, newest last. */
export class UndoStack {
  /** @param {unknown} [saved] what `toJSON` gave earlier */
  constructor(saved) {
    const { done, undone } = /** @type {{done?: unknown, undone?: unknown}} */ (saved ?? {});
    /** @type {string[][]} */
    this.done = entries(done);
    /** @type {string[][]} */
    this.undone = entries(undone);
  }

  get canUndo() {
    return this.done.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  /**
   * A gesture is finished.
   *
   * @param {string[]} ops its changes in order
   */
  push(ops) {
    if (ops.length === 0) return;
    this.done.push([...ops]);
    if (this.done.length > MAX_ENTRIES) this.done.shift();
    this.undone = [];
  }

  /** @returns {string[]} ops to take back, in this order; empty if there is nothing */
  undo() {
    const entry = this.done.pop();
    if (!entry) return [];
    this.undone.push(entry);
    return [...entry].reverse();
  }

  /** @returns {string[]} ops to put into force again, in this order; empty if there is nothing */
  redo() {
    const entry = this.undone.pop();
    if (!entry) return [];
    this.done.push(entry);
    return [...entry];
  }

  /**
   * A change was refused for good: there is nothing of it to take back.
   *
   * @param {string} op
   */
  forget(op) {
    const without = (/** @type {string[][]} */ stack) =>
      stack.map((entry) => entry.filter((one) => one !== op)).filter((entry) => entry.length > 0);
    this.done = without(this.done);
    this.undone = without(this.undone);
  }

  toJSON() {
    return { done: this.done, undone: this.undone };
  }
}

/**
 * @param {unknown} value
 * @returns {string[][]}
 */
function entries(value) {
  if (!Array.isArray(value)) return [];
  const isOps = (/** @type {unknown} */ entry) =>
    Array.isArray(entry) && entry.length > 0 && entry.every((op) => typeof op === "string");
  return value.filter(isOps).slice(-MAX_ENTRIES);
}
