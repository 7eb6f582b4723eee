import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cutPaths,
  formatCuts,
  parseCuts,
  sweptIntervals,
  unionOf,
  visibleRuns,
} from "../../../public/js/core/cuts.js";
import { random, scribble } from "./ink_samples.js";

const LINE = [0, 0, 10, 160, 0, 20, 320, 0, 30];

test("test_c6 cuts are a union: any order, any number of times, the same ink", () => {
  const next = random(5);
  for (let round = 0; round < 200; round++) {
    const cuts = Array.from({ length: 1 + Math.floor(next() * 8) }, () => {
      const start = Math.floor(next() * 1000);
      return /** @type {[number, number]} */ ([start, start + 1 + Math.floor(next() * 200)]);
    });
    const twice = [...cuts, ...[...cuts].reverse()].sort(() => next() - 0.5);
    assert.deepEqual(unionOf(twice), unionOf(cuts));
  }
});

test("test_c6 what is left are the runs between, ends interpolated and rounded half up", () => {
  assert.deepEqual(visibleRuns(LINE, [[8, 24]], 10), [
    [0, 0, 10, 80, 0, 15],
    [240, 0, 25, 320, 0, 30],
  ]);
});

test("test_c6 runs shorter than the pen is wide go too", () => {
  assert.deepEqual(visibleRuns(LINE, [[1, 31]], 20), []);
  assert.deepEqual(visibleRuns(LINE, [[2, 31]], 20), [[0, 0, 10, 20, 0, 11]]);
});

test("a cut over the whole line leaves nothing, a dot goes with its first sixteenth", () => {
  assert.deepEqual(visibleRuns(LINE, [[0, 32]], 1), []);
  assert.deepEqual(visibleRuns([5, 5, 1], [[0, 1]], 1), []);
  assert.deepEqual(visibleRuns([5, 5, 1], [[4, 9]], 1), [[5, 5, 1]]);
});

test("no stroke has more than 16 paths", () => {
  const points = scribble(2, 400);
  const cuts = Array.from(
    { length: 30 },
    (_, i) => /** @type {[number, number]} */ ([200 * i + 100, 200 * i + 140]),
  );
  assert.equal(cutPaths(points, cuts, 10, "pen").length, 16);
});

test("data-cuts is written and read", () => {
  assert.equal(
    formatCuts([
      [16, 41],
      [160, 412],
    ]),
    "16-41.160-412",
  );
  assert.deepEqual(parseCuts("16-41.160-412"), [
    [16, 41],
    [160, 412],
  ]);
  assert.deepEqual(parseCuts(undefined), []);
});

test("an eraser across a line takes what it touches", () => {
  const [[start, end]] = sweptIntervals(LINE, 160, -100, 160, 100, 40);
  assert.deepEqual([start, end], [12, 20]);
  assert.deepEqual(sweptIntervals(LINE, 160, 100, 160, 200, 40), []);
});
