/**
 * From the browser's pointer events to samples on the sheet.
 *
 * Owns the listeners on `#board`: pointer capture, coalesced and predicted events, pressure and tilt, wheel, and the
 * keeping away of what tablets do under a pencil (Scribble, selection, loupe, double-tap zoom, back-swipe). Who may
 * draw is `core/pointer_machine.js`'s decision; samples are quantised here, once (INK.md).
 */
import { PointerMachine } from "../core/pointer_machine.js";
import { MAX_COORDINATE, quantisePressure } from "../core/points.js";

/** @typedef {import("../core/pointer_machine.js").Command} Command */
/** @typedef {import("../core/pointer_machine.js").Policy} Policy */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/**
 * @typedef {Object} Sample one quantised point of the pointer
 * @property {number} x sheet units, integer
 * @property {number} y
 * @property {number} p pressure, 0 to 63
 * @property {number} tilt as `tiltByte` gives it
 * @property {number} atMs
 */

/**
 * @typedef {Object} Contact the pointer that draws
 * @property {string} kind "pen", "touch" or "mouse"
 * @property {import("../core/pointer_machine.js").Use} use
 * @property {boolean} shift held at its start
 */

/**
 * @typedef {Object} InputSink
 * @property {(sample: Sample, contact: Contact) => void} begin
 * @property {(samples: Sample[], predicted: Sample[]) => void} extend
 * @property {() => void} finish
 * @property {() => void} discard
 * @property {(x: number, y: number, kind: string) => void} hover board pixels
 * @property {() => void} leave
 * @property {(dx: number, dy: number) => void} pan CSS pixels
 * @property {(x: number, y: number, factor: number) => void} zoom about a board pixel
 */

/** Wheel step that zooms by half, CSS pixels. */
const WHEEL_HALF_PX = 420;

/** Simulated pressure: of a slow pointer, of a fast one, and where a stroke begins. */
const HEAVY = 0.62;
const LIGHT = 0.24;
const START = 0.42;
/** Speed at which ink is half-way to its lightest, CSS pixels a millisecond. */
const HALF_SPEED = 1.1;
/** Time for the pressure to come two thirds of the way to its target, ms. */
const SETTLE_MS = 55;

export class PointerInput {
  /**
   * @param {HTMLElement} root
   * @param {Viewport} viewport
   * @param {Policy} policy
   * @param {InputSink} sink
   */
  constructor(root, viewport, policy, sink) {
    this.root = root;
    this.viewport = viewport;
    this.sink = sink;
    this.machine = new PointerMachine(policy);
    this.pressure = new SimulatedPressure();
    this.lastPressure = 0;
    /** The pen's own, 0 to 1, as long as it reported any in this stroke. */
    this.penPressure = 0;
    this.left = 0;
    this.top = 0;
    this.ending = new AbortController();
    this.listen();
  }

  destroy() {
    this.ending.abort();
  }

  /** The board may stand elsewhere in the window. */
  measure() {
    const { left, top } = this.root.getBoundingClientRect();
    this.left = left;
    this.top = top;
  }

  listen() {
    const { root } = this;
    const signal = this.ending.signal;
    root.addEventListener("pointerdown", (event) => this.down(event), { signal });
    root.addEventListener("pointermove", (event) => this.move(event), { signal });
    root.addEventListener("pointerup", (event) => this.leave(event, "up"), { signal });
    root.addEventListener("pointercancel", (event) => this.leave(event, "cancel"), { signal });
    root.addEventListener("pointerleave", () => this.sink.leave(), { signal });
    root.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    const prevent = (/** @type {Event} */ event) => event.preventDefault();
    for (const name of [
      "contextmenu",
      "selectstart",
      "dragstart",
      "gesturestart",
      "gesturechange",
      "dblclick",
    ]) {
      root.addEventListener(name, prevent, { signal });
    }
    // Not passive: only this keeps Scribble, the loupe and the double-tap zoom of iPads away from the ink.
    for (const name of ["touchstart", "touchmove", "touchend"]) {
      root.addEventListener(name, (event) => this.touch(event), { signal, passive: false });
    }
  }

  /** @param {Event} event */
  touch(event) {
    if (event.cancelable && this.isSurface(event.target)) event.preventDefault();
  }

  /** @param {EventTarget | null} target @returns {boolean} the sheet itself, not a control standing on the board */
  isSurface(target) {
    return target instanceof Element && !target.closest("button, input, [data-board-control]");
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (!this.isSurface(event.target)) return;
    this.measure();
    if (event.pointerType === "mouse" && event.button === 1) event.preventDefault();
    for (const command of this.machine.handle(this.fact(event, "down"))) this.carryOut(command, event);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const commands = this.machine.handle(this.fact(event, "move"));
    for (const command of commands) this.carryOut(command, event);
    if (event.pointerType !== "touch") {
      this.sink.hover(event.clientX - this.left, event.clientY - this.top, event.pointerType);
    }
  }

  /**
   * @param {PointerEvent} event
   * @param {"up" | "cancel"} type
   */
  leave(event, type) {
    for (const command of this.machine.handle(this.fact(event, type))) this.carryOut(command, event);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 32 : event.deltaMode === 2 ? this.viewport.height : 1;
    if (event.ctrlKey || event.metaKey) {
      this.measure();
      const factor = 2 ** ((-event.deltaY * unit) / WHEEL_HALF_PX);
      this.sink.zoom(event.clientX - this.left, event.clientY - this.top, factor);
    } else if (event.shiftKey && event.deltaX === 0) this.sink.pan(-event.deltaY * unit, 0);
    else this.sink.pan(-event.deltaX * unit, -event.deltaY * unit);
  }

  /**
   * @param {PointerEvent} event
   * @param {import("../core/pointer_machine.js").PointerFact["type"]} type
   */
  fact(event, type) {
    return {
      type,
      id: event.pointerId,
      kind: event.pointerType || "mouse",
      button: event.button,
      buttons: event.buttons,
      x: event.clientX - this.left,
      y: event.clientY - this.top,
      atMs: event.timeStamp,
    };
  }

  /**
   * @param {Command} command
   * @param {PointerEvent} event
   */
  carryOut(command, event) {
    switch (command.does) {
      case "begin":
        this.begin(event, command.use);
        break;
      case "extend":
        this.sink.extend(this.samples(event), this.predicted(event));
        break;
      case "finish":
        // A lift has a place but no pressure of its own.
        this.sink.extend([{ ...this.sample(event), p: this.lastPressure }], []);
        this.sink.finish();
        break;
      case "discard":
        this.sink.discard();
        break;
      case "pan":
        this.capture(event);
        this.sink.pan(command.dx, command.dy);
        break;
      case "pinch":
        this.capture(event);
        this.sink.pan(command.dx, command.dy);
        this.sink.zoom(command.x, command.y, command.factor);
        break;
      case "release":
        break;
    }
  }

  /**
   * @param {PointerEvent} event
   * @param {import("../core/pointer_machine.js").Use} use
   */
  begin(event, use) {
    this.capture(event);
    this.pressure = new SimulatedPressure();
    this.penPressure = 0;
    const contact = { kind: event.pointerType || "mouse", use, shift: event.shiftKey };
    const sample = this.sample(event);
    this.lastPressure = sample.p;
    this.sink.begin(sample, contact);
  }

  /** @param {PointerEvent} event */
  capture(event) {
    if (this.root.hasPointerCapture(event.pointerId)) return;
    try {
      this.root.setPointerCapture(event.pointerId);
    } catch (error) {
      // The pointer went away between its event and now; its cancel follows.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  /** @param {PointerEvent} event @returns {Sample[]} every sample since the last event */
  samples(event) {
    const all = event.getCoalescedEvents?.() ?? [];
    const samples = (all.length ? all : [event]).map((one) => this.sample(one));
    this.lastPressure = samples[samples.length - 1].p;
    return samples;
  }

  /** @param {PointerEvent} event @returns {Sample[]} */
  predicted(event) {
    const horizon = event.timeStamp + 17;
    const all = event.getPredictedEvents?.() ?? [];
    return all.filter((one) => one.timeStamp <= horizon).map((one) => this.sampleWith(one, Number.NaN));
  }

  /** @param {PointerEvent} event */
  sample(event) {
    const x = event.clientX - this.left;
    const y = event.clientY - this.top;
    const simulated = this.pressure.next(x, y, event.timeStamp);
    if (event.pointerType !== "pen") return this.sampleWith(event, simulated);
    // Some pens touch down, and all lift, without pressure: that is no reason for a blob at either end.
    if (event.pressure > 0) this.penPressure = event.pressure;
    return this.sampleWith(event, this.penPressure || Math.min(LIGHT, simulated));
  }

  /**
   * @param {PointerEvent} event
   * @param {number} pressure 0 to 1; NaN for a sample that is only predicted
   * @returns {Sample}
   */
  sampleWith(event, pressure) {
    return {
      x: quantise(this.viewport.sheetX(event.clientX - this.left)),
      y: quantise(this.viewport.sheetY(event.clientY - this.top)),
      p: Number.isNaN(pressure) ? -1 : quantisePressure(pressure),
      tilt: tiltByte(event),
      atMs: event.timeStamp,
    };
  }
}

/**
 * Pressure for pointers that have none: slow is heavy, fast is light. A stroke starts a little light, so that its
 * beginning looks set down by hand.
 */
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

/**
 * How a pen leans, in a byte: sixteenths of the way from upright to flat, then sixteenths of a turn clockwise from
 * the right. 0 is upright, and what has no tilt.
 *
 * @param {{tiltX?: number, tiltY?: number}} event degrees, as in Pointer Events
 */
export function tiltByte({ tiltX = 0, tiltY = 0 }) {
  const [x, y] = [Math.tan((tiltX * Math.PI) / 180), Math.tan((tiltY * Math.PI) / 180)];
  const lean = Math.min(15, Math.round((Math.atan(Math.hypot(x, y)) / Math.PI) * 30));
  const turn = Math.round((Math.atan2(y, x) / Math.PI) * 8) & 15;
  return lean && lean * 16 + turn;
}

/** @param {number} value */
function quantise(value) {
  return Math.max(-MAX_COORDINATE, Math.min(MAX_COORDINATE, Math.floor(value + 0.5)));
}
