import assert from "node:assert/strict";
import { test } from "node:test";
import { gripAt, moveOf } from "../../../public/js/core/selection.js";
import { boxOf } from "../../../public/js/core/stroke.js";

const BOX = { x0: 0, y0: 0, x1: 1000, y1: 500 };

test("a drag inside moves by whole units, a drag that comes back does nothing", () => {
  assert.deepEqual(moveOf(BOX, "inside", 10, 10, 110.4, 5.5), { by: [100, -4] });
  assert.equal(moveOf(BOX, "inside", 10, 10, 10.2, 10), null);
});

test("test_c1_m a corner scales about the opposite one, between 0.05 and 20", () => {
  assert.deepEqual(moveOf(BOX, "se", 1000, 500, 2000, 1000), { by: [0, 0], scale: [2, 0, 0] });
  assert.deepEqual(moveOf(BOX, "nw", 0, 0, 500, 250), { by: [0, 0], scale: [0.5, 1000, 500] });
  assert.equal(moveOf(BOX, "se", 1000, 500, -9000, -9000)?.scale?.[0], 0.05);
  assert.equal(moveOf(BOX, "se", 1000, 500, 90_000, 90_000)?.scale?.[0], 20);
  assert.equal(moveOf(BOX, "se", 1000, 500, 1000, 500), null);
});

test("corners are gripped before the inside", () => {
  assert.equal(gripAt(BOX, 990, 495, 20), "se");
  assert.equal(gripAt(BOX, 500, 250, 20), "inside");
  assert.equal(gripAt(BOX, -30, 250, 20), null);
});

test("the box of nothing is nothing", () => {
  assert.equal(boxOf([]), null);
});
