/**
 * Where the lines of each paper lie.
 *
 * Owns distances and margins in sheet units, for the board, pictures and PDF alike. How the board fits them to
 * device pixels is `ui/paper.js`'s.
 */

/** @typedef {import("./path_data.js").Bounds} Bounds */
/** @typedef {{colour: string, width: number, dash: number, d: string}} Rule lines of one look, sheet units */

/** Distance of ruled lines, and the first one from the top. */
export const RULED = 320;
export const HEAD = 960;
/** Side of a square, distance of dots. */
export const SQUARED = 200;
/** The margin line from the sheet's edge. */
export const MARGIN = 880;
/** Width of a new sheet: a margin at the right is measured from here. */
export const SHEET_WIDTH = 12_000;

const LINE_COLOUR = "#d5dfec";
const DOT_COLOUR = "#b9c4d3";
const MARGIN_COLOUR = "#efb9b4";

/** @param {string} margin "left" or "right" @returns {number} x of the margin line */
export function marginAt(margin) {
  return margin === "left" ? MARGIN : SHEET_WIDTH - MARGIN;
}

/**
 * The paper as lines, for exports.
 *
 * @param {{paper: string, margin: string}} paper
 * @param {Bounds} box
 * @returns {Rule[]}
 */
export function ruling({ paper, margin }, box) {
  /** @type {Rule[]} */
  const rules = [];
  const across = (/** @type {number} */ y) => `M${box.x0} ${y}L${box.x1} ${y}`;
  const down = (/** @type {number} */ x) => `M${x} ${box.y0}L${x} ${box.y1}`;
  const add = (
    /** @type {string} */ colour,
    /** @type {number} */ width,
    /** @type {number} */ dash,
    /** @type {string[]} */ lines,
  ) => {
    if (lines.length) rules.push({ colour, width, dash, d: lines.join("") });
  };
  const rows = (/** @type {number} */ step, first = -Infinity) =>
    steps(step, box.y0, box.y1).filter((y) => y >= first);
  if (paper === "ruled") add(LINE_COLOUR, 10, 0, rows(RULED, HEAD).map(across));
  if (paper === "squared") {
    add(LINE_COLOUR, 10, 0, [...rows(SQUARED).map(across), ...steps(SQUARED, box.x0, box.x1).map(down)]);
  }
  if (paper === "dotted") {
    const start = Math.ceil(box.x0 / SQUARED) * SQUARED;
    add(
      DOT_COLOUR,
      18,
      SQUARED,
      rows(SQUARED).map((y) => `M${start} ${y}L${box.x1} ${y}`),
    );
  }
  if (margin !== "none") add(MARGIN_COLOUR, 10, 0, [down(marginAt(margin))]);
  return rules;
}

/**
 * @param {number} step
 * @param {number} from
 * @param {number} to
 */
function steps(step, from, to) {
  const places = [];
  for (let at = Math.ceil((from + 1) / step) * step; at < to; at += step) places.push(at);
  return places;
}
