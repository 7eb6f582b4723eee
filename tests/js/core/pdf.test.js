import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";
import { parseFragment } from "../../../public/js/core/fragment.js";
import { ruling } from "../../../public/js/core/paper_rules.js";
import { pageContent, writePdf } from "../../../public/js/core/pdf.js";

const PAGE = { x0: 0, y0: 0, x1: 12_000, y1: 16_000 };
const PLAIN = { paper: "plain", margin: "none" };
const drawn = (/** @type {string} */ d, y0 = 0, y1 = 100) => ({
  fragment: parseFragment(`<g><path d="${d}" fill="#ff0000"/></g>`),
  bounds: { x0: 0, y0, x1: 100, y1 },
});

test("a quadratic becomes the same curve as a cubic", () => {
  const content = pageContent([drawn("M0 0q30 60 90 0z")], PAGE, PLAIN);
  assert.match(content, /1 0 0 rg \n0 0 m\n20 40 50 40 90 0 c\nh\nf$/);
});

test("a page per sheet height; a stroke over the break is on both", async () => {
  const deflate = async (/** @type {Uint8Array} */ bytes) => new Uint8Array(deflateSync(bytes));
  const strokes = [drawn("M0 0L9 9", 15_990, 16_010), drawn("M1 1L9 9", 100, 200)];
  const bytes = await writePdf({ strokes, sheet: { ...PAGE, y1: 20_000 }, paper: PLAIN, deflate });
  const text = Buffer.from(bytes).toString("latin1");
  assert.match(text, /\/Count 2/);
  const streams = [...text.matchAll(/stream\n([\s\S]*?)\nendstream/g)].map(([, data]) =>
    inflateSync(Buffer.from(data, "latin1")).toString(),
  );
  assert.deepEqual(
    streams.map((stream) => stream.match(/ m\n/g)?.length),
    [2, 1],
  );
});

test("the table of objects points at them", async () => {
  const bytes = await writePdf({ strokes: [], sheet: PAGE, paper: PLAIN, deflate: async (one) => one });
  const text = Buffer.from(bytes).toString("latin1");
  const offsets = [...text.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset));
  assert.equal(offsets.length, 4);
  offsets.forEach((offset, i) => {
    assert.ok(text.startsWith(`${i + 1} 0 obj`, offset));
  });
});

test("each paper has its lines, the margin its side", () => {
  const count = (/** @type {string} */ paper, margin = "none") =>
    ruling({ paper, margin }, PAGE).map(({ d }) => d.split("M").length - 1);
  assert.deepEqual(count("plain"), []);
  assert.deepEqual(count("ruled"), [47]);
  assert.deepEqual(count("squared"), [79 + 59]);
  assert.deepEqual(count("dotted"), [79]);
  assert.match(ruling({ paper: "plain", margin: "left" }, PAGE)[0].d, /^M880 /);
  assert.match(ruling({ paper: "plain", margin: "right" }, PAGE)[0].d, /^M11120 /);
});
