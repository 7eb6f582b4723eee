import assert from "node:assert/strict";
import { test } from "node:test";
import { SHEET_WIDTH, Viewport } from "../../../public/js/ui/viewport.js";

const BARS = { left: 0, top: 60, right: 0, bottom: 80 };

/** @param {number} width @param {number} height @param {boolean} rightToLeft */
function boardWithBars(width, height, rightToLeft) {
  const viewport = new Viewport(rightToLeft, () => BARS);
  viewport.resize(width, height, 1);
  return viewport;
}

/** @param {number} x @param {number} y */
function spot(x, y) {
  return { x0: x, y0: y, x1: x, y1: y };
}

test("what lies under a bar is not shown", () => {
  const viewport = boardWithBars(400, 800, false);
  assert.ok(!viewport.shows(spot(2000, 300)), "30 pixels down, under the title");
  assert.ok(viewport.shows(spot(2000, 1000)));
  assert.ok(!viewport.shows(spot(2000, 7500)), "under the tools");
  assert.ok(viewport.shows({ x0: 0, y0: 300, x1: 2000, y1: 1000 }), "a part of it is enough");
});

test("going to the sheet's corner shows it beside the bars, and no more of the desk than that", () => {
  for (const rightToLeft of [false, true]) {
    const viewport = boardWithBars(400, 800, rightToLeft);
    const x = rightToLeft ? SHEET_WIDTH - 200 : 200;
    viewport.centreOn(x, 200);
    const { x0, y0, x1 } = viewport.clear();
    assert.equal(viewport.boardY(0), y0);
    assert.equal(viewport.boardX(rightToLeft ? SHEET_WIDTH : 0), rightToLeft ? x1 : x0);
    assert.ok(viewport.shows(spot(x, 200)));
  }
});

test("a place within the sheet comes to the middle of what no bar covers", () => {
  const viewport = boardWithBars(400, 800, false);
  viewport.centreOn(6000, 8000);
  assert.deepEqual([viewport.boardX(6000), viewport.boardY(8000)], [200, 390]);
});

test("a sheet narrower than the window stays where writing starts", () => {
  for (const [rightToLeft, edge, at] of /** @type {[boolean, number, number][]} */ ([
    [false, 0, 16],
    [true, SHEET_WIDTH, 1600 - 16],
  ])) {
    const viewport = boardWithBars(1600, 800, rightToLeft);
    viewport.centreOn(6000, 8000);
    assert.equal(viewport.boardX(edge), at);
  }
});

test("everything shown at once leaves the bars free", () => {
  const viewport = boardWithBars(400, 800, false);
  viewport.cover({ x0: 0, y0: 0, x1: 12_000, y1: 30_000 });
  viewport.fit({ x0: 0, y0: 0, x1: 12_000, y1: 30_000 });
  const { x0, y0, x1, y1 } = viewport.clear();
  assert.ok(viewport.boardY(0) >= y0 - 1 && viewport.boardY(30_000) <= y1 + 1);
  assert.ok(viewport.boardX(0) >= x0 - 1 && viewport.boardX(12_000) <= x1 + 1);
});
