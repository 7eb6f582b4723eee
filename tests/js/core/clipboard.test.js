import assert from "node:assert/strict";
import { test } from "node:test";
import { formatClipboard, parseClipboard } from "../../../public/js/core/clipboard.js";
import { formatStroke, parseFragment } from "../../../public/js/core/fragment.js";
import { scribble } from "./ink_samples.js";

const FRAGMENTS = [1, 2].map((seed) =>
  parseFragment(formatStroke({ points: scribble(seed), width: 30, tool: "pen", fill: "#000000" })),
);
const BOX = { x0: 0, y0: -10, x1: 1000, y1: 990 };

test("what is copied is pasted, without ids, and is an SVG for other programs", () => {
  const text = formatClipboard([{ ...FRAGMENTS[0], id: "7" }, FRAGMENTS[1]], BOX);
  assert.match(text, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" data-ink="1" viewBox="0 -10 1000 1000"/);
  assert.deepEqual(
    parseClipboard(text).map(({ data, paths }) => ({ data, paths })),
    FRAGMENTS.map(({ data, paths }) => ({ data, paths })),
  );
});

test("anything else on the clipboard is not ink", () => {
  const bad = formatClipboard(FRAGMENTS, BOX).replace("<path ", '<path onload="x" ');
  for (const text of ["", "hello", "<svg></svg>", bad]) assert.deepEqual(parseClipboard(text), []);
});
