/**
 * Who may do what with the sheet: pen, finger, mouse, and which of them the palm is.
 *
 * Owns the decisions (INK.md, "Capture and wet layer") as one state machine without a DOM: pointer facts go in,
 * commands come out. Pen beats touch; a second finger turns a short touch stroke into a pinch; with a pen in use
 * one finger pans. `pointer_input.js` feeds it from the browser and carries the commands out.
 */

/** Touch this soon after a pen is a palm, ms. */
export const PALM_MS = 500;
/** A second finger within this time makes a pinch of a touch stroke, ms. */
export const SHORT_TOUCH_MS = 250;
/** ... or while the first finger moved no further than this, CSS pixels. */
export const SHORT_TOUCH_PX = 24;

/**
 * @typedef {Object} PointerFact
 * @property {"down" | "move" | "up" | "cancel"} type
 * @property {number} id
 * @property {string} kind "pen", "touch" or "mouse"
 * @property {number} button as in Pointer Events
 * @property {number} buttons as in Pointer Events
 * @property {number} x CSS pixels from the surface's corner
 * @property {number} y
 * @property {number} atMs
 */

/** @typedef {"idle" | "drawing" | "panning" | "pinching"} Phase */
/** @typedef {"tool" | "eraser"} Use what a stroke does: the chosen tool, or the pen's eraser end or barrel button */

/**
 * @typedef {{does: "begin", id: number, use: Use} | {does: "extend", id: number} | {does: "finish", id: number} |
 *   {does: "discard", id: number} | {does: "pan", dx: number, dy: number} |
 *   {does: "pinch", x: number, y: number, dx: number, dy: number, factor: number} | {does: "release"}} Command
 */

/** @typedef {{penOnly: boolean, readOnly: boolean, panTool: boolean, spaceHeld: boolean, fingerDraws: boolean}} Policy */

export class PointerMachine {
  /** @param {Policy} policy read at every pointer down; may be changed in between */
  constructor(policy) {
    this.policy = policy;
    /** @type {Phase} */
    this.phase = "idle";
    this.penAtMs = -Infinity;
    this.penSeen = false;
    this.drawing = { id: -1, kind: "", startX: 0, startY: 0, startMs: 0, reach: 0 };
    /** @type {Map<number, {x: number, y: number}>} fingers (or a mouse) that move the sheet */
    this.movers = new Map();
  }

  /**
   * @param {PointerFact} fact
   * @returns {Command[]}
   */
  handle(fact) {
    if (fact.kind === "pen") {
      this.penAtMs = fact.atMs;
      this.penSeen = true;
    }
    switch (fact.type) {
      case "down":
        return this.down(fact);
      case "move":
        return this.move(fact);
      default:
        return this.leave(fact);
    }
  }

  /** @param {PointerFact} fact @returns {Command[]} */
  down(fact) {
    if (fact.kind === "touch") return this.touchDown(fact);
    if (this.wantsPan(fact)) return this.phase === "idle" ? this.startMoving(fact) : [];
    if (fact.kind === "mouse")
      return fact.button === 0 && this.phase === "idle" ? this.startDrawing(fact) : [];
    /** @type {Command[]} */
    const commands = [];
    if (this.phase === "drawing") {
      if (this.drawing.kind === "pen") return [];
      commands.push({ does: "discard", id: this.drawing.id });
    }
    this.movers.clear();
    return [...commands, ...this.startDrawing(fact)];
  }

  /** @param {PointerFact} fact */
  wantsPan(fact) {
    const { readOnly, panTool, spaceHeld } = this.policy;
    return readOnly || panTool || spaceHeld || (fact.kind === "mouse" && fact.button === 1);
  }

  /** @param {PointerFact} fact @returns {Command[]} */
  touchDown(fact) {
    if (fact.atMs - this.penAtMs < PALM_MS) return [];
    switch (this.phase) {
      case "idle":
        return this.fingerPans(fact) ? this.startMoving(fact) : this.startDrawing(fact);
      case "panning":
      case "pinching":
        if (this.movers.size < 2) this.movers.set(fact.id, { x: fact.x, y: fact.y });
        this.phase = this.movers.size === 2 ? "pinching" : "panning";
        return [];
      case "drawing":
        return this.secondFinger(fact);
    }
  }

  /** @param {PointerFact} fact */
  fingerPans(fact) {
    const { penOnly, fingerDraws } = this.policy;
    return this.wantsPan(fact) || penOnly || (this.penSeen && !fingerDraws);
  }

  /** @param {PointerFact} fact @returns {Command[]} */
  secondFinger(fact) {
    const { id, kind, startMs, startX, startY, reach } = this.drawing;
    const short = fact.atMs - startMs < SHORT_TOUCH_MS || reach < SHORT_TOUCH_PX;
    if (kind !== "touch" || !short) return [];
    this.phase = "pinching";
    this.movers.set(id, { x: startX, y: startY });
    this.movers.set(fact.id, { x: fact.x, y: fact.y });
    return [{ does: "discard", id }];
  }

  /** @param {PointerFact} fact @returns {Command[]} */
  startDrawing(fact) {
    this.phase = "drawing";
    const { id, kind, x, y, atMs } = fact;
    this.drawing = { id, kind, startX: x, startY: y, startMs: atMs, reach: 0 };
    const erases = kind === "pen" && (fact.button === 5 || (fact.buttons & (32 | 2)) !== 0);
    return [{ does: "begin", id, use: erases ? "eraser" : "tool" }];
  }

  /** @param {PointerFact} fact @returns {Command[]} */
  startMoving(fact) {
    this.phase = "panning";
    this.movers.set(fact.id, { x: fact.x, y: fact.y });
    return [];
  }

  /** @param {PointerFact} fact @returns {Command[]} */
  move(fact) {
    if (this.phase === "drawing" && fact.id === this.drawing.id) {
      const { startX, startY } = this.drawing;
      this.drawing.reach = Math.max(this.drawing.reach, Math.hypot(fact.x - startX, fact.y - startY));
      return [{ does: "extend", id: fact.id }];
    }
    const mover = this.movers.get(fact.id);
    if (!mover) return [];
    if (this.phase === "pinching") return this.pinch(fact, mover);
    const command = /** @type {Command} */ ({ does: "pan", dx: fact.x - mover.x, dy: fact.y - mover.y });
    this.movers.set(fact.id, { x: fact.x, y: fact.y });
    return [command];
  }

  /**
   * @param {PointerFact} fact
   * @param {{x: number, y: number}} mover where that finger was
   * @returns {Command[]}
   */
  pinch(fact, mover) {
    const other = [...this.movers].find(([id]) => id !== fact.id)?.[1];
    if (!other) return [];
    const before = Math.max(8, Math.hypot(mover.x - other.x, mover.y - other.y));
    const after = Math.max(8, Math.hypot(fact.x - other.x, fact.y - other.y));
    this.movers.set(fact.id, { x: fact.x, y: fact.y });
    const dx = (fact.x - mover.x) / 2;
    const dy = (fact.y - mover.y) / 2;
    const x = (fact.x + other.x) / 2;
    const y = (fact.y + other.y) / 2;
    return [{ does: "pinch", x, y, dx, dy, factor: after / before }];
  }

  /** @param {PointerFact} fact up or cancel @returns {Command[]} */
  leave(fact) {
    if (this.phase === "drawing" && fact.id === this.drawing.id) {
      this.phase = "idle";
      return [{ does: fact.type === "cancel" ? "discard" : "finish", id: fact.id }];
    }
    if (!this.movers.delete(fact.id)) return [];
    if (this.phase !== "drawing") this.phase = this.movers.size ? "panning" : "idle";
    return this.phase === "idle" ? [{ does: "release" }] : [];
  }
}
