/**
 * Which strokes are one's own, for a visitor who may erase no others (the role "add"): the server says it after each
 * load, because a loaded document does not name its authors. Loaded for that role alone.
 */

import { exchange } from "../net/api.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */

/**
 * @param {NotebookDocument} notebook
 * @param {string} query what names the notebook
 */
export async function markOwnStrokes(notebook, query) {
  const { status, body } = await exchange("GET", `/api/notebook/own?${query}`);
  if (status !== 200 || !body?.data?.author || body.data.epoch !== notebook.epoch) return;
  /** @type {{author: string, ids: [number, number][]}} */
  const { author, ids } = body.data;
  notebook.self = author;
  for (const [first, last] of ids) {
    for (let id = first; id <= last; id++) {
      const stroke = notebook.stroke(String(id));
      if (stroke) stroke.own = true;
    }
  }
}
