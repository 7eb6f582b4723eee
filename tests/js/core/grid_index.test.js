import assert from "node:assert/strict";
import { test } from "node:test";
import { CELL, GridIndex } from "../../../public/js/core/stroke.js";
import { random } from "./ink_samples.js";

test("a query finds exactly what a look at every item finds", () => {
  const next = random(1);
  const index = new GridIndex();
  const items = Array.from({ length: 500 }, () => {
    const [x0, y0] = [(next() - 0.5) * 60_000, (next() - 0.5) * 60_000];
    const side = next() < 0.02 ? 60_000 : next() * 3000;
    return { bounds: { x0, y0, x1: x0 + side, y1: y0 + side * next() } };
  });
  for (const item of items) index.add(item);
  for (const item of items.splice(0, 100)) index.remove(item);
  for (let i = 0; i < 100; i++) {
    const [x0, y0] = [(next() - 0.5) * 60_000, (next() - 0.5) * 60_000];
    const box = { x0, y0, x1: x0 + next() * 9000, y1: y0 + next() * 9000 };
    const expected = items.filter(
      ({ bounds: b }) => b.x0 <= box.x1 && box.x0 <= b.x1 && b.y0 <= box.y1 && box.y0 <= b.y1,
    );
    assert.deepEqual(new Set(index.query(box)), new Set(expected));
  }
});

test("an item over a border is in both cells, a very big one in all it touches", () => {
  const index = new GridIndex();
  const border = { bounds: { x0: CELL - 5, y0: 5, x1: CELL + 5, y1: 9 } };
  const big = { bounds: { x0: -20 * CELL, y0: 0, x1: 20 * CELL, y1: 9 * CELL } };
  index.add(border);
  index.add(big);
  assert.deepEqual(index.inCell("0,0"), [border, big]);
  assert.deepEqual(index.inCell("1,0"), [border, big]);
  assert.deepEqual(index.inCell("7,3"), [big]);
  assert.deepEqual(index.inCell("7,30"), []);
});
