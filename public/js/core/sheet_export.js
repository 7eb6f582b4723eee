/**
 * The notebook as one SVG document to keep.
 *
 * Owns the exported text: the server's root attributes (N6) with a view box around all ink, and the canonical
 * fragments, markers below the ink as on the board. It opens in any viewer and comes back whole when it is
 * imported. Saving it is the caller's.
 */

/** @typedef {import("./document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("./path_data.js").Bounds} Bounds */

/**
 * @param {NotebookDocument} notebook
 * @param {Bounds} box what is to be seen
 * @returns {string}
 */
export function sheetSvg(notebook, { x0, y0, x1, y1 }) {
  const { paper, margin } = notebook.paper;
  const size = `viewBox="${x0} ${y0} ${x1 - x0} ${y1 - y0}" width="${(x1 - x0) / 10}" height="${(y1 - y0) / 10}"`;
  const data = `data-seq="${notebook.seq}" data-epoch="${notebook.epoch}" data-paper="${paper}" data-margin="${margin}"`;
  const strokes = inDrawingOrder(notebook).map((stroke) => stroke.text);
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${data}>${strokes.join("")}</svg>`;
}

/**
 * @param {NotebookDocument} notebook
 * @returns {import("./stroke.js").Stroke[]} visible strokes as the board lays them: markers below the ink
 */
export function inDrawingOrder(notebook) {
  const all = notebook.visible();
  const isMarker = (/** @type {import("./stroke.js").Stroke} */ stroke) => stroke.tool() === "marker";
  return [...all.filter(isMarker), ...all.filter((stroke) => !isMarker(stroke))];
}
