/**
 * What opens from the tools: kinds of pen and eraser, the size slider with its preview stroke, the colour
 * wheel with swatches. Loaded with the first of them. Owns no choice; the toolbar does.
 */

import { outlinePath } from "../core/outline.js";
import { markerColour, widthOf } from "../core/pen_sizes.js";
import { element, icon, svgElement } from "./dom.js";
import { onPaper } from "./toolbar.js";

/** @typedef {import("./toolbar.js").Toolbar} Toolbar */

const SWATCHES = [
  ["black", "#000000"],
  ["grey", "#6b7280"],
  ["blue", "#1d4ed8"],
  ["sky", "#0b84c6"],
  ["green", "#15803d"],
  ["lime", "#6a9a00"],
  ["red", "#c81e1e"],
  ["orange", "#d9560b"],
  ["yellow", "#e0a800"],
  ["purple", "#7c3aed"],
  ["pink", "#c81e77"],
  ["brown", "#7b4a21"],
];

/**
 * @param {"pen"|"eraser"|"size"|"colour"} which
 * @param {Toolbar} toolbar
 * @returns {HTMLElement}
 */
export function panelFor(which, toolbar) {
  switch (which) {
    case "pen":
      return toolMenu(toolbar, [
        ["pen", "P"],
        ["fine", "F"],
        ["constant", "C"],
        ["highlighter", "M"],
        null,
        ["lasso", "L"],
        ["rectangle", "R"],
        ["hand", "H"],
      ]);
    case "eraser":
      return toolMenu(toolbar, [
        ["eraser", "E"],
        ["partial_eraser", "Shift+E"],
      ]);
    case "size":
      return sizePanel(toolbar);
    case "colour":
      return colourPanel(toolbar);
  }
}

/** @param {Toolbar} toolbar @param {([string, string]|null)[]} tools null draws a line */
function toolMenu(toolbar, tools) {
  const panel = element("div", { class: "menu" });
  for (const one of tools) {
    if (!one) {
      panel.append(element("hr"));
      continue;
    }
    const [tool, key] = one;
    if (!toolbar.actions.hasTool(tool)) continue;
    const choose = () => {
      toolbar.choose({ tool });
      toolbar.popovers.close();
    };
    const chosen = toolbar.choice.tool === tool;
    const item = element(
      "button",
      { type: "button", class: "menu-item", "aria-pressed": String(chosen), onclick: choose },
      element("span", {}, toolbar.t(`kind.${tool}`)),
    );
    if (key) item.append(element("kbd", {}, key));
    else if (chosen) item.append(icon("check"));
    panel.append(item);
  }
  return panel;
}

/** @param {Toolbar} toolbar */
function sizePanel(toolbar) {
  const { t } = toolbar;
  const path = svgElement("path");
  const preview = svgElement(
    "svg",
    { class: "preview", viewBox: "0 0 2800 740", "aria-hidden": "true" },
    path,
  );
  const output = element("output", {}, String(toolbar.choice.size));
  const show = () => {
    const { size, colour, tool } = toolbar.choice;
    const word = tool === "highlighter" ? "marker" : tool;
    path.setAttribute("d", outlinePath(previewPoints(), widthOf(size, word), word));
    path.setAttribute("fill", onPaper(word === "marker" ? markerColour(colour) : colour));
    output.textContent = String(size);
  };
  const slider = element("input", {
    type: "range",
    class: "slider",
    min: 1,
    max: 10,
    step: 1,
    value: toolbar.choice.size,
    "aria-label": t("tool.size"),
    oninput: () => {
      toolbar.choose({ size: Number(slider.value) });
      show();
    },
  });
  show();
  return element("div", {}, preview, element("div", { class: "size-row" }, slider, output));
}

/** One wave, light at its ends and heavy in the middle. @returns {number[]} flat x, y, pressure */
function previewPoints() {
  const points = [];
  for (let i = 0; i <= 48; i++) {
    const along = i / 48;
    const y = 370 - Math.sin(along * Math.PI * 2) * 170;
    points.push(
      Math.round(260 + along * 2280),
      Math.round(y),
      Math.round(14 + 40 * Math.sin(along * Math.PI)),
    );
  }
  return points;
}

/** @param {Toolbar} toolbar */
function colourPanel(toolbar) {
  const { t } = toolbar;
  let hsv = toHsv(toolbar.choice.colour);
  const mark = element("span", { class: "wheel-mark" });
  const wheel = element(
    "div",
    { class: "wheel", role: "slider", tabindex: 0, "aria-label": t("colour.wheel") },
    mark,
  );
  const light = element("input", {
    type: "range",
    class: "slider",
    min: 0,
    max: 100,
    "aria-label": t("colour.light"),
  });
  const hex = element("input", {
    class: "input code-input",
    maxlength: 7,
    "aria-label": t("colour.hex"),
    spellcheck: "false",
  });
  const swatches = element("div", { class: "swatches", role: "group", "aria-label": t("colour.swatches") });

  const show = () => {
    const { colour } = toolbar.choice;
    const angle = (hsv.h * Math.PI) / 180;
    mark.style.left = `${50 + Math.cos(angle) * hsv.s * 48}%`;
    mark.style.top = `${50 - Math.sin(angle) * hsv.s * 48}%`;
    mark.style.background = colour;
    wheel.setAttribute("aria-valuemin", "0");
    wheel.setAttribute("aria-valuemax", "359");
    wheel.setAttribute("aria-valuenow", String(Math.round(hsv.h)));
    wheel.setAttribute(
      "aria-valuetext",
      t("colour.value", { hue: Math.round(hsv.h), strength: Math.round(hsv.s * 100) }),
    );
    light.value = String(Math.round(hsv.v * 100));
    if (document.activeElement !== hex) hex.value = colour;
    for (const one of swatches.children)
      one.setAttribute("aria-pressed", String(one.getAttribute("data-hex") === colour));
  };
  const take = (/** @type {Hsv} */ next) => {
    hsv = next;
    toolbar.choose({ colour: fromHsv(next) });
    show();
  };
  const takeHex = (/** @type {string} */ colour) => {
    hsv = toHsv(colour);
    toolbar.choose({ colour });
    show();
  };
  const point = (/** @type {PointerEvent} */ event) => {
    const box = wheel.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width - 0.5;
    const y = 0.5 - (event.clientY - box.top) / box.height;
    const h = ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
    take({ h, s: Math.min(1, Math.hypot(x, y) * 2), v: Math.max(hsv.v, 0.35) });
  };
  wheel.addEventListener("pointerdown", (event) => {
    wheel.setPointerCapture(event.pointerId);
    point(event);
  });
  wheel.addEventListener("pointermove", (event) => wheel.hasPointerCapture(event.pointerId) && point(event));
  wheel.addEventListener("keydown", (event) => {
    const step = wheelStep(event.key);
    if (!step) return;
    event.preventDefault();
    take({
      h: (hsv.h + step.h + 360) % 360,
      s: Math.max(0, Math.min(1, hsv.s + step.s)),
      v: Math.max(hsv.v, 0.35),
    });
  });
  light.addEventListener("input", () => take({ ...hsv, v: Number(light.value) / 100 }));
  hex.addEventListener("input", () => {
    const typed = hex.value.trim().toLowerCase().replace(/^#?/, "#");
    if (/^#[0-9a-f]{6}$/.test(typed)) takeHex(typed);
  });
  for (const [name, colour] of SWATCHES) {
    const label = t(`colour.${name}`);
    const pick = () => takeHex(colour);
    const one = element("button", {
      type: "button",
      class: "swatch",
      "data-hex": colour,
      "aria-label": label,
      title: label,
      onclick: pick,
    });
    one.style.setProperty("--swatch", onPaper(colour));
    swatches.append(one);
  }
  show();
  return element("div", {}, swatches, wheel, light, hex);
}

/** @param {string} key */
function wheelStep(key) {
  switch (key) {
    case "ArrowLeft":
      return { h: 5, s: 0 };
    case "ArrowRight":
      return { h: -5, s: 0 };
    case "ArrowUp":
      return { h: 0, s: 0.05 };
    case "ArrowDown":
      return { h: 0, s: -0.05 };
    default:
      return null;
  }
}

/** @typedef {{h: number, s: number, v: number}} Hsv hue 0 to 360, the others 0 to 1 */

/** @param {string} hex @returns {Hsv} */
function toHsv(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const v = Math.max(r, g, b);
  const range = v - Math.min(r, g, b);
  let h = 0;
  if (range > 0) {
    if (v === r) h = ((g - b) / range) % 6;
    else if (v === g) h = (b - r) / range + 2;
    else h = (r - g) / range + 4;
  }
  return { h: (h * 60 + 360) % 360, s: v === 0 ? 0 : range / v, v };
}

/** @param {Hsv} hsv @returns {string} */
function fromHsv({ h, s, v }) {
  const channel = (/** @type {number} */ n) => {
    const k = (n + h / 60) % 6;
    const value = v - v * s * Math.max(0, Math.min(k, 4 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(5)}${channel(3)}${channel(1)}`;
}
