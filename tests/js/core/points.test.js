import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  boundsOfPoints,
  decodePoints,
  encodePoints,
  PointsError,
  quantisePressure,
} from "../../../public/js/core/points.js";
import { scribble } from "./ink_samples.js";

test("points come back as they were, whatever their number", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const points = scribble(seed, 1 + (seed % 7));
    assert.deepEqual(Array.from(decodePoints(encodePoints(points))), points);
  }
});

test("the bytes are zig-zag LEB128 deltas from 0, 0, 0", () => {
  // 1 -> 2, -1 -> 1, 63 -> 126; then deltas 299 -> 598 = d6 04, 0, -63 -> 125.
  const text = encodePoints([1, -1, 63, 300, -1, 0]);
  assert.deepEqual([...Buffer.from(text, "base64")], [2, 1, 126, 0xd6, 4, 0, 125]);
});

test("extremes fit: coordinates of plus and minus 1,000,000", () => {
  const points = [1_000_000, -1_000_000, 0, -1_000_000, 1_000_000, 63];
  assert.deepEqual(Array.from(decodePoints(encodePoints(points))), points);
});

test("what no encoder of ours wrote is refused", () => {
  for (const text of ["", "AA==", "A", "AAA*", "gICAgICAAAA=", encodePoints([0, 0, 0]).slice(0, 2)]) {
    assert.throws(() => decodePoints(text), PointsError, text);
  }
  assert.throws(() => decodePoints(encodePoints([0, 0, 64])), PointsError);
  assert.throws(() => decodePoints(encodePoints([1_000_001, 0, 1])), PointsError);
});

test("a stroke of 68 points takes at most 0.3 KB of base64 (INK: 0.28 KB)", () => {
  assert.ok(encodePoints(scribble(5)).length <= 340);
});

test("pressure is 64 steps", () => {
  assert.deepEqual([0, 0.5, 1, 1.4, -1].map(quantisePressure), [0, 32, 63, 63, 0]);
});

test("the page and the server write the same bytes", () => {
  const cases = JSON.parse(readFileSync(new URL("../../data/points_vectors.json", import.meta.url), "utf8"));
  for (const { points, text } of cases) {
    assert.equal(encodePoints(points.flat()), text);
    assert.deepEqual(Array.from(decodePoints(text)), points.flat());
  }
});

test("the quick box is the box of the decoded points", () => {
  for (const points of [
    ...Array.from({ length: 30 }, (_, i) => scribble(i + 1, i + 1)),
    [-1_000_000, 1_000_000, 0],
  ]) {
    const text = encodePoints(points);
    const axis = (/** @type {number} */ k) => points.filter((_, i) => i % 3 === k);
    const box = boundsOfPoints(`<<${text}>>`, 2, 2 + text.length);
    const [xs, ys] = [axis(0), axis(1)];
    assert.deepEqual(box, {
      x0: Math.min(...xs),
      y0: Math.min(...ys),
      x1: Math.max(...xs),
      y1: Math.max(...ys),
    });
  }
});
