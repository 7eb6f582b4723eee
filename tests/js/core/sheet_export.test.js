import assert from "node:assert/strict";
import { test } from "node:test";
import { NotebookDocument } from "../../../public/js/core/document.js";
import { DocumentReader } from "../../../public/js/core/document_reader.js";
import { formatStroke } from "../../../public/js/core/fragment.js";
import { sheetSvg } from "../../../public/js/core/sheet_export.js";
import { scribble } from "./ink_samples.js";

test("test_n6 the exported document reads back whole, markers below the ink", () => {
  const stroke = (/** @type {number} */ seed, /** @type {string} */ tool) =>
    formatStroke({ points: scribble(seed), width: 30, tool, fill: "#000000" });
  const notebook = new NotebookDocument();
  notebook.load({
    seq: 4,
    epoch: "0123456789abcdef",
    paper: { paper: "dotted", margin: "right" },
    strokes: [
      { id: "1", fragment: stroke(1, "pen") },
      { id: "2", fragment: stroke(2, "marker") },
    ],
  });
  const text = sheetSvg(notebook, { x0: 0, y0: 0, x1: 12_000, y1: 16_000 });
  const reader = new DocumentReader();
  const fragments = reader.feed(text);
  reader.finish();
  assert.deepEqual(reader.head?.paper, { paper: "dotted", margin: "right" });
  assert.deepEqual(
    fragments.map((one) => one.slice(0, 9)),
    ['<g id="2"', '<g id="1"'],
  );
  assert.match(text, /viewBox="0 0 12000 16000" width="1200" height="1600"/);
});
