/**
 * Strokes as text, for copying within and between notebooks.
 *
 * Owns the form on the clipboard: a small SVG document of canonical fragments, so that a copy can also be pasted
 * into a drawing program. Reading takes nothing but fragments of ours, checked one by one. Touches no clipboard.
 */
import { FragmentError, formatFragment, parseFragment } from "./fragment.js";

/** @typedef {import("./fragment.js").Fragment} Fragment */

const HEAD = '<svg xmlns="http://www.w3.org/2000/svg" data-ink="1"';
/** Most strokes of one paste. */
export const MAX_PASTED = 5000;

/**
 * @param {Fragment[]} fragments
 * @param {import("./path_data.js").Bounds} box all of them
 * @returns {string}
 */
export function formatClipboard(fragments, { x0, y0, x1, y1 }) {
  const size = `viewBox="${x0} ${y0} ${x1 - x0} ${y1 - y0}" width="${(x1 - x0) / 10}" height="${(y1 - y0) / 10}"`;
  const strokes = fragments.map((fragment) => formatFragment({ ...fragment, id: undefined }));
  return `${HEAD} ${size}>${strokes.join("")}</svg>`;
}

/**
 * @param {string} text anything from a clipboard
 * @returns {Fragment[]} strokes without ids; empty if the text is not ours
 */
export function parseClipboard(text) {
  if (!text.startsWith(HEAD)) return [];
  const found = text.match(/<g[ >](?:(?!<\/g>).)*<\/g>/gs) ?? [];
  try {
    return found.slice(0, MAX_PASTED).map((one) => ({ ...parseFragment(one), id: undefined }));
  } catch (error) {
    if (error instanceof FragmentError) return [];
    throw error;
  }
}
