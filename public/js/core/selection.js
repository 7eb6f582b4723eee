/**
 * Which strokes are chosen, and what a drag of their box means.
 *
 * Owns the arithmetic of the selection box: its place, its handles, and the `m` data that a drag of the box or of a
 * corner stands for (C1). Draws nothing and changes nothing.
 */

/** @typedef {import("./path_data.js").Bounds} Bounds */
/** @typedef {import("./transform.js").Move} Move */
/** @typedef {"inside" | "nw" | "ne" | "sw" | "se"} Grip */

/** Limits of one scaling (C1). */
const MIN_SCALE = 0.05;
const MAX_SCALE = 20;

/** @param {Bounds} box @returns {Record<"nw" | "ne" | "sw" | "se", [number, number]>} */
export function cornersOf({ x0, y0, x1, y1 }) {
  return { nw: [x0, y0], ne: [x1, y0], sw: [x0, y1], se: [x1, y1] };
}

/**
 * @param {Bounds} box
 * @param {number} x
 * @param {number} y
 * @param {number} reach of a corner, sheet units
 * @returns {Grip | null} what of the box is there
 */
export function gripAt(box, x, y, reach) {
  for (const [grip, [cx, cy]] of Object.entries(cornersOf(box))) {
    if (Math.abs(x - cx) <= reach && Math.abs(y - cy) <= reach) return /** @type {Grip} */ (grip);
  }
  return x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1 ? "inside" : null;
}

const OPPOSITE = /** @type {const} */ ({ nw: "se", ne: "sw", sw: "ne", se: "nw" });

/**
 * @param {Bounds} box
 * @param {Grip} grip
 * @param {number} fromX where the drag began
 * @param {number} fromY
 * @param {number} toX where it is
 * @param {number} toY
 * @returns {Move | null} null where nothing moves
 */
export function moveOf(box, grip, fromX, fromY, toX, toY) {
  if (grip === "inside") {
    const by = /** @type {[number, number]} */ ([Math.round(toX - fromX), Math.round(toY - fromY)]);
    return by[0] || by[1] ? { by } : null;
  }
  const [fixedX, fixedY] = cornersOf(box)[OPPOSITE[grip]];
  const [cornerX, cornerY] = cornersOf(box)[grip];
  const [dx, dy] = [cornerX - fixedX, cornerY - fixedY];
  // The drag along the diagonal decides: one factor for both directions.
  const along = ((toX - fromX + dx) * dx + (toY - fromY + dy) * dy) / Math.max(1, dx * dx + dy * dy);
  const factor = Math.round(Math.min(MAX_SCALE, Math.max(MIN_SCALE, along)) * 1000) / 1000;
  return factor === 1 ? null : { by: [0, 0], scale: [factor, Math.round(fixedX), Math.round(fixedY)] };
}
