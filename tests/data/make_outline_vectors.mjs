/**
 * Writes outline_vectors.json next to itself: strokes from a fixed seed with the `d` that the page draws for them.
 *
 * Run by hand (`node tests/data/make_outline_vectors.mjs`) when outline recipe 1 changes, which it should never do.
 */
import { writeFileSync } from "node:fs";
import { outlinePath } from "../../public/js/core/outline.js";
import { encodePoints } from "../../public/js/core/points.js";

let state = 12345;
function random() {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return state / 4294967296;
}

const COUNTS = [1, 2, 3, 4, 5, 8, 14, 20, 34, 68];
const WIDTHS = [1, 4, 10, 20, 30, 50, 80, 120, 300, 999];
const TOOLS = ["pen", "mouse", "pen", "marker", "pen", "constant", "mouse"];

/** Ways to go on from a point: scribble, curve, level, stairs, return to the start, zigzag. */
const WALKS = [
  (s) => [s.x + Math.floor(random() * 80) - 40, s.y + Math.floor(random() * 80) - 40],
  (s) => {
    s.angle += (random() - 0.5) * 0.6;
    return [s.x + Math.round(Math.cos(s.angle) * s.speed), s.y + Math.round(Math.sin(s.angle) * s.speed)];
  },
  (s) => [s.x + Math.floor(s.speed), s.y],
  (s) => (random() < 0.5 ? [s.x, s.y - Math.floor(s.speed)] : [s.x + Math.floor(s.speed), s.y]),
  (s) => (random() < 0.3 ? [s.startX, s.startY] : [s.x + Math.floor(random() * 7) - 3, s.y + Math.floor(random() * 7) - 3]),
  (s, i) => {
    const step = (i % 7 < 3 ? 1 : -1) * Math.floor(s.speed + 1);
    return [s.x + step, s.y + (i % 3) * step];
  },
];

const vectors = [];
for (let k = 0; k < 1200; k++) {
  const walk = WALKS[Math.floor(k / 10) % WALKS.length];
  const startX = Math.floor(random() * 12000);
  const startY = Math.floor(random() * 16000);
  const s = { startX, startY, x: startX, y: startY, angle: random() * 7, speed: random() * 60 };
  let pressure = Math.floor(random() * 64);
  const points = [];
  for (let i = 0; i < COUNTS[k % COUNTS.length]; i++) {
    points.push(s.x, s.y, pressure);
    [s.x, s.y] = walk(s, i);
    pressure = Math.max(0, Math.min(63, pressure + Math.floor(random() * 9) - 4));
  }
  const width = WIDTHS[Math.floor(random() * WIDTHS.length)];
  const tool = TOOLS[k % TOOLS.length];
  vectors.push({ points: encodePoints(points), width, tool, d: outlinePath(points, width, tool) });
}
const lines = vectors.map((vector) => JSON.stringify(vector)).join(",\n");
writeFileSync(new URL("outline_vectors.json", import.meta.url), `[\n${lines}\n]\n`);
