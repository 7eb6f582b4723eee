import assert from "node:assert/strict";
import { test } from "node:test";
import { formatStroke } from "../../../public/js/core/fragment.js";
import { isInside, strokeIsHit, strokeIsWithin } from "../../../public/js/core/hit_tests.js";
import { Stroke } from "../../../public/js/core/stroke.js";

/** @param {string} text */
function stroke(text) {
  return new Stroke("1", text, 1, 0);
}

const LINE = stroke(
  formatStroke({ points: [0, 0, 32, 1000, 0, 32], width: 40, tool: "pen", fill: "#000000" }),
);
const OUTLINE = stroke('<g id="1"><path d="M0 0h1000v400h-1000z" fill="#000000"/></g>');

test("a fast sweep across a line between two samples hits it", () => {
  assert.equal(strokeIsHit(LINE, 500, -3000, 500, 3000, 10), true);
  assert.equal(strokeIsHit(LINE, 1200, -3000, 1200, 3000, 10), false);
});

test("the eraser reaches to the edge of the ink", () => {
  assert.equal(strokeIsHit(LINE, 500, 120, 500, 120, 100), true);
  assert.equal(strokeIsHit(LINE, 500, 121, 500, 121, 100), false);
});

test("a fixed outline is hit within and at its edge", () => {
  assert.equal(strokeIsHit(OUTLINE, 500, 200, 500, 200, 10), true);
  assert.equal(strokeIsHit(OUTLINE, 1009, 200, 1009, 200, 10), true);
  assert.equal(strokeIsHit(OUTLINE, 1011, 200, 1011, 200, 10), false);
});

test("a lasso takes strokes that lie within it for the greater part", () => {
  const around = [-100, -100, 1100, -100, 1100, 100, -100, 100];
  assert.equal(strokeIsWithin(LINE, around), true);
  assert.equal(strokeIsWithin(LINE, [-10, -10, -10, -5, -5, -5]), false);
  assert.equal(isInside(5, 5, [0, 0, 10, 0, 10, 10, 0, 10]), true);
  assert.equal(isInside(15, 5, [0, 0, 10, 0, 10, 10, 0, 10]), false);
});
