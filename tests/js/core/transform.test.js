import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { formatFragment, formatStroke, parseFragment } from "../../../public/js/core/fragment.js";
import { recolourFragment, transformFragment, transformPath } from "../../../public/js/core/transform.js";
import { scribble } from "./ink_samples.js";

const VECTORS = new URL("../../data/transform_vectors.json", import.meta.url);

test("test_c1_m a pure move changes only the first move and absolute commands", () => {
  assert.equal(transformPath("M10 20q1 2 3 4-5 6 7 8z", { by: [5, -30] }), "M15-10q1 2 3 4-5 6 7 8z");
  assert.equal(transformPath("M1 1L5 5h3v4H9V7", { by: [1, 2] }), "M2 3L6 7h3v4H10V9");
});

test("test_c1_m a scale makes every coordinate absolute and rounds half up", () => {
  assert.equal(transformPath("M10 10q1 2 3 4z", { by: [0, 0], scale: [0.5, 0, 0] }), "M5 5Q6 6 7 7Z");
  assert.equal(transformPath("M-3 3l1 0", { by: [1, 0], scale: [0.5, 1, 1] }), "M0 2L1 2");
});

test("test_c1_m points, width and pen width follow", () => {
  const fragment = parseFragment(
    formatStroke({ points: [0, 0, 9, 100, 0, 9], width: 30, tool: "pen", fill: "#000000" }),
  );
  const big = transformFragment(fragment, { by: [7, 0], scale: [2, 0, 0] });
  assert.equal(big.data.w, "60");
  const small = transformFragment(fragment, { by: [0, 0], scale: [0.05, 0, 0] });
  assert.equal(small.data.w, "2");
});

test("test_c1_m a stroke that would leave the sheet stays", () => {
  const fragment = parseFragment('<g><path d="M999990 0l5 0" fill="#000000"/></g>');
  assert.equal(transformFragment(fragment, { by: [10, 0] }), fragment);
});

test("test_c1_s recolouring sets the fill, or the stroke of what has no fill", () => {
  const fragment = parseFragment(
    '<g><path d="M0 0" fill="none" stroke="#111111"/><path d="M1 1" fill="#222222"/></g>',
  );
  const red = formatFragment(recolourFragment(fragment, "#ff0000"));
  assert.equal(red, '<g><path d="M0 0" fill="none" stroke="#ff0000"/><path d="M1 1" fill="#ff0000"/></g>');
});

test("moving there and back gives the same stroke", () => {
  for (let seed = 1; seed < 20; seed++) {
    const text = formatStroke({ points: scribble(seed), width: 40, tool: "pen", fill: "#123456" });
    const there = transformFragment(parseFragment(text), { by: [seed * 31, -seed * 7] });
    assert.equal(formatFragment(transformFragment(there, { by: [-seed * 31, seed * 7] })), text);
  }
});

test("the page and the server move alike", () => {
  const cases = JSON.parse(readFileSync(VECTORS, "utf8"));
  assert.ok(cases.length > 200);
  for (const { why, fragment, by, scale, fill, expect } of cases) {
    let made = parseFragment(fragment);
    if (by) made = transformFragment(made, { by, scale });
    if (fill) made = recolourFragment(made, fill);
    assert.ok(formatFragment(made) === expect, `${why}: ${JSON.stringify({ by, scale, fill })}`);
  }
});
