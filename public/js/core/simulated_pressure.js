/**
 * Pressure for pointers that have none: slow is heavy, fast is light.
 *
 * Owns the model only: speed on the screen, smoothed over time, mapped to 0..1; a stroke starts a little light so
 * that its beginning looks set down by hand. No clock: the caller passes the event times.
 */

const HEAVY = 0.62;
const LIGHT = 0.24;
const START = 0.42;
/** Speed at which ink is half-way to its lightest, CSS pixels a millisecond. */
const HALF_SPEED = 1.1;
/** Time for the pressure to come two thirds of the way to its target, ms. */
const SETTLE_MS = 55;

export class SimulatedPressure {
  constructor() {
    this.pressure = START;
    this.atMs = Number.NaN;
    this.x = 0;
    this.y = 0;
  }

  /**
   * @param {number} x screen position, CSS pixels
   * @param {number} y
   * @param {number} atMs time of the event
   * @returns {number} 0 to 1
   */
  next(x, y, atMs) {
    const elapsed = atMs - this.atMs;
    if (elapsed > 0) {
      const speed = Math.hypot(x - this.x, y - this.y) / elapsed;
      const target = LIGHT + (HEAVY - LIGHT) / (1 + (speed / HALF_SPEED) ** 2);
      this.pressure += (target - this.pressure) * (1 - Math.exp(-Math.min(elapsed, 100) / SETTLE_MS));
    }
    if (!(elapsed === 0)) this.atMs = atMs;
    this.x = x;
    this.y = y;
    return this.pressure;
  }
}
