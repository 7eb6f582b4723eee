/**
 * The drawing surface: layers, tools and input put together.
 *
 * Owns what the shell sees of the board (INK.md; first part of the class) and the order of things in a frame: one
 * draw per animation frame, dry ink in before wet ink goes. It never sends: every user action becomes
 * `onChange(command, data)`, whose op it keeps for undo. Ink itself is the document's, drawing the layers',
 * gestures the tools'.
 *
 * Events: "undochange", "viewchange", "toolchange", "selectionchange", "drawstart", "painted".
 */
import { darkPaperColour, START_SIZE } from "../core/pen_sizes.js";
import { boxOf } from "../core/selection.js";
import { sheetSvg } from "../core/sheet_export.js";
import { actionOf } from "../core/shortcuts.js";
import { UndoStack } from "../core/undo_stack.js";
import { DryLayer } from "./dry_layer.js";
import { LiveLayer } from "./live_layer.js";
import { PaperLayer } from "./paper.js";
import { PointerInput } from "./pointer_input.js";
import { SelectionLayer } from "./selection_layer.js";
import { CutterTool } from "./tools/cutter_tool.js";
import { EraserTool } from "./tools/eraser_tool.js";
import { PanTool } from "./tools/pan_tool.js";
import { PenTool } from "./tools/pen_tool.js";
import { Selection, SelectionTool } from "./tools/selection_tool.js";
import { SHEET_HEIGHT, SHEET_WIDTH, Viewport } from "./viewport.js";
import { WetLayer } from "./wet_layer.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */
/** @typedef {import("./live_layer.js").LiveStroke} LiveStroke */
/** @typedef {{cursor?: number[], stroke?: LiveStroke, points?: string}} LiveInfo fields of a `/LIVE` post (P6) */

/**
 * @typedef {Object} BoardSettings
 * @property {boolean} rightToLeft the sheet starts at its right edge
 * @property {string} colour `#rrggbb`
 * @property {number} size 1 to 10
 * @property {boolean} constantWidth no thinning by pressure
 * @property {boolean} penOnly fingers never draw
 * @property {boolean} fingerDraws fingers draw even where a pen has been used
 * @property {string} role "owner", "edit", "add" or "view"
 * @property {unknown} undo what `undoState` gave earlier
 */

/**
 * @typedef {"pen" | "fine" | "constant" | "highlighter" | "eraser" | "partial_eraser" | "lasso" | "rectangle" |
 *   "hand"} ToolName
 */

/**
 * @typedef {Object} Surface what tools may use of the board
 * @property {NotebookDocument} document
 * @property {Viewport} viewport
 * @property {WetLayer} wet
 * @property {BoardSettings} settings
 * @property {(command: string, data: any) => string} change
 * @property {() => void} commit ends a gesture: its changes are one undo entry
 * @property {() => void} requestFrame
 * @property {(stroke: LiveStroke, points?: string) => void} sendLive
 * @property {() => number} eraserRadius sheet units
 * @property {(stroke: Stroke) => boolean} mayAlter
 * @property {(stroke: Stroke) => void} veil
 * @property {(stroke: Stroke) => void} unveil
 * @property {(stroke: Stroke, paths: string[] | null) => void} showPaths until the document changes the stroke
 * @property {(event: string) => void} tell
 */

/**
 * @typedef {Object} Tool
 * @property {(sample: import("./pointer_input.js").Sample, contact: import("./pointer_input.js").Contact) => void} begin
 * @property {(samples: import("./pointer_input.js").Sample[], predicted: import("./pointer_input.js").Sample[]) => void} extend
 * @property {() => void} frame
 * @property {() => void} finish
 * @property {() => void} discard
 */

/** Zoom is settled this long after its last step, ms. */
const SETTLE_MS = 140;

export class Board extends EventTarget {
  sheet = document.createElement("div");
  ring = document.createElement("div");
  resizing = new ResizeObserver(() => this.fitWindow());
  theming = new MutationObserver(() => this.followTheme());
  ending = new AbortController();
  unsubscribe = () => {};

  /**
   * @param {Object} options
   * @param {HTMLElement} options.root `#board`
   * @param {NotebookDocument} options.document
   * @param {(command: string, data: any) => string} options.onChange takes a change, answers its op
   * @param {(info: LiveInfo) => void} [options.onLive] points and cursor for the other readers
   * @param {Partial<BoardSettings>} [options.settings]
   */
  constructor({ root, document: notebook, onChange, onLive, settings = {} }) {
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
    this.settleTimer = 0;
    this.settledScale = 0;
    this.dark = false;
    const shown = (/** @type {string} */ colour) => (this.dark ? darkPaperColour(colour) : colour);
    this.viewport = new Viewport(this.settings.rightToLeft);
    this.dry = new DryLayer(notebook, this.viewport, shown);
    this.wet = new WetLayer(this.viewport, shown);
    this.live = new LiveLayer(this.viewport, notebook, shown);
    this.paper = new PaperLayer(this.viewport);
    this.selectionLayer = new SelectionLayer(this.viewport, shown);
    this.selection = new Selection(this, this.selectionLayer);
    this.policy = { penOnly: false, readOnly: false, panTool: false, spaceHeld: false, fingerDraws: false };
    this.tools = this.makeTools();
    /** @type {ToolName} */
    this.toolName = "pen";
    /** @type {Tool | null} the tool of the stroke in progress */
    this.active = null;
    this.build();
    this.input = new PointerInput(root, this.viewport, this.policy, this.sink());
    this.setRole(this.settings.role);
    this.setTouch(this.settings);
    this.listen();
    this.fitWindow();
    this.paper.setPaper(notebook.paper);
  }

  // --- what the shell calls -------------------------------------------------------------------

  /** @param {ToolName} name */
  setTool(name) {
    if (!(name in this.tools)) throw new RangeError(`there is no tool ${name}`);
    this.discardGesture();
    this.toolName = name;
    this.policy.panTool = name === "hand";
    if (name !== "lasso" && name !== "rectangle") this.selection.choose([]);
    this.root.dataset.tool = name;
    this.tell("toolchange");
  }

  /** @param {string} hex `#rrggbb`; chosen strokes take it, too */
  setColour(hex) {
    const differs = hex !== this.settings.colour;
    this.settings.colour = hex;
    if (differs) this.selection.recolour(hex);
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

  /** @returns {Blob} the notebook as SVG, as it can be imported again */
  exportSvg() {
    return new Blob([sheetSvg(this.document, this.printed())], { type: "image/svg+xml" });
  }

  /** @returns {Promise<Blob>} the notebook as a picture on white */
  async exportPng() {
    const { pngOf } = await import("./exporting.js");
    return pngOf(this.document, this.printed());
  }

  /** @returns {Promise<Blob>} the notebook as a PDF with a page per sheet height */
  async exportPdf() {
    const { pdfOf } = await import("./exporting.js");
    return pdfOf(this.document, this.printed());
  }

  /** @returns {Promise<void>} when everything visible of the document as it is now has been painted */
  async whenPainted() {
    await this.dry.filled();
    await nextFrame();
    await nextFrame();
  }

  /** @param {import("./live_layer.js").LiveItem[]} items what the other readers are drawing (P6) */
  showLive(items) {
    this.live.show(items, performance.now());
    this.requestFrame();
  }

  /** @param {import("./live_layer.js").Peer[]} peers who is here */
  setPeers(peers) {
    this.live.setPeers(peers);
    this.requestFrame();
  }

  destroy() {
    this.ending.abort();
    window.clearTimeout(this.settleTimer);
    this.input.destroy();
    this.unsubscribe();
    this.resizing.disconnect();
    this.theming.disconnect();
    this.dry.destroy();
    this.root.replaceChildren();
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
      if (this.live.draw(nowMs)) this.requestFrame();
    });
  }

  /**
   * @param {LiveStroke} stroke which stroke, and how it is drawn
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
    this.dry.veil(stroke, true);
  }

  /** @param {Stroke} stroke */
  unveil(stroke) {
    this.dry.veil(stroke, false);
  }

  /**
   * @param {Stroke} stroke
   * @param {string[] | null} paths
   */
  showPaths(stroke, paths) {
    this.dry.showPaths(stroke, paths);
  }

  // --- inside ---------------------------------------------------------------------------------

  /** @returns {Record<ToolName, Tool>} */
  makeTools() {
    return {
      pen: new PenTool(this, "pen"),
      fine: new PenTool(this, "fine"),
      constant: new PenTool(this, "constant"),
      highlighter: new PenTool(this, "highlighter"),
      eraser: new EraserTool(this),
      partial_eraser: new CutterTool(this),
      lasso: new SelectionTool(this.selection, "lasso"),
      rectangle: new SelectionTool(this.selection, "rectangle"),
      hand: new PanTool(),
    };
  }

  build() {
    this.sheet.className = "board-sheet";
    this.sheet.append(this.paper.node, this.dry.node);
    this.ring.className = "board-ring";
    this.ring.hidden = true;
    this.root.classList.add("board");
    this.root.dataset.tool = "pen";
    const layers = [this.sheet, this.live.node, this.wet.node, this.selectionLayer.node, this.ring];
    this.root.replaceChildren(...layers);
  }

  listen() {
    const signal = this.ending.signal;
    this.unsubscribe = this.document.subscribe((change) => this.documentChanged(change));
    this.viewport.subscribe((change) => this.viewChanged(change));
    this.resizing.observe(this.root);
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.followTheme(), { signal });
    this.theming.observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
    this.followTheme();
    window.addEventListener("keydown", (event) => this.keyDown(event), { signal });
    window.addEventListener("keyup", (event) => this.keyUp(event), { signal });
    for (const name of ["copy", "cut", "paste"]) {
      document.addEventListener(name, (event) => this.clipboard(/** @type {ClipboardEvent} */ (event)), {
        signal,
      });
    }
    window.addEventListener("blur", () => this.holdSpace(false), { signal });
  }

  /** @returns {import("./pointer_input.js").InputSink} */
  sink() {
    return {
      begin: (sample, contact) => {
        this.active = this.tools[contact.use === "eraser" ? "eraser" : this.toolName];
        this.ring.toggleAttribute("hidden", !this.isErasing());
        this.dry.hold(true);
        this.tell("drawstart");
        this.active.begin(sample, contact);
      },
      extend: (samples, predicted) => this.active?.extend(samples, predicted),
      finish: () => this.endStroke((tool) => tool.finish()),
      discard: () => this.endStroke((tool) => tool.discard()),
      hover: (x, y, kind) => this.hover(x, y, kind),
      leave: () => this.ring.toggleAttribute("hidden", true),
      pan: (dx, dy) => this.viewport.panBy(dx, dy),
      zoom: (x, y, factor) => this.viewport.zoomAt(x, y, factor),
    };
  }

  /** @param {(tool: Tool) => void} end */
  endStroke(end) {
    const tool = this.active;
    this.active = null;
    if (tool) end(tool);
    this.dry.hold(false);
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
    const { ring } = this;
    const erasing = this.isErasing();
    if (ring.hidden === erasing) ring.hidden = !erasing;
    if (erasing) {
      const radius = this.eraserRadius() * this.viewport.scale;
      ring.style.width = ring.style.height = `${2 * radius}px`;
      ring.style.transform = `translate(${x - radius}px, ${y - radius}px)`;
    }
    if (this.onLive && kind !== "touch") {
      const cursor = [Math.round(this.viewport.sheetX(x)), Math.round(this.viewport.sheetY(y))];
      this.onLive({ cursor });
    }
  }

  isErasing() {
    const tool = this.active ?? this.tools[this.toolName];
    return tool === this.tools.eraser || tool === this.tools.partial_eraser;
  }

  /** @param {import("../core/document.js").DocumentChange} change */
  documentChanged(change) {
    this.dry.apply(change);
    let grown = false;
    for (const stroke of change.added) grown = this.viewport.cover(stroke.bounds) || grown;
    if (change.paper) this.paper.setPaper(this.document.paper);
    else if (grown) this.paper.lay();
    if (change.added.size) this.live.settle(change.added);
    this.selection.follow();
  }

  /** @param {import("./viewport.js").ViewChange} change */
  viewChanged(change) {
    const { viewport } = this;
    if (change === "size") this.wet.resize();
    if (change === "size") this.live.resize();
    if (this.active) this.requestFrame();
    if (viewport.scale !== this.settledScale) {
      window.clearTimeout(this.settleTimer);
      if (this.settledScale === 0 || change === "size") this.settleZoom();
      else this.settleTimer = window.setTimeout(() => this.settleZoom(), SETTLE_MS);
    } else if (change === "size") this.settleZoom();
    else {
      this.paper.follow();
      this.dry.follow();
    }
    this.placeSheet();
    this.live.moved();
    this.selectionLayer.draw();
    this.requestFrame();
    this.tell("viewchange");
  }

  placeSheet() {
    const { offsetX, offsetY, scale } = this.viewport;
    const factor = this.settledScale ? scale / this.settledScale : 1;
    const { style } = this.sheet;
    style.transform = `translate(${offsetX}px, ${offsetY}px)${factor === 1 ? "" : ` scale(${factor})`}`;
  }

  /** Lay out everything sharp at the zoom that was reached. */
  settleZoom() {
    this.settledScale = this.viewport.scale;
    this.dry.rescale();
    this.paper.lay();
    this.placeSheet();
  }

  fitWindow() {
    const { clientWidth, clientHeight } = this.root;
    this.viewport.resize(clientWidth, clientHeight, Math.min(3, Math.max(1, window.devicePixelRatio)));
    this.input?.measure();
  }

  followTheme() {
    const asked = document.documentElement.dataset.theme;
    const dark = asked ? asked === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
    if (dark === this.dark) return;
    this.dark = dark;
    this.root.dataset.paper = dark ? "dark" : "light";
    this.dry.redraw();
    this.requestFrame();
  }

  /** @returns {import("../core/path_data.js").Bounds | null} box of all ink */
  extent() {
    return boxOf([...this.document.strokes.values()].filter((stroke) => stroke.shown));
  }

  /** @returns {import("../core/path_data.js").Bounds} the page, and what of the ink lies beyond it */
  printed() {
    const ink = this.extent() ?? { x0: 0, y0: 0, x1: 0, y1: 0 };
    const aside = 200;
    return {
      x0: Math.min(0, ink.x0 - aside),
      y0: Math.min(0, ink.y0 - aside),
      x1: Math.max(SHEET_WIDTH, ink.x1 + aside),
      y1: Math.max(SHEET_HEIGHT, ink.y1 + aside),
    };
  }

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    if (event.defaultPrevented || isTyping(event.target)) return;
    if (event.code === "Space" && (event.target === this.root || event.target === document.body)) {
      this.holdSpace(true);
      event.preventDefault();
      return;
    }
    const action = actionOf(event);
    if (action && this.perform(action)) event.preventDefault();
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

  /**
   * Do what a shortcut stands for.
   *
   * @param {string} action of `core/shortcuts.js`
   * @returns {boolean} whether it was done
   */
  perform(action) {
    const [what, how] = action.split(":");
    switch (what) {
      case "undo":
        this.undo();
        return true;
      case "redo":
        this.redo();
        return true;
      case "tool":
        if (!(how in this.tools)) return false;
        this.setTool(/** @type {ToolName} */ (how));
        return true;
      case "size":
        this.setSize(this.settings.size + (how === "larger" ? 1 : -1));
        return true;
      case "select":
        return this.performSelect(how);
      case "zoom":
        this.performZoom(how);
        return true;
      case "pan":
        this.performPan(how);
        return true;
      default:
        return false;
    }
  }

  /** @param {string} how @returns {boolean} */
  performSelect(how) {
    const { selection } = this;
    if (how === "all") {
      if (this.toolName !== "lasso" && this.toolName !== "rectangle") this.setTool("lasso");
      selection.all();
      return true;
    }
    // Copy, cut and paste come as events of the clipboard.
    if (selection.isEmpty || how === "copy" || how === "cut" || how === "paste") return false;
    if (how === "delete") selection.remove();
    else if (how === "duplicate") selection.duplicate();
    else selection.choose([]);
    return true;
  }

  /** @param {ClipboardEvent} event copy, cut or paste */
  clipboard(event) {
    if (isTyping(event.target) || !event.clipboardData || this.settings.role === "view") return;
    const { selection } = this;
    if (event.type === "paste") {
      if (this.pasteText(event.clipboardData.getData("text/plain"))) event.preventDefault();
      return;
    }
    const text = event.type === "cut" ? selection.cut() : selection.copy();
    if (!text) return;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  }

  /** @param {string} text of the clipboard, or "" for what was copied last @returns {boolean} whether it was ink */
  pasteText(text) {
    if (this.toolName !== "lasso" && this.toolName !== "rectangle") this.setTool("lasso");
    return this.selection.paste(text || this.selection.copied);
  }

  /** @param {string} how */
  performZoom(how) {
    if (how === "fit") this.zoomToFit();
    else if (how === "one") this.zoomBy(1 / this.viewport.zoom);
    else this.zoomBy(how === "in" ? 1.25 : 0.8);
  }

  /** @param {string} how */
  performPan(how) {
    const { height } = this.viewport;
    const steps = /** @type {Record<string, [number, number]>} */ ({
      left: [80, 0],
      right: [-80, 0],
      up: [0, 80],
      down: [0, -80],
      page_up: [0, height * 0.85],
      page_down: [0, -height * 0.85],
    });
    if (how === "start") this.viewport.toStart();
    else this.viewport.panBy(...steps[how]);
  }

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

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest("input, textarea, select, [role=dialog]") !== null;
}

/** @returns {Promise<void>} */
function nextFrame() {
  return new Promise((resolve) => window.requestAnimationFrame(() => resolve()));
}
