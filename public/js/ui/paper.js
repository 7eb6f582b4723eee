/**
 * What is printed on the paper: ruling, squares, dots and margin line.
 *
 * Owns one SVG in the moving sheet that covers the viewport and half as much around it; it is laid out anew only
 * when the view leaves that area, zooms, or the paper changes. Lines lie on whole device pixels at every zoom and
 * fade out where they would come too close. Loaded with the first paper that is not plain; the sheet itself is the
 * board's, which paper it is the document's (change `p`).
 */
import { HEAD, marginAt, RULED, SQUARED } from "../core/paper_rules.js";
import { svgElement } from "./dom.js";

/** @typedef {import("./viewport.js").Viewport} Viewport */

/** Lines never come closer than this, CSS pixels. */
const CLOSEST_PX = 7;

export class PaperLayer {
  /**
   * @param {Viewport} viewport
   */
  constructor(viewport) {
    this.viewport = viewport;
    this.node = svgElement("svg", { class: "board-paper", "aria-hidden": "true" });
    this.lines = svgElement("path", { class: "paper-lines" });
    this.dots = svgElement("path", { class: "paper-dots" });
    this.margin = svgElement("path", { class: "paper-margin" });
    this.node.append(this.lines, this.dots, this.margin);
    this.paper = { paper: "plain", margin: "none" };
    this.laid = { x0: 0, y0: 0, x1: 0, y1: 0 };
  }

  /** @param {{paper: string, margin: string}} paper */
  setPaper(paper) {
    this.paper = paper;
    this.lay();
  }

  /** The view moved: lay the paper out anew if it does not reach any more. */
  follow() {
    const seen = this.viewport.visible();
    const { x0, y0, x1, y1 } = this.laid;
    if (seen.x0 < x0 || seen.y0 < y0 || seen.x1 > x1 || seen.y1 > y1) this.lay();
  }

  /** Lay the paper out around what is seen now. */
  lay() {
    const { viewport } = this;
    const { scale, width, height, sheet } = viewport;
    const left = viewport.snapBox(-viewport.offsetX - width / 2);
    const top = viewport.snapBox(-viewport.offsetY - height / 2);
    const area = { left, top, right: left + 2 * width, bottom: top + 2 * height };
    this.laid = {
      x0: left / scale,
      y0: top / scale,
      x1: area.right / scale,
      y1: area.bottom / scale,
    };
    const style = this.node.style;
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.width = `${2 * width}px`;
    style.height = `${2 * height}px`;
    const clip = {
      left: Math.max(area.left, viewport.snap(sheet.x0 * scale)),
      top: Math.max(area.top, viewport.snap(sheet.y0 * scale)),
      right: Math.min(area.right, viewport.snap(sheet.x1 * scale)),
      bottom: Math.min(area.bottom, viewport.snap(sheet.y1 * scale)),
    };
    this.rule(clip, area);
  }

  /**
   * @param {Box} clip the sheet's part of the area
   * @param {Box} area
   */
  rule(clip, area) {
    const { paper, margin } = this.paper;
    const { viewport } = this;
    const thin = Math.max(1, Math.round(viewport.pixelRatio)) / viewport.pixelRatio;
    const rows = paper === "ruled" ? this.places(RULED, HEAD, clip.top, clip.bottom) : [];
    const squareRows = paper === "squared" ? this.places(SQUARED, 0, clip.top, clip.bottom) : [];
    const columns = paper === "squared" ? this.places(SQUARED, 0, clip.left, clip.right) : [];
    let d = "";
    for (const y of [...rows, ...squareRows])
      d += `M${clip.left - area.left} ${y - area.top + thin / 2}h${clip.right - clip.left}`;
    for (const x of columns)
      d += `M${x - area.left + thin / 2} ${clip.top - area.top}v${clip.bottom - clip.top}`;
    this.lines.setAttribute("d", clip.right > clip.left && clip.bottom > clip.top ? d : "");
    this.lines.style.strokeWidth = `${thin}px`;
    this.margin.setAttribute("d", this.marginPath(margin, clip, area, thin));
    this.margin.style.strokeWidth = `${thin}px`;
    this.dot(paper === "dotted", clip, area);
  }

  /**
   * @param {string} margin
   * @param {Box} clip
   * @param {Box} area
   * @param {number} thin
   */
  marginPath(margin, clip, area, thin) {
    if (margin === "none") return "";
    const x = this.viewport.snap(marginAt(margin) * this.viewport.scale);
    if (x < clip.left || x > clip.right || clip.bottom <= clip.top) return "";
    return `M${x - area.left + thin / 2} ${clip.top - area.top}v${clip.bottom - clip.top}`;
  }

  /**
   * @param {boolean} dotted
   * @param {Box} clip
   * @param {Box} area
   */
  dot(dotted, clip, area) {
    const step = this.step(SQUARED);
    const size = Math.min(2.2, Math.max(1.2, step * this.viewport.scale * 0.09));
    let d = "";
    if (dotted && clip.right > clip.left) {
      const first = Math.ceil(clip.left / this.viewport.scale / step) * step * this.viewport.scale;
      for (const y of this.places(SQUARED, 0, clip.top, clip.bottom)) {
        d += `M${first - area.left} ${y - area.top}h${clip.right - first}`;
      }
    }
    this.dots.setAttribute("d", d);
    this.dots.style.strokeWidth = `${size}px`;
    this.dots.style.strokeDasharray = `0 ${step * this.viewport.scale}`;
  }

  /** @param {number} step sheet units @returns {number} that or a multiple which is far enough on the screen */
  step(step) {
    let wide = step;
    while (wide * this.viewport.scale < CLOSEST_PX) wide *= 2;
    return wide;
  }

  /**
   * @param {number} step sheet units
   * @param {number} first sheet units
   * @param {number} from CSS pixels from the sheet's origin
   * @param {number} to
   * @returns {number[]} places of lines on device pixels, CSS pixels from the sheet's origin
   */
  places(step, first, from, to) {
    const { scale } = this.viewport;
    const wide = this.step(step);
    const places = [];
    const start = Math.max(first, first + Math.ceil((from / scale - first) / wide) * wide);
    const begin = step === RULED ? start : first + Math.ceil((from / scale - first) / wide) * wide;
    for (let at = begin; at * scale < to; at += wide) {
      const place = this.viewport.snap(at * scale);
      if (place > from) places.push(place);
    }
    return places;
  }
}

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box CSS pixels from the sheet's origin */
