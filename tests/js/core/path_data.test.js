import assert from "node:assert/strict";
import { test } from "node:test";
import {
  flattenPath,
  formatPath,
  PathError,
  parsePath,
  pathBounds,
} from "../../../public/js/core/path_data.js";

test("canonical path data is written as it was read", () => {
  for (const d of [
    "M1204 933q1 2 3 4-5 6 7-8z",
    "M0 0L5 5 10-5H3V4Z",
    "M1 2m3 4l5 6",
    "M0 0A5 5 0 0 1 10 10C1 2 3 4 5 6S1 2 3 4Q1 1 2 2T3 3",
  ]) {
    assert.equal(formatPath(parsePath(d)), d);
  }
});

test("pairs after a move are lines, numbers are canonical", () => {
  assert.equal(formatPath(parsePath("M 0,0 10,10 m1 1 2 2")), "M0 0L10 10m1 1l2 2");
  assert.equal(formatPath(parsePath("M+1.50-.25L1e2 0.0004")), "M1.5-0.25L100 0");
});

test("anything else is refused", () => {
  for (const d of ["1 2", "M1", "M1 2L3", "M0 0Z5", "M0 0<", "M0 0X1"])
    assert.throws(() => parsePath(d), PathError, d);
});

test("bounds cover end and control points", () => {
  assert.deepEqual(pathBounds(parsePath("M10 10q5-5 10 0t10 0H0V90z")), { x0: 0, y0: 5, x1: 30, y1: 90 });
});

test("flattened subpaths start and end where the path does", () => {
  const [line] = flattenPath(parsePath("M0 0q10 0 10 10t10 10z"));
  assert.deepEqual(line.slice(0, 2), [0, 0]);
  assert.deepEqual(line.slice(-2), [0, 0]);
  assert.ok(line.length >= 10);
});
