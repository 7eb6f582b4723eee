/**
 * What the board can do beyond writing, panning and undoing: the other tools, keys, clipboard and files.
 *
 * Loaded in idle time after the first paint, or when it is first wanted. Owns the table of late tools, what each
 * shortcut does, and the box that an export shows. Drawing, gestures and the order in a frame stay the board's.
 */
import { sheetSvg } from "../core/sheet_export.js";
import { actionOf } from "../core/shortcuts.js";
import { SelectionLayer } from "./selection_layer.js";
import { CutterTool } from "./tools/cutter_tool.js";
import { EraserTool } from "./tools/eraser_tool.js";
import { HandTool } from "./tools/hand_tool.js";
import { Selection, SelectionTool } from "./tools/selection_tool.js";
import { SHEET_HEIGHT, SHEET_WIDTH } from "./viewport.js";

/** @typedef {import("./board.js").Board} Board */
/** @typedef {import("./surface.js").ToolName} ToolName */

export class BoardExtras {
  /**
   * @param {Board} board
   * @param {(colour: string) => string} shown how the theme shows a stored colour
   */
  constructor(board, shown) {
    this.board = board;
    this.selectionLayer = new SelectionLayer(board.viewport, shown);
    this.selection = new Selection(board, this.selectionLayer);
    /** @type {Partial<Record<ToolName, import("./surface.js").Tool>>} */
    this.tools = {
      eraser: new EraserTool(board),
      partial_eraser: new CutterTool(board),
      lasso: new SelectionTool(this.selection, "lasso"),
      rectangle: new SelectionTool(this.selection, "rectangle"),
      hand: new HandTool(board),
    };
  }

  /**
   * @param {KeyboardEvent} event not in a text field
   * @returns {boolean} whether it was a shortcut
   */
  key(event) {
    const action = actionOf(event);
    return action !== null && this.perform(action);
  }

  /**
   * Do what a shortcut stands for.
   *
   * @param {string} action of `core/shortcuts.js`
   * @returns {boolean} whether it was done
   */
  perform(action) {
    const { board } = this;
    const [what, how] = action.split(":");
    switch (what) {
      case "undo":
        board.undo();
        return true;
      case "redo":
        board.redo();
        return true;
      case "tool":
        if (!(how in board.tools)) return false;
        board.setTool(/** @type {ToolName} */ (how));
        return true;
      case "size":
        board.setSize(board.settings.size + (how === "larger" ? 1 : -1));
        return true;
      case "select":
        return this.select(how);
      case "zoom":
        this.zoom(how);
        return true;
      case "pan":
        this.pan(how);
        return true;
      default:
        return false;
    }
  }

  /** @param {string} how @returns {boolean} */
  select(how) {
    const { selection } = this;
    if (how === "all") {
      this.toSelecting();
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

  toSelecting() {
    const { toolName } = this.board;
    if (toolName !== "lasso" && toolName !== "rectangle") this.board.setTool("lasso");
  }

  /** @param {ClipboardEvent} event copy or cut */
  copy(event) {
    const text = event.type === "cut" ? this.selection.cut() : this.selection.copy();
    if (!text) return;
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
  }

  /** @param {string} text of the clipboard, or "" for what was copied last @returns {boolean} whether it was ink */
  paste(text) {
    const before = this.board.toolName;
    this.toSelecting();
    if (this.selection.paste(text || this.selection.copied)) return true;
    this.board.setTool(before);
    return false;
  }

  /** @param {string} how */
  zoom(how) {
    const { board } = this;
    if (how === "fit") board.zoomToFit();
    else if (how === "one") board.zoomBy(1 / board.viewport.zoom);
    else board.zoomBy(how === "in" ? 1.25 : 0.8);
  }

  /** @param {string} how */
  pan(how) {
    const { viewport } = this.board;
    const steps = /** @type {Record<string, [number, number]>} */ ({
      left: [80, 0],
      right: [-80, 0],
      up: [0, 80],
      down: [0, -80],
      page_up: [0, viewport.height * 0.85],
      page_down: [0, -viewport.height * 0.85],
    });
    if (how === "start") viewport.toStart();
    else viewport.panBy(...steps[how]);
  }

  /**
   * @param {"svg" | "png" | "pdf"} kind SVG as it can be imported again, a picture on white, or a page per sheet height
   * @returns {Promise<Blob>} the notebook as a file
   */
  async exported(kind) {
    const { document } = this.board;
    const box = this.printed();
    if (kind === "svg") return new Blob([sheetSvg(document, box)], { type: "image/svg+xml" });
    const { pdfOf, pngOf } = await import("./exporting.js");
    return kind === "png" ? pngOf(document, box) : pdfOf(document, box);
  }

  /** @returns {import("../core/path_data.js").Bounds} the page, and what of the ink lies beyond it */
  printed() {
    const ink = this.board.extent() ?? { x0: 0, y0: 0, x1: 0, y1: 0 };
    const aside = 200;
    return {
      x0: Math.min(0, ink.x0 - aside),
      y0: Math.min(0, ink.y0 - aside),
      x1: Math.max(SHEET_WIDTH, ink.x1 + aside),
      y1: Math.max(SHEET_HEIGHT, ink.y1 + aside),
    };
  }
}
