import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { outlinePath, pathOfOutline } from "../../../public/js/core/outline.js";
import { parsePath, pathBounds } from "../../../public/js/core/path_data.js";
import { decodePoints } from "../../../public/js/core/points.js";
import { scribble } from "./ink_samples.js";

const VECTORS = new URL("../../data/outline_vectors.json", import.meta.url);

test("recipe 1 draws through the midpoints, corners as control points", () => {
  const square = [
    [0, 0],
    [10, 0],
    [10, 11],
    [-1, 11],
  ];
  // P0..P3; M mid(P0,P1); then control P1, end mid(P1,P2), ... back to mid(P0,P1).
  assert.equal(pathOfOutline(square), "M5 0q5 0 5 5 0 6-6 6-5 0-5-6 1-5 6-5z");
});

test("coordinates are rounded half up before the midpoints are taken", () => {
  const triangle = [
    [0.5, -0.5],
    [2.49, 0],
    [0, 3.5],
  ];
  assert.equal(pathOfOutline(triangle), "M1 0q1 0 0 2-1 2-1 0 1-2 1-2z");
});

test("a dot, a line of two points and a long stroke all give a closed path around their points", () => {
  for (const points of [[500, 500, 32], [500, 500, 32, 700, 500, 32], scribble(3), scribble(4, 2000)]) {
    const d = outlinePath(points, 50, "pen");
    assert.match(d, /^M-?\d+[ -]\d+q[\d -]+z$/);
    const box = pathBounds(parsePath(d));
    for (let i = 0; i < points.length; i += 3) {
      assert.ok(box.x0 <= points[i] + 25 && points[i] - 25 <= box.x1);
    }
  }
});

test("tools without pressure have one width", () => {
  const light = [0, 0, 0, 300, 0, 0, 600, 0, 0];
  const heavy = [0, 0, 63, 300, 0, 63, 600, 0, 63];
  for (const tool of ["constant", "marker"]) {
    assert.equal(outlinePath(light, 50, tool), outlinePath(heavy, 50, tool));
  }
  assert.notEqual(outlinePath(light, 50, "pen"), outlinePath(heavy, 50, "pen"));
});

test("68 points are at most 1.2 KB of path (INK: 0.85 KB)", () => {
  assert.ok(outlinePath(scribble(9), 30, "pen").length <= 1200);
});

test("the page and the server give the same path", () => {
  const cases = JSON.parse(readFileSync(VECTORS, "utf8"));
  assert.ok(cases.length >= 1000);
  for (const { points, width, tool, d } of cases) {
    assert.ok(outlinePath(decodePoints(points), width, tool) === d, `${points} ${width} ${tool}`);
  }
});
