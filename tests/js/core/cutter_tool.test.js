import assert from "node:assert/strict";
import { test } from "node:test";
import { NotebookDocument } from "../../../public/js/core/document.js";
import { formatStroke } from "../../../public/js/core/outline.js";
import { parseFragment } from "../../../public/js/core/reshaping.js";
import * as serverInk from "../../../public/js/core/server_ink.js";
import { CutterTool } from "../../../public/js/ui/tools/cutter_tool.js";
import { random, scribble } from "./ink_samples.js";

test("a cut is shown as the document will have it, also on strokes that were moved, scaled and cut before", () => {
  let cutAtAll = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const notebook = new NotebookDocument();
    notebook.equip(serverInk);
    notebook.load({ seq: 0, epoch: "e", strokes: [] });
    const change = (command, data) => notebook.addPending({ op: `o${notebook.pending.size}`, command, data });
    change("a", formatStroke({ points: scribble(seed, 120), width: 30, tool: "pen", fill: "#000000" }));
    const [stroke] = notebook.visible();
    if (seed % 2) change("e", { cuts: { [stroke.key]: [[100, 100 + Math.floor(next() * 300)]] } });
    change("m", { ids: [stroke.key], by: [313, -57], scale: [0.4 + next() * 2, 1000, 2000] });
    if (seed % 3 === 0) change("m", { ids: [stroke.key], by: [-21, 7] });
    /** @type {string[] | null} */
    let shown = null;
    const tool = new CutterTool({
      document: notebook,
      eraserRadius: () => 60,
      mayAlter: () => true,
      requestFrame() {},
      showPaths: (_, paths) => {
        shown = paths;
      },
      change,
      commit() {},
    });
    const points = stroke.points();
    const middle = 3 * Math.floor((points.length / 3) * (0.3 + 0.5 * next()));
    tool.begin({ x: points[middle] - 150, y: points[middle + 1] - 150, p: 0, tilt: 0, atMs: 0 });
    tool.extend([{ x: points[middle] + 150, y: points[middle + 1] + 150, p: 0, tilt: 0, atMs: 10 }]);
    tool.frame();
    tool.finish();
    if (shown === null) continue;
    cutAtAll += 1;
    assert.deepEqual(
      shown,
      parseFragment(stroke.text).paths.map(({ d }) => d),
      `seed ${seed}`,
    );
  }
  assert.ok(cutAtAll > 40, `only ${cutAtAll} were cut`);
});
