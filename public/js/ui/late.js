/**
 * Parts of the board whose modules come after the first paint, and tools that may be used before theirs is there.
 *
 * Owns the waiting: what is asked of a part meanwhile is done when it comes, in the order it was asked, and whoever
 * waits for a part that cannot be had (no network) is told so and may ask again. What the parts are is the board's.
 */

/** @typedef {import("./board.js").Tool} Tool */

/**
 * Something that is made when it is first wanted, because its module comes later.
 *
 * @template Made
 */
export class Late {
  /**
   * @param {() => Promise<Made>} make
   * @param {(error: unknown) => void} missing told when what somebody waits for could not be had
   */
  constructor(make, missing) {
    this.make = make;
    this.missing = missing;
    /** @type {Made | null} */
    this.made = null;
    /** @type {Promise<Made> | null} on its way, or there */
    this.asked = null;
  }

  /** @returns {Promise<Made>} */
  get() {
    this.asked ??= this.make().then(
      (made) => {
        this.made = made;
        return made;
      },
      (error) => {
        // Without a network now: the next one who wants it tries again.
        this.asked = null;
        throw error;
      },
    );
    return this.asked;
  }

  /** @param {(made: Made) => unknown} work done now if it is there, else when it comes, in the order of the calls */
  use(work) {
    if (this.made) work(this.made);
    else this.get().then(work, this.missing);
  }
}

/** A tool whose module may be on its way while its first gesture is made: the gesture is repeated to it. */
export class LateTool {
  /**
   * @param {() => Promise<Tool>} load
   * @param {(error: unknown) => void} missing told when a gesture was lost because the tool could not be had
   */
  constructor(load, missing) {
    this.load = load;
    this.missing = missing;
    /** @type {Tool | null} */
    this.tool = null;
    /** @type {((tool: Tool) => void)[]} */
    this.missed = [];
    /** @type {Promise<void> | null} when the tool has got all of it */
    this.repeated = null;
  }

  /** @param {(tool: Tool) => void} call */
  pass(call) {
    if (this.tool) call(this.tool);
    else this.missed.push(call);
  }

  /** @type {Tool["begin"]} */
  begin(sample, contact) {
    this.missed = [];
    this.pass((tool) => tool.begin(sample, contact));
    if (this.tool) return;
    this.repeated = this.load().then((tool) => {
      this.tool = tool;
      for (const call of this.missed.splice(0)) call(tool);
    }, this.missing);
  }

  /** @type {Tool["extend"]} */
  extend(samples, predicted) {
    this.pass((tool) => tool.extend(samples, predicted));
  }

  frame() {
    this.tool?.frame();
  }

  finish() {
    this.pass((tool) => tool.finish());
  }

  discard() {
    this.pass((tool) => tool.discard());
  }
}
