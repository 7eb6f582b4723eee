/**
 * What a page must understand once a notebook comes from the server: its log, and strokes that are more than pen ink.
 *
 * Owns the client's reading of update answers (P1) in order of `seq`: own pending changes come back under their
 * `op`, the server's word on a stroke replaces what was worked out here. What lies too far back to be known (an
 * undo of something before the page was loaded) waits for the server's `strokes`, and what the server hid stays hidden.
 * Loaded before the first document.
 */
import { reshape } from "./reshaping.js";
import { attributeOf, Stroke, withId, withoutId } from "./stroke.js";

export { outlineBounds, parseFragment, reshape } from "./reshaping.js";

/** @typedef {import("./document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("./document.js").DocumentChange} DocumentChange */
/** @typedef {import("./document.js").LogEntry} LogEntry */
/** @typedef {import("./document.js").UpdateAnswer} UpdateAnswer */
/** @typedef {import("./stroke.js").Effect} Effect */

/**
 * Apply a poll's answer.
 *
 * @param {NotebookDocument} notebook
 * @param {UpdateAnswer} answer
 * @returns {"ok" | "reload"} "reload" when the answer does not continue what is known, or asks for it
 */
export function applyAnswer(notebook, answer) {
  if (answer.reload || answer.from > notebook.seq) return "reload";
  if (answer.to < notebook.seq) return "ok";
  const change = notebook.newChange();
  for (const entry of answer.data) if (entry.seq > notebook.seq) applyEntry(notebook, entry, change);
  notebook.seq = Math.max(notebook.seq, answer.to);
  for (const [id, text] of Object.entries(answer.strokes ?? {})) takeStroke(notebook, id, text, change);
  for (const id of answer.hidden ?? []) takeHidden(notebook, id, change);
  for (const [op, seq] of [...notebook.stored]) if (seq <= notebook.seq) forgetPending(notebook, op, change);
  notebook.emit(change);
  return "ok";
}

/**
 * The server has stored an own change (C2). It stays pending until the log brings it, unless the log already had.
 *
 * @param {NotebookDocument} notebook
 * @param {string} op
 * @param {{seq: number, id?: string}} stored
 */
export function confirm(notebook, op, { seq, id }) {
  if (!notebook.pending.has(op)) return;
  if (seq > notebook.seq) {
    notebook.stored.set(op, seq);
    return;
  }
  const change = notebook.newChange();
  forgetPending(notebook, op, change);
  const stroke = id === undefined ? undefined : notebook.strokes.get(id);
  if (stroke) {
    notebook.name(stroke, op);
    stroke.own = true;
  }
  notebook.emit(change);
}

/**
 * An own change was refused: the notebook is shown without it.
 *
 * @param {NotebookDocument} notebook
 * @param {string} op
 */
export function dropPending(notebook, op) {
  const change = notebook.newChange();
  forgetPending(notebook, op, change);
  notebook.emit(change);
}

/**
 * @param {NotebookDocument} notebook
 * @param {string} op
 * @param {DocumentChange} change
 */
function forgetPending(notebook, op, change) {
  const pending = notebook.pending.get(op);
  if (!pending) return;
  notebook.pending.delete(op);
  notebook.stored.delete(op);
  const stroke = notebook.strokes.get(`op:${op}`);
  if (stroke) removeStroke(notebook, stroke, change);
  const effect = notebook.effects.get(op);
  if (effect) {
    notebook.effects.delete(op);
    for (const one of notebook.touched.get(op) ?? []) {
      one.removeEffect(effect);
      notebook.refresh(one, change);
    }
    notebook.touched.delete(op);
  }
  notebook.papers = notebook.papers.filter((one) => one.op !== op);
  notebook.refreshTarget(pending.data?.op ?? op, change);
}

/**
 * @param {NotebookDocument} notebook
 * @param {Stroke} stroke
 * @param {DocumentChange} change
 */
function removeStroke(notebook, stroke, change) {
  notebook.strokes.delete(stroke.key);
  notebook.byOp.delete(stroke.op);
  stroke.gone = true;
  stroke.explained = false;
  notebook.refresh(stroke, change);
}

/**
 * Where the server said that a stroke is hidden, that holds until it shows it (P1 tells every stroke that an undo
 * brings back). Only an own undo that waits shows at once what it will bring, as far as all reasons are known here.
 *
 * @param {NotebookDocument} notebook
 * @param {Stroke} stroke the server's last word on which was that it is hidden
 */
export function isGone(notebook, stroke) {
  const reasons = [stroke.op, ...(stroke.effects ?? []).map((effect) => effect.op)];
  const turned = reasons.some((op) => notebook.pending.turnOf(op));
  return !(stroke.explained && turned && isHidden(notebook, stroke));
}

/**
 * @param {NotebookDocument} notebook
 * @param {Stroke} stroke
 * @returns {boolean} whether confirmed changes this page knows hide it
 */
function isHidden(notebook, stroke) {
  const confirmed = (/** @type {Effect} */ effect) =>
    effect.seq !== Infinity && !notebook.undone.has(effect.op);
  return notebook.undone.has(stroke.op) || stroke.isErased(confirmed);
}

/**
 * @param {NotebookDocument} notebook
 * @param {LogEntry} entry
 * @param {DocumentChange} change
 */
function applyEntry(notebook, entry, change) {
  notebook.seq = entry.seq;
  const own = notebook.pending.delete(entry.op);
  if (own && entry.author?.id) notebook.self = entry.author.id; // a guest learns so who they are
  notebook.stored.delete(entry.op);
  if (own && (entry.command === "u" || entry.command === "r")) notebook.setUndone(entry, change);
  else if (own && entry.command === "a") confirmStroke(notebook, entry, change);
  else notebook.perform(entry, entry.seq, change);
}

/**
 * An own stroke came back with its id: it stays as it is drawn.
 *
 * @param {NotebookDocument} notebook
 * @param {LogEntry} entry
 * @param {DocumentChange} change
 */
function confirmStroke(notebook, entry, change) {
  const stroke = notebook.strokes.get(`op:${entry.op}`);
  const id = entry.id ?? attributeOf(entry.data, "id");
  if (!stroke || notebook.strokes.has(id)) {
    if (stroke) removeStroke(notebook, stroke, change);
    notebook.perform(entry, entry.seq, change);
    return;
  }
  notebook.strokes.delete(stroke.key);
  stroke.key = id;
  stroke.order = Number(id);
  stroke.seq = entry.seq;
  notebook.strokes.set(id, stroke);
  const text = withId(entry.data, id);
  const same = withoutId(text) === withoutId(stroke.source) && stroke.text === stroke.source;
  stroke.source = text;
  if (same) {
    stroke.text = text;
    if (stroke.shown) change.renamed.add(stroke);
  } else notebook.refresh(stroke, change);
}

/**
 * The server's word on a stroke.
 *
 * @param {NotebookDocument} notebook
 * @param {string} id
 * @param {string} text
 * @param {DocumentChange} change
 */
function takeStroke(notebook, id, text, change) {
  const confirmed = (/** @type {Effect} */ effect) =>
    effect.seq !== Infinity && !notebook.undone.has(effect.op);
  let stroke = notebook.strokes.get(id);
  if (!stroke) {
    stroke = new Stroke(id, withId(text, id), Number(id), 0);
    notebook.strokes.set(id, stroke);
  }
  stroke.gone = false;
  if (reshape(stroke, stroke.shapers(confirmed)) !== withId(text, id)) {
    const kept = stroke.effects?.filter(
      (one) => one.seq === Infinity || one.kind === "e" || one.kind === "c",
    );
    stroke.effects = kept?.length ? kept : null;
    stroke.source = withId(text, id);
  }
  if (stroke.isErased(confirmed)) {
    stroke.effects = stroke.effects?.filter((one) => !(isErasure(one) && confirmed(one))) ?? null;
  }
  if (notebook.undone.has(stroke.op)) notebook.undone.delete(stroke.op);
  notebook.refresh(stroke, change);
}

/**
 * @param {NotebookDocument} notebook
 * @param {string} id
 * @param {DocumentChange} change
 */
function takeHidden(notebook, id, change) {
  const stroke = notebook.strokes.get(id);
  if (!stroke) return;
  stroke.gone = true;
  stroke.explained = isHidden(notebook, stroke);
  notebook.refresh(stroke, change);
}

/** @param {Effect} effect */
function isErasure(effect) {
  return effect.kind === "e" || effect.kind === "c";
}
