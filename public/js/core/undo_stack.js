/**
 * What a writer can take back: own gestures, newest first (INK.md, "Erase, cut, clear, undo").
 *
 * Owns the order of entries and nothing else: no drawing, no sending. An entry is the list of ops of one gesture.
 * Undo answers the ops to take back, last first; redo the ops to put into force again, first first. A new action
 * empties the redo stack. The stack is plain data, so that the session can keep it over a reload.
 */

/** Most entries kept. */
export const MAX_ENTRIES = 200;

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
