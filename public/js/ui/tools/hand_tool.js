/**
 * The hand, for a drag that began before its key was understood.
 *
 * While the hand is chosen the pointer machine pans by itself and no tool hears of it. A drag that began while the
 * key's meaning was still on its way is repeated to this tool: the place of the sheet that was taken hold of comes
 * under the pointer, once a frame, as the samples name places of the sheet as it lay when they were taken.
 */

/** @typedef {import("../pointer_input.js").Sample} Sample */

export class HandTool {
  /** @param {import("../surface.js").Surface} surface */
  constructor(surface) {
    this.surface = surface;
    /** @type {Sample | null} where the sheet was taken hold of */
    this.taken = null;
    /** @type {Sample | null} where the pointer is now */
    this.now = null;
  }

  /** @param {Sample} sample */
  begin(sample) {
    this.taken = sample;
    this.now = null;
  }

  /** @param {Sample[]} samples */
  extend(samples) {
    this.now = samples[samples.length - 1];
    this.surface.requestFrame();
  }

  frame() {
    const { taken, now } = this;
    if (!taken || !now) return;
    this.now = null;
    const { viewport } = this.surface;
    viewport.panBy((now.x - taken.x) * viewport.scale, (now.y - taken.y) * viewport.scale);
  }

  finish() {
    this.frame();
    this.discard();
  }

  discard() {
    this.taken = null;
    this.now = null;
  }
}
