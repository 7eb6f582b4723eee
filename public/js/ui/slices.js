/**
 * Long work in short slices, so that pen and picture always get their turn.
 *
 * Owns the waiting between slices: a message to oneself runs after input and painting that are due, without the
 * 4 ms floor of nested timers. What the work is belongs to the caller.
 */

/** Longest slice, ms. */
export const SLICE_MS = 4;

export class Slices {
  /** @param {(untilMs: number) => boolean} work does a slice, to stop at `untilMs`; true while more is left */
  constructor(work) {
    this.work = work;
    this.channel = new MessageChannel();
    this.scheduled = false;
    this.channel.port1.onmessage = () => this.run();
  }

  /** There is something to do. */
  wake() {
    if (this.scheduled) return;
    this.scheduled = true;
    this.channel.port2.postMessage(0);
  }

  run() {
    this.scheduled = false;
    if (this.work(performance.now() + SLICE_MS)) this.wake();
  }

  close() {
    this.channel.port1.onmessage = null;
    this.channel.port1.close();
    this.channel.port2.close();
  }
}
