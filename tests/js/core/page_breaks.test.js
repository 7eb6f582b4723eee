/** Where a sheet is cut into pages for printing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pageBreaks } from "../../../public/js/core/page_breaks.js";

const line = (/** @type {number} */ y0, height = 100) => ({ y0, y1: y0 + height });

test("an empty sheet and one with little ink are one page", () => {
  assert.deepEqual(pageBreaks([], 0, 1000), [{ y0: 0, y1: 1000 }]);
  assert.deepEqual(pageBreaks([line(300), line(800)], 0, 1000), [{ y0: 0, y1: 1000 }]);
});

test("a page ends above a line of writing that would be cut", () => {
  const rows = [line(0), line(400), line(950), line(1400)];
  assert.deepEqual(pageBreaks(rows, 0, 1000), [
    { y0: 0, y1: 950 },
    { y0: 950, y1: 1950 },
  ]);
});

test("what hangs together by overlapping moves to the next page together", () => {
  assert.deepEqual(
    pageBreaks([line(840), line(900), line(980), line(200)], 0, 1000).map((page) => page.y1),
    [840, 1840],
  );
});

test("a drawing taller than the last quarter is cut: pages would be too empty", () => {
  assert.deepEqual(
    pageBreaks([line(100, 1500)], 0, 1000).map((page) => page.y1),
    [1000, 2000],
  );
});

test("pages follow one another without a gap down to the last ink, from wherever the sheet begins", () => {
  const rows = Array.from({ length: 400 }, (_, i) => line(-500 + i * 137, 120));
  const pages = pageBreaks(rows, -500, 1500);
  pages.forEach((page, i) => {
    assert.equal(page.y0, i ? pages[i - 1].y1 : -500);
    assert.ok(page.y1 - page.y0 <= 1500);
    assert.ok(page.y1 - page.y0 > 1500 * 0.75);
  });
  assert.ok((pages.at(-1)?.y1 ?? 0) >= (rows.at(-1)?.y1 ?? 0));
  for (const { y0, y1 } of rows) assert.equal(pages.filter((page) => page.y0 < y1 && page.y1 > y0).length, 1);
});
