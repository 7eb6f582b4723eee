import assert from "node:assert/strict";
import { test } from "node:test";
import { darkPaperColour, markerColour, widthOf } from "../../../public/js/core/pen_sizes.js";

test("sizes 1 to 10 grow, start at 3 pixels, and markers are broad", () => {
  const widths = Array.from({ length: 10 }, (_, i) => widthOf(i + 1, "pen"));
  for (let i = 1; i < 10; i++) assert.ok(widths[i] > widths[i - 1]);
  assert.equal(widthOf(5, "pen"), 30);
  assert.ok(widthOf(5, "marker") > 3 * widthOf(5, "pen"));
  assert.equal(widthOf(0, "pen"), widthOf(1, "pen"));
  assert.equal(widthOf(11, "pen"), widthOf(10, "pen"));
});

test("black ink is light on dark paper and white is dark; hue stays", () => {
  const luma = (/** @type {string} */ hex) => Number.parseInt(hex.slice(3, 5), 16);
  assert.ok(luma(darkPaperColour("#000000")) > 215);
  assert.ok(luma(darkPaperColour("#ffffff")) < 60);
  const blue = darkPaperColour("#1a3bd0");
  assert.ok(Number.parseInt(blue.slice(5), 16) > Number.parseInt(blue.slice(1, 3), 16));
});

test("marker ink is pale, opaque and keeps its hue", () => {
  for (const colour of ["#ffd400", "#000000", "#d00000", "#0060ff"]) {
    assert.match(markerColour(colour), /^#[0-9a-f]{6}$/);
    const bytes = [1, 3, 5].map((at) => Number.parseInt(markerColour(colour).slice(at, at + 2), 16));
    assert.ok(Math.max(...bytes) > 190, markerColour(colour));
  }
});
