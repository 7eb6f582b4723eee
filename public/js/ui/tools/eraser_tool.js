/**
 * The whole-stroke eraser.
 *
 * Owns the strokes its sweep has hit: their centre-line was near the tip's way. What is hit vanishes at once; the
 * change that says so is the sweep's to time (`sweep.js`).
 */
import { strokeIsHit } from "../../core/hit_tests.js";
import { SweepTool } from "./sweep.js";

/** @typedef {import("../pointer_input.js").Sample} Sample */
/** @typedef {import("../../core/stroke.js").Stroke} Stroke */

export class EraserTool extends SweepTool {
  /** @type {Set<Stroke>} vanished, but not sent yet */
  hit = new Set();

  /**
   * @param {Stroke} stroke
   * @param {Sample} from
   * @param {Sample} to
   * @param {number} radius
   */
  touch(stroke, from, to, radius) {
    if (this.hit.has(stroke) || !strokeIsHit(stroke, from.x, from.y, to.x, to.y, radius)) return;
    this.hit.add(stroke);
    this.surface.veil(stroke);
  }

  send() {
    if (this.hit.size === 0) return;
    const hit = [...this.hit];
    this.hit.clear();
    // The strokes lose their ids' meaning for the veil only when the document has hidden them.
    this.surface.change("e", { ids: hit.map((stroke) => stroke.key) });
    for (const stroke of hit) this.surface.unveil(stroke);
  }

  restore() {
    for (const stroke of this.hit) this.surface.unveil(stroke);
    this.hit.clear();
  }
}
