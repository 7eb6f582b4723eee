/**
 * Where a sheet is cut into pages.
 *
 * Owns the rule: a page is as tall as the paper allows, and ends sooner where that spares a stroke from being cut in
 * two, in its last quarter. Sheet units, no paper sizes.
 */

/** How much of a page's end may stay empty so that no line of writing is cut. */
const SPARE = 0.25;

/**
 * @param {{y0: number, y1: number}[]} strokes where they begin and end, in any order
 * @param {number} top where the first page begins
 * @param {number} height of a whole page
 * @returns {{y0: number, y1: number}[]} the pages, from `top` to the last ink; one at least
 */
export function pageBreaks(strokes, top, height) {
  const bottom = strokes.reduce((lowest, { y1 }) => Math.max(lowest, y1), top);
  const pages = [];
  let y0 = top;
  do {
    const y1 = y0 + height < bottom ? breakBefore(strokes, y0 + height, height * SPARE) : y0 + height;
    pages.push({ y0, y1 });
    y0 = y1;
  } while (y0 < bottom);
  return pages;
}

/**
 * The lowest place not below `limit` that no stroke crosses, or `limit` where there is none within `spare`.
 *
 * @param {{y0: number, y1: number}[]} strokes
 * @param {number} limit
 * @param {number} spare
 */
function breakBefore(strokes, limit, spare) {
  let at = limit;
  const near = strokes.filter(({ y0, y1 }) => y0 < limit && y1 > limit - spare);
  for (const { y0, y1 } of near.sort((a, b) => b.y1 - a.y1)) {
    if (y1 <= at) break;
    at = Math.min(at, y0);
  }
  return at > limit - spare ? at : limit;
}
