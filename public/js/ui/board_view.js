/**
 * Where everything on the board lies: its layers in the page, the sheet's place and zoom, the theme.
 *
 * Owns the nodes of the board and the order in which the layers follow when the view, the window, the theme or the
 * document changes: dry ink is in before anything else is told of it, and a zoom is laid out sharp when it is over.
 * What is drawn on a layer is the layer's own; what a gesture means is the board's.
 */
import { darkPaperColour } from "../core/pen_sizes.js";
import { DryLayer } from "./dry_layer.js";
import { Viewport } from "./viewport.js";
import { WetLayer } from "./wet_layer.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../core/document.js").DocumentChange} DocumentChange */
/** @typedef {import("./board_parts.js").BoardParts} BoardParts */
/** @typedef {import("./viewport.js").ViewChange} ViewChange */

/** Zoom is settled this long after its last step, ms. */
const SETTLE_MS = 140;

export class BoardView {
  sheet = document.createElement("div");
  page = document.createElement("div");
  ring = document.createElement("div");
  resizing = new ResizeObserver(() => this.fitWindow());
  theming = new MutationObserver(() => this.followTheme());
  ending = new AbortController();
  settleTimer = 0;
  settledScale = 0;
  dark = false;

  /**
   * @param {HTMLElement} root `#board`
   * @param {NotebookDocument} notebook
   * @param {boolean} rightToLeft the sheet starts at its right edge
   * @param {() => import("./viewport.js").Insets} [bars] as the viewport takes it
   */
  constructor(root, notebook, rightToLeft, bars) {
    this.root = root;
    this.notebook = notebook;
    this.shown = (/** @type {string} */ colour) => (this.dark ? darkPaperColour(colour) : colour);
    this.viewport = new Viewport(rightToLeft, bars);
    this.dry = new DryLayer(notebook, this.viewport, this.shown);
    this.wet = new WetLayer(this.viewport, this.shown);
    this.build();
  }

  build() {
    this.sheet.className = "board-sheet";
    this.page.className = "board-page";
    this.sheet.append(this.page, this.dry.node);
    this.ring.className = "board-ring";
    this.ring.hidden = true;
    this.root.classList.add("board");
    this.root.replaceChildren(this.sheet, this.wet.node, this.ring);
  }

  /**
   * Follow the window, the theme and the viewport from now on.
   *
   * @param {BoardParts} parts layers that come later
   * @param {(change: ViewChange) => void} onMove hears what changed, once all layers have followed
   * @param {() => void} onLook hears that colours are shown otherwise
   */
  begin(parts, onMove, onLook) {
    this.parts = parts;
    this.onLook = onLook;
    this.viewport.subscribe((change) => {
      this.follow(change);
      onMove(change);
    });
    this.resizing.observe(this.root);
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.followTheme(), { signal: this.ending.signal });
    this.theming.observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
    this.followTheme();
    this.fitWindow();
    this.showPaper();
  }

  destroy() {
    this.ending.abort();
    window.clearTimeout(this.settleTimer);
    this.resizing.disconnect();
    this.theming.disconnect();
    this.dry.destroy();
    this.root.replaceChildren();
  }

  /** @param {DocumentChange} change */
  apply(change) {
    this.dry.apply(change);
    let grown = false;
    for (const stroke of change.added) grown = this.viewport.cover(stroke.bounds) || grown;
    if (change.paper || grown) this.showPaper();
  }

  /** The sheet or what is printed on it changed. */
  showPaper() {
    this.placePage();
    const { paper, margin } = this.notebook.paper;
    const plain = paper === "plain" && margin === "none";
    const late = this.parts?.paper;
    if (!plain || late?.asked) late?.use((layer) => layer.setPaper(this.notebook.paper));
  }

  /** @param {ViewChange} change */
  follow(change) {
    const { viewport, parts } = this;
    if (change === "size") {
      this.wet.resize();
      parts?.live.made?.resize();
    }
    if (viewport.scale !== this.settledScale) {
      window.clearTimeout(this.settleTimer);
      if (this.settledScale === 0 || change === "size") this.settleZoom();
      else this.settleTimer = window.setTimeout(() => this.settleZoom(), SETTLE_MS);
    } else if (change === "size") this.settleZoom();
    else {
      parts?.paper.made?.follow();
      this.dry.follow();
    }
    this.placeSheet();
    parts?.live.made?.moved();
    parts?.extras.made?.selectionLayer.draw();
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
    this.placePage();
    this.parts?.paper.made?.lay();
    this.placeSheet();
  }

  placePage() {
    const { viewport, settledScale: scale } = this;
    const { x0, y0, x1, y1 } = viewport.sheet;
    const [left, top] = [viewport.snap(x0 * scale), viewport.snap(y0 * scale)];
    const { style } = this.page;
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.width = `${viewport.snap(x1 * scale) - left}px`;
    style.height = `${viewport.snap(y1 * scale) - top}px`;
  }

  fitWindow() {
    const { clientWidth, clientHeight } = this.root;
    this.viewport.resize(clientWidth, clientHeight, Math.min(3, Math.max(1, window.devicePixelRatio)));
  }

  followTheme() {
    const asked = document.documentElement.dataset.theme;
    const dark = asked ? asked === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
    if (dark === this.dark) return;
    this.dark = dark;
    this.root.dataset.paper = dark ? "dark" : "light";
    this.dry.redraw();
    this.onLook?.();
  }

  /**
   * @param {number} x where the eraser's tip is, board pixels
   * @param {number} y
   * @param {number} radius board pixels; 0 hides it
   */
  showRing(x, y, radius) {
    const { ring } = this;
    if (ring.hidden !== (radius === 0)) ring.hidden = radius === 0;
    if (radius === 0) return;
    ring.style.width = ring.style.height = `${2 * radius}px`;
    ring.style.transform = `translate(${x - radius}px, ${y - radius}px)`;
  }

  /** @returns {Promise<void>} when all that is visible is in the page and the browser has made a frame of it */
  async painted() {
    await this.parts?.paper.asked;
    await this.dry.filled();
    await nextFrame();
    await nextFrame();
  }
}

/** @returns {Promise<void>} at once in a hidden tab, which gets no frames */
function nextFrame() {
  if (document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    // A tab that is hidden meanwhile gets its next frame when somebody looks again, and nobody waits for that.
    const hidden = () => resolve();
    document.addEventListener("visibilitychange", hidden, { once: true });
    window.requestAnimationFrame(() => {
      document.removeEventListener("visibilitychange", hidden);
      resolve();
    });
  });
}
