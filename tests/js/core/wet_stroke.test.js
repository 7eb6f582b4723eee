import assert from "node:assert/strict";
import { test } from "node:test";
import { getStroke } from "../../../node_modules/perfect-freehand/dist/esm/index.mjs";
import { pointDistance2 } from "../../../public/js/core/cuts.js";
import { CHUNK, strokeInput, strokeOptions, TAIL, WetStroke } from "../../../public/js/core/outline.js";
import { scribble } from "./ink_samples.js";

/** @param {number[]} points @param {number} width */
function wetOf(points, width) {
  const wet = new WetStroke(width, "pen", "#000000");
  for (let i = 0; i < points.length; i += 3) wet.add(points[i], points[i + 1], points[i + 2]);
  return wet;
}

test("while nothing is frozen the wet outline is the whole stroke's", () => {
  for (let seed = 1; seed < 40; seed++) {
    const points = scribble(seed, 3 + seed * 2);
    const outline = wetOf(points, 40).tail();
    assert.deepEqual(outline, getStroke(strokeInput(points), strokeOptions(40, "pen")), `seed ${seed}`);
  }
});

test("frozen chunks and tail cover the whole stroke and nothing else", () => {
  const points = scribble(7, 1000);
  const wet = new WetStroke(40, "pen", "#000000");
  const chunks = [];
  for (let i = 0; i < points.length; i += 3) {
    wet.add(points[i], points[i + 1], points[i + 2]);
    for (let chunk = wet.freeze(); chunk; chunk = wet.freeze()) chunks.push(chunk);
  }
  assert.ok(chunks.length > 20);
  const whole = getStroke(strokeInput(points), strokeOptions(40, "pen"));
  const parts = [...chunks, wet.tail()];
  const worst = Math.max(...whole.map((corner) => Math.min(...parts.map((part) => distance(corner, part)))));
  // The parts take their corners at other places along a bend: half a pixel at most.
  assert.ok(worst < 5, `a corner of the whole is ${worst} tenths of a pixel from the parts`);
});

test("a frame costs the same at 100 and at 3,000 points: the tail is bounded", () => {
  const wet = wetOf(scribble(11, 3000), 30);
  while (wet.freeze());
  assert.ok(wet.line.length - wet.frozenTo < TAIL + CHUNK);
});

test("a sample equal to the one before is dropped, one that differs in pressure is kept", () => {
  const wet = new WetStroke(30, "pen", "#000000");
  assert.deepEqual([wet.add(1, 1, 5), wet.add(1, 1, 5), wet.add(1, 1, 6)], [true, false, true]);
  assert.equal(wet.length, 2);
});

test("a single tap is a dot", () => {
  assert.ok(wetOf([100, 100, 30], 50).tail().length >= 13);
});

/** @param {number[]} corner @param {number[][]} outline @returns {number} to its nearest edge */
function distance([x, y], outline) {
  let least = Infinity;
  for (let i = 0; i < outline.length; i++) {
    const [a, b] = [outline[i], outline[(i + 1) % outline.length]];
    least = Math.min(least, pointDistance2(x, y, a[0], a[1], b[0], b[1]));
  }
  return Math.sqrt(least);
}
