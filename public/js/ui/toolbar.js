/**
 * The drawing tools: pen, eraser, size, colour, undo, redo, clear, and what opens from them (a second press
 * or a hold). Owns which tool, size and colour are chosen and remembers them; drawing itself is the board's.
 */

import { darkPaperColour } from "../core/pen_sizes.js";
import { byId } from "./dom.js";

/**
 * What is chosen. `kind` of the pen and `reach` of the eraser are chosen in their popovers.
 *
 * @typedef {object} Choice
 * @property {string} tool name of the board's tool
 * @property {number} size 1 to 10
 * @property {string} colour #rrggbb
 */

/**
 * @typedef {object} ToolbarActions
 * @property {(choice: Choice) => void} onChoice
 * @property {() => void} onUndo
 * @property {() => void} onRedo
 * @property {() => void} onClear
 * @property {(tool: string) => boolean} hasTool whether the board has it
 * @property {<T>(load: () => Promise<T>) => Promise<T>} later a module with the words and styles it needs
 * @property {() => Popovers} popovers there once anything came by `later`
 */

/** @typedef {import("./overlays.js").Popovers} Popovers */

/** The tools that the Pen button stands for; the others belong to the Eraser. */
export const PEN_TOOLS = ["pen", "fine", "constant", "highlighter", "lasso", "rectangle", "hand"];
export const ERASER_TOOLS = ["eraser", "partial_eraser"];

/** What the Pen button stands for shows in its icon where it is no pen. */
const OTHER_ICONS = ["highlighter", "lasso", "rectangle", "hand"];

const REMEMBERED = "notebooks.tools";
const HOLD_MS = 450;

export class Toolbar {
  /** @type {Choice} */ choice = { tool: "pen", size: 5, colour: "#000000" };
  #lastPen = "pen";
  #lastEraser = "eraser";

  /**
   * @param {ToolbarActions} actions
   * @param {import("../core/i18n.js").Translate} t
   * @param {Storage} storage
   */
  constructor(actions, t, storage) {
    this.actions = actions;
    this.t = t;
    this.storage = storage;
    this.#recall();
    this.#bind();
    this.#show();
    darkPaper().addEventListener("change", () => this.#show());
  }

  get popovers() {
    return this.actions.popovers();
  }

  /** @param {Partial<Choice>} change */
  choose(change) {
    this.#remember(change);
    this.actions.onChoice(this.choice);
  }

  /** @param {Partial<Choice>} change */
  #remember(change) {
    this.choice = { ...this.choice, ...change };
    if (PEN_TOOLS.includes(this.choice.tool)) this.#lastPen = this.choice.tool;
    if (ERASER_TOOLS.includes(this.choice.tool)) this.#lastEraser = this.choice.tool;
    const kept = { ...this.choice, tool: "pen" };
    this.storage.setItem(REMEMBERED, JSON.stringify(kept));
    this.#show();
  }

  /** The board chose by itself (a key was pressed). @param {string} tool @param {number} size */
  follow(tool, size) {
    if (tool !== this.choice.tool || size !== this.choice.size) this.#remember({ tool, size });
  }

  /** @param {{undo: boolean, redo: boolean, clear: boolean}} possible */
  allow(possible) {
    byId("undo").setAttribute("aria-disabled", String(!possible.undo));
    byId("redo").setAttribute("aria-disabled", String(!possible.redo));
    byId("clear").setAttribute("aria-disabled", String(!possible.clear));
  }

  /** Pen or eraser, as a key press chooses it. @param {"pen"|"eraser"} which */
  take(which) {
    this.choose({ tool: which === "pen" ? this.#lastPen : this.#lastEraser });
  }

  #bind() {
    const second = (/** @type {"pen"|"eraser"} */ which) => () => {
      const tools = which === "pen" ? PEN_TOOLS : ERASER_TOOLS;
      if (tools.includes(this.choice.tool)) this.#open(which);
      else this.take(which);
    };
    this.#button("pen", second("pen"), () => this.#open("pen"));
    this.#button("eraser", second("eraser"), () => this.#open("eraser"));
    this.#button("size", () => this.#open("size"));
    this.#button("colour", () => this.#open("colour"));
    this.#button("undo", this.actions.onUndo);
    this.#button("redo", this.actions.onRedo);
    this.#button("clear", this.actions.onClear);
    arrowKeys(byId("tools"));
  }

  /**
   * @param {string} id
   * @param {() => void} press
   * @param {() => void} [hold]
   */
  #button(id, press, hold) {
    const node = byId(id);
    let held = false;
    let timer = 0;
    node.addEventListener("click", () => {
      if (!held && node.getAttribute("aria-disabled") !== "true") press();
      held = false;
    });
    if (!hold) return;
    node.setAttribute("aria-haspopup", "dialog");
    node.addEventListener("pointerdown", () => {
      held = false;
      timer = window.setTimeout(() => {
        held = true;
        hold();
      }, HOLD_MS);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      node.addEventListener(end, () => window.clearTimeout(timer));
    }
    node.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      hold();
    });
  }

  /** @param {"pen"|"eraser"|"size"|"colour"} which */
  async #open(which) {
    const anchor = byId(which);
    const panels = await this.actions.later(() => import("./tool_panels.js"));
    if (this.popovers.isOpenAt(anchor)) this.popovers.close();
    else this.popovers.show(anchor, this.t(`tool.${which}`), panels.panelFor(which, this));
  }

  #recall() {
    try {
      const kept = JSON.parse(this.storage.getItem(REMEMBERED) ?? "{}");
      if (Number.isInteger(kept.size) && kept.size >= 1 && kept.size <= 10) this.choice.size = kept.size;
      if (/^#[0-9a-f]{6}$/.test(kept.colour)) this.choice.colour = kept.colour;
    } catch {
      this.storage.removeItem(REMEMBERED);
    }
  }

  #show() {
    const { tool, size, colour } = this.choice;
    const erases = ERASER_TOOLS.includes(tool);
    byId("pen").setAttribute("aria-pressed", String(!erases));
    const shape = OTHER_ICONS.includes(this.#lastPen) ? this.#lastPen : "pen";
    byId("pen").querySelector("use")?.setAttribute("href", `#i-${shape}`);
    byId("eraser").setAttribute("aria-pressed", String(erases));
    const dot = /** @type {HTMLElement} */ (byId("size").querySelector(".size-dot"));
    dot.style.width = `${4 + size * 1.8}px`;
    dot.style.height = `${4 + size * 1.8}px`;
    const well = /** @type {HTMLElement} */ (byId("colour").querySelector(".colour-dot"));
    well.style.background = onPaper(colour);
    byId("size").title = `${this.t("tool.size")} · ${size}`;
  }
}

function darkPaper() {
  return window.matchMedia("(prefers-color-scheme: dark)");
}

/** How ink of this colour looks on the paper of the moment. @param {string} colour @returns {string} */
export function onPaper(colour) {
  return darkPaper().matches ? darkPaperColour(colour) : colour;
}

/** Arrow keys walk a toolbar; Tab reaches every button as well. @param {HTMLElement} bar */
function arrowKeys(bar) {
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const buttons = [...bar.querySelectorAll("button")];
    const rtl =
      document.documentElement.dir === "rtl" && event.key !== "ArrowDown" && event.key !== "ArrowUp";
    const here = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    buttons[(here + (rtl ? -step : step) + buttons.length) % buttons.length]?.focus();
    event.preventDefault();
  });
}
