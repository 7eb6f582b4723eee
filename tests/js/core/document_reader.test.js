import assert from "node:assert/strict";
import { test } from "node:test";
import { NotebookDocument } from "../../../public/js/core/document.js";
import { DocumentError, DocumentReader, loadDocument } from "../../../public/js/core/document_reader.js";
import { formatStroke, withId } from "../../../public/js/core/fragment.js";
import { scribble } from "./ink_samples.js";

const STROKES = [1, 2, 3, 4, 5].map((seed) =>
  withId(formatStroke({ points: scribble(seed), width: 30, tool: "pen", fill: "#000000" }), String(seed)),
);
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 12000 16000" width="1200" height="1600" data-seq="12" data-epoch="0123456789abcdef" data-paper="ruled" data-margin="right"><title>a &lt;g b</title>${STROKES.join("")}<g id="9" data-v="1"></g></svg>`;

test("test_n3 the document is read whatever the borders of its chunks", () => {
  for (const size of [1, 2, 7, 100, 1e9]) {
    const reader = new DocumentReader();
    const found = [];
    for (let at = 0; at < SVG.length; at += size) found.push(...reader.feed(SVG.slice(at, at + size)));
    reader.finish();
    assert.deepEqual(found, [...STROKES, '<g id="9" data-v="1"></g>']);
    assert.deepEqual(reader.head, {
      seq: 12,
      epoch: "0123456789abcdef",
      paper: { paper: "ruled", margin: "right" },
    });
  }
});

test("a document that stops before its end is not taken for whole", () => {
  const reader = new DocumentReader();
  reader.feed(SVG.slice(0, -8));
  assert.throws(() => reader.finish(), DocumentError);
});

test("loading gives the page its turn after every 4 ms, and the first ink at once", async () => {
  const notebook = new NotebookDocument();
  let clock = 0;
  let pauses = 0;
  const many = Array.from({ length: 300 }, (_, i) => withId(STROKES[i % 5], String(i + 1)));
  const whole = SVG.replace(STROKES.join(""), many.join(""));
  const first = [];
  notebook.subscribe((change) => change.added.size && first.push(change.added.size));
  await loadDocument(
    notebook,
    (async function* () {
      yield whole;
    })(),
    {
      now: () => (clock += 3),
      pause: async () => {
        pauses += 1;
      },
    },
  );
  assert.equal(notebook.strokes.size, 300);
  assert.ok(pauses >= 4);
  assert.equal(first[0], 32);
});
