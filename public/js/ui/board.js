/**
 * The drawing surface: layers, tools and input put together.
 *
 * Owns what the shell sees of the board (INK.md; first part of the class) and the order of things in a frame: one
 * draw per animation frame, dry ink in before wet ink goes. It never sends: every user action becomes
 * `onChange(command, data)`, whose op it keeps for undo. Ink itself is the document's, drawing the layers',
 * gestures the tools'. All but writing is in `board_extras.js`, which comes after the first paint.
 *
 * Events: "undochange", "viewchange", "toolchange", "selectionchange", "drawstart", and "partmissing" when something
 * was asked for whose module could not be had.
 */

import { UndoStack } from "../core/own_changes.js";
import { START_SIZE } from "../core/pen_sizes.js";
import { boxOf } from "../core/stroke.js";
import { BoardParts } from "./board_parts.js";
import { BoardView } from "./board_view.js";
import { PointerInput } from "./pointer_input.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */
/** @typedef {import("./surface.js").BoardSettings} BoardSettings */
/** @typedef {import("./surface.js").LiveInfo} LiveInfo */
/** @typedef {import("./surface.js").Tool} Tool */
/** @typedef {import("./surface.js").ToolName} ToolName */

export class Board extends EventTarget {
  ending = new AbortController();
  unsubscribe = () => {};

  /**
   * @param {Object} options
   * @param {HTMLElement} options.root `#board`
   * @param {NotebookDocument} options.document
   * @param {(command: string, data: any) => string} options.onChange takes a change, answers its op
   * @param {(info: LiveInfo) => void} [options.onLive] points and cursor for the other readers
   * @param {() => import("./viewport.js").Insets} [options.bars] how far what lies over the board reaches into it
   * @param {Partial<BoardSettings>} [options.settings]
   */
  constructor({ root, document: notebook, onChange, onLive, bars, settings = {} }) {
    super();
    this.root = root;
    this.document = notebook;
    this.onChange = onChange;
    this.onLive = onLive;
    /** @type {BoardSettings} */
    this.settings = { ...defaultSettings(), ...settings };
    this.undoStack = new UndoStack(this.settings.undo);
    /** @type {string[]} */
    this.gesture = [];
    this.frameRequested = false;
    this.view = new BoardView(root, notebook, this.settings.rightToLeft, bars);
    this.viewport = this.view.viewport;
    this.wet = this.view.wet;
    this.parts = new BoardParts(this, this.missing);
    /** @type {Promise<void> | null} of the last gesture whose tool was still on its way */
    this.repeated = null;
    this.policy = { penOnly: false, readOnly: false, panTool: false, spaceHeld: false, fingerDraws: false };
    this.tools = this.parts.makeTools();
    /** @type {ToolName} */
    this.toolName = "pen";
    /** @type {Tool | null} the tool of the stroke in progress */
    this.active = null;
    this.activeErases = false;
    root.dataset.tool = "pen";
    this.input = new PointerInput(root, this.viewport, this.policy, this.sink());
    this.setRole(this.settings.role);
    this.setTouch(this.settings);
    this.listen();
    this.view.begin(
      this.parts,
      (change) => this.moved(change),
      () => this.requestFrame(),
    );
  }

  // --- what the shell calls -------------------------------------------------------------------

  /** @param {ToolName} name */
  setTool(name) {
    if (!(name in this.tools)) throw new RangeError(`there is no tool ${name}`);
    // A key that waited for its meaning was pressed before the gesture that is under way now.
    if (!this.parts.keyPending) this.discardGesture();
    this.toolName = name;
    this.policy.panTool = name === "hand";
    if (name !== "lasso" && name !== "rectangle") this.parts.extras.made?.selection.choose([]);
    this.root.dataset.tool = name;
    this.tell("toolchange");
  }

  /** @param {string} hex `#rrggbb`; chosen strokes take it, too */
  setColour(hex) {
    const differs = hex !== this.settings.colour;
    this.settings.colour = hex;
    if (differs) this.parts.extras.made?.selection.recolour(hex);
  }

  /** The chosen strokes; there are none before "selectionchange" is told. */
  get selection() {
    return /** @type {import("./board_extras.js").BoardExtras} */ (this.parts.extras.made).selection;
  }

  /** @param {number} size 1 to 10 */
  setSize(size) {
    this.settings.size = Math.min(10, Math.max(1, Math.round(size)));
    this.tell("toolchange");
  }

  /**
   * @param {string} paper "plain", "ruled", "squared" or "dotted"
   * @param {string} margin "left", "right" or "none"
   */
  setPaper(paper, margin) {
    this.change("p", { paper, margin });
    this.commit();
  }

  /** @param {string} role "owner", "edit", "add" or "view" */
  setRole(role) {
    this.settings.role = role;
    this.policy.readOnly = role === "view";
    this.root.dataset.role = role;
  }

  /** @param {{penOnly?: boolean, fingerDraws?: boolean, constantWidth?: boolean}} options */
  setTouch(options) {
    Object.assign(this.settings, options);
    this.policy.penOnly = this.settings.penOnly;
    this.policy.fingerDraws = this.settings.fingerDraws;
  }

  get canUndo() {
    return this.undoStack.canUndo;
  }

  get canRedo() {
    return this.undoStack.canRedo;
  }

  /** Plain data of the undo stack, for keeping it over a reload. */
  get undoState() {
    return this.undoStack.toJSON();
  }

  undo() {
    this.discardGesture();
    for (const op of this.undoStack.undo()) this.onChange("u", { op });
    this.tell("undochange");
  }

  redo() {
    this.discardGesture();
    for (const op of this.undoStack.redo()) this.onChange("r", { op });
    this.tell("undochange");
  }

  /** @param {string} op a change that was refused for good */
  forgetOp(op) {
    this.undoStack.forget(op);
    this.tell("undochange");
  }

  /** Hide everything that can be seen now, in one step that can be undone. */
  clear() {
    this.discardGesture();
    const shown = [...this.document.strokes.values()].filter((stroke) => stroke.shown);
    if (shown.length === 0) return;
    const unnumbered = shown.filter((stroke) => stroke.seq === Infinity).map((stroke) => stroke.key);
    if (shown.length > unnumbered.length) this.change("c", { upto: this.document.seq });
    if (unnumbered.length) this.change("e", { ids: unnumbered });
    this.commit();
  }

  /** Show all ink, or the start of an empty sheet. */
  zoomToFit() {
    const box = this.extent();
    if (box) this.viewport.fit(box);
    else this.viewport.toStart();
  }

  /**
   * @param {number} x sheet units
   * @param {number} y
   */
  jumpTo(x, y) {
    this.viewport.centreOn(x, y);
  }

  /** @param {number} factor about the middle */
  zoomBy(factor) {
    this.viewport.zoomAt(this.viewport.width / 2, this.viewport.height / 2, factor);
  }

  /**
   * @param {"svg" | "png" | "pdf"} kind
   * @returns {Promise<Blob>} the notebook as a file
   */
  async exported(kind) {
    return (await this.parts.extras.get()).exported(kind);
  }

  /**
   * @returns {Promise<void>} when everything visible of the document as it is now is in the page and the browser has
   *   made a frame of it (in a hidden tab, which gets no frames: when it is in the page)
   */
  async whenPainted() {
    await this.repeated;
    await this.document.settled();
    await this.view.painted();
    this.parts.fetchRestSoon();
  }

  /** @param {import("./live_layer.js").LiveItem[]} items what the other readers are drawing (P6) */
  showLive(items) {
    const nowMs = performance.now();
    this.parts.live.use((live) => live.show(items, nowMs));
    this.requestFrame();
  }

  /** @param {import("./live_layer.js").Peer[]} peers who is here */
  setPeers(peers) {
    if (peers.length || this.parts.live.made) this.parts.live.use((live) => live.setPeers(peers));
    this.requestFrame();
  }

  destroy() {
    this.ending.abort();
    this.parts.close();
    this.input.destroy();
    this.unsubscribe();
    this.view.destroy();
  }

  // --- what tools call ------------------------------------------------------------------------

  /**
   * @param {string} command
   * @param {any} data
   * @returns {string} its op
   */
  change(command, data) {
    const op = this.onChange(command, data);
    this.gesture.push(op);
    return op;
  }

  commit() {
    if (this.gesture.length === 0) return;
    this.undoStack.push(this.gesture);
    this.gesture = [];
    this.tell("undochange");
  }

  requestFrame() {
    if (this.frameRequested) return;
    this.frameRequested = true;
    window.requestAnimationFrame((nowMs) => {
      this.frameRequested = false;
      this.active?.frame();
      if (this.parts.live.made?.draw(nowMs)) this.requestFrame();
    });
  }

  /**
   * @param {import("./live_layer.js").LiveStroke} stroke which stroke, and how it is drawn
   * @param {string} [points] its new points, as `data-p`
   */
  sendLive(stroke, points) {
    this.onLive?.(points === undefined ? { stroke } : { stroke, points });
  }

  eraserRadius() {
    return ((6 + this.settings.size * 2) / this.viewport.zoom) * 10;
  }

  /** @param {Stroke} stroke */
  mayAlter(stroke) {
    const { role } = this.settings;
    return role === "owner" || role === "edit" || (role === "add" && stroke.own);
  }

  /** @param {Stroke} stroke hidden until the document says so */
  veil(stroke) {
    this.view.dry.veil(stroke, true);
  }

  /** @param {Stroke} stroke */
  unveil(stroke) {
    this.view.dry.veil(stroke, false);
  }

  /**
   * @param {Stroke} stroke
   * @param {string[] | null} paths
   */
  showPaths(stroke, paths) {
    this.view.dry.showPaths(stroke, paths);
  }

  // --- inside ---------------------------------------------------------------------------------

  listen() {
    const signal = this.ending.signal;
    this.unsubscribe = this.document.subscribe((change) => this.documentChanged(change));
    window.addEventListener("keydown", (event) => this.keyDown(event), { signal });
    window.addEventListener("keyup", (event) => this.keyUp(event), { signal });
    window.addEventListener("blur", () => this.holdSpace(false), { signal });
    this.parts.listen(signal);
  }

  /** @returns {import("./pointer_input.js").InputSink} */
  sink() {
    return {
      begin: (sample, contact) => {
        this.active = this.parts.toolFor(
          () => this.tools[contact.use === "eraser" ? "eraser" : this.toolName],
        );
        this.activeErases = contact.use === "eraser";
        if (!this.isErasing()) this.view.showRing(0, 0, 0);
        this.view.dry.hold(true);
        this.tell("drawstart");
        this.active.begin(sample, contact);
        if (this.active.repeated !== undefined) this.repeated = this.active.repeated;
      },
      extend: (samples, predicted) => this.active?.extend(samples, predicted),
      finish: () => this.endStroke((tool) => tool.finish()),
      discard: () => this.endStroke((tool) => tool.discard()),
      hover: (x, y, kind) => this.hover(x, y, kind),
      leave: () => this.view.showRing(0, 0, 0),
      pan: (dx, dy) => this.viewport.panBy(dx, dy),
      zoom: (x, y, factor) => this.viewport.zoomAt(x, y, factor),
    };
  }

  /** @param {(tool: Tool) => void} end */
  endStroke(end) {
    const tool = this.active;
    this.active = null;
    if (tool) end(tool);
    this.view.dry.hold(false);
  }

  discardGesture() {
    this.endStroke((tool) => tool.discard());
  }

  /**
   * @param {number} x board pixels
   * @param {number} y
   * @param {string} kind
   */
  hover(x, y, kind) {
    this.view.showRing(x, y, this.isErasing() ? this.eraserRadius() * this.viewport.scale : 0);
    if (this.onLive && kind !== "touch") {
      const cursor = [Math.round(this.viewport.sheetX(x)), Math.round(this.viewport.sheetY(y))];
      this.onLive({ cursor });
    }
  }

  isErasing() {
    const name = this.active && this.activeErases ? "eraser" : this.toolName;
    return name === "eraser" || name === "partial_eraser";
  }

  /** @param {import("../core/document.js").DocumentChange} change */
  documentChanged(change) {
    this.view.apply(change);
    // Also while the layer is on its way: what it will show first may be this very stroke.
    if (change.added.size && this.parts.live.asked) this.parts.live.use((live) => live.settle(change.added));
    this.parts.extras.made?.selection.follow();
  }

  /** @param {import("./viewport.js").ViewChange} change that all layers have followed */
  moved(change) {
    if (change === "size") this.input.measure();
    this.requestFrame();
    this.tell("viewchange");
  }

  /** @returns {import("../core/path_data.js").Bounds | null} box of all ink */
  extent() {
    return boxOf([...this.document.strokes.values()].filter((stroke) => stroke.shown));
  }

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    const { target } = event;
    if (event.defaultPrevented || event.code !== "Space") return;
    if (target !== this.root && target !== document.body) return;
    this.holdSpace(true);
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  keyUp(event) {
    if (event.code === "Space") this.holdSpace(false);
  }

  /** @param {boolean} held */
  holdSpace(held) {
    this.policy.spaceHeld = held;
    this.root.classList.toggle("space-held", held);
  }

  /** @param {unknown} error why a part of the board that somebody wanted is not there */
  missing = (error) => {
    console.warn("a part of the board did not load", error);
    this.tell("partmissing");
  };

  /** @param {string} name */
  tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

/** @returns {BoardSettings} */
function defaultSettings() {
  return {
    rightToLeft: document.documentElement.dir === "rtl",
    colour: "#000000",
    size: START_SIZE,
    constantWidth: false,
    penOnly: false,
    fingerDraws: false,
    role: "owner",
    undo: undefined,
  };
}
