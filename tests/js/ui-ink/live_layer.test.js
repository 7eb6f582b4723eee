import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAY_OUT_MS, playedOut, STEP_MS } from "../../../public/js/ui/live_layer.js";

/** @param {number} first @param {number} count */
function points(first, count) {
  return Int32Array.from({ length: 3 * count }, (_, i) => first + Math.floor(i / 3));
}

/** @param {ReturnType<typeof playedOut>} waiting @param {number} nowMs */
function shown(waiting, nowMs) {
  return waiting
    .filter(({ atMs }) => atMs <= nowMs)
    .flatMap((one) => [...one.points].filter((_, i) => i % 3 === 0));
}

test("points that came together are shown one after the other, all within the play-out time", () => {
  const waiting = playedOut([], points(1, 10), 1000);
  const seen = [1000 + STEP_MS, 1000 + PLAY_OUT_MS / 2, 1000 + PLAY_OUT_MS].map(
    (at) => shown(waiting, at).length,
  );
  assert.deepEqual(shown(waiting, 1000 + PLAY_OUT_MS), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.ok(seen[0] >= 1 && seen[0] <= 3, `the first at once: ${seen}`);
  assert.ok(seen[1] >= 4 && seen[1] <= 6, `half of them after half of the time: ${seen}`);
});

test("news every 100 ms: what is shown is never more than the time between news behind what came", () => {
  let waiting = playedOut([], points(0, 8), 0);
  let newest = 7;
  let drawn = -1;
  for (let nowMs = 0; nowMs < 1000; nowMs += 10) {
    if (nowMs > 0 && nowMs % 100 === 0) {
      waiting = playedOut(waiting, points(newest + 1, 8), nowMs);
      newest += 8;
    }
    for (const point of shown(waiting, nowMs)) assert.equal(point, ++drawn, "in order, none twice");
    waiting = waiting.filter(({ atMs }) => atMs > nowMs);
    assert.ok(newest - drawn <= 10, `at ${nowMs} ms: ${newest - drawn} points behind`);
  }
});

test("news that come early are not shown before what waits, nor later than the play-out time", () => {
  const waiting = playedOut([], points(0, 10), 0);
  const left = waiting.filter(({ atMs }) => atMs > 40);
  const early = playedOut(left, points(10, 10), 40);
  assert.deepEqual(
    shown(early, 40 + PLAY_OUT_MS),
    [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
  );
  assert.deepEqual(playedOut([], new Int32Array(), 0), []);
  assert.deepEqual(shown(playedOut([], points(5, 1), 0), PLAY_OUT_MS), [5]);
});
