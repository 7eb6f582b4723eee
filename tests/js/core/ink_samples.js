/**
 * Strokes for tests: handwriting-like points from a seed, so that a failure can be seen again.
 */

/** @param {number} seed @returns {() => number} 0 to 1 */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/**
 * @param {number} seed
 * @param {number} [count]
 * @returns {number[]} flat points
 */
export function scribble(seed, count = 68) {
  const next = random(seed);
  const points = [];
  let x = Math.floor(next() * 8000);
  let y = Math.floor(next() * 8000);
  let direction = next() * 7;
  let turn = 0;
  let pressure = 20 + next() * 20;
  for (let i = 0; i < count; i++) {
    points.push(Math.round(x), Math.round(y), Math.round(pressure));
    turn = turn * 0.9 + (next() - 0.5) * 0.16;
    direction += turn;
    const step = 5 + next() * 12;
    x += Math.cos(direction) * step;
    y += Math.sin(direction) * step;
    pressure = Math.min(63, Math.max(0, pressure + (next() - 0.5) * 6));
  }
  return points;
}
