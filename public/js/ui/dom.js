/**
 * Building blocks of the page: elements from checked values (never from markup), icons out of the page's
 * sprite, translation of static text. What opens over the page is overlays.js. Owns no feature.
 */

import { chooseLanguage, directionOf } from "../core/i18n.js";

/** @typedef {import("../core/i18n.js").Translate} Translate */
/** @typedef {Node|string|number|null|undefined|false} Child */
/** @typedef {Record<string, string|number|boolean|null|undefined|((event: any) => void)>} Attributes */

const SVG = "http://www.w3.org/2000/svg";

/**
 * `onclick`-like keys take functions; `true` sets an empty attribute; null, undefined and false leave it out.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  fill(node, attributes, children);
  return node;
}

/**
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {Child[]} children
 * @returns {SVGElement}
 */
export function svgElement(tag, attributes = {}, ...children) {
  const node = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  fill(node, attributes, children);
  return node;
}

/** @param {Element} node @param {Attributes} attributes @param {Child[]} children */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child || child === 0) node.append(typeof child === "number" ? String(child) : child);
  }
}

/** @param {string} name of a symbol in the page's sprite */
export function icon(name) {
  return svgElement(
    "svg",
    { class: "icon", "aria-hidden": "true" },
    svgElement("use", { href: `#i-${name}` }),
  );
}

/**
 * An element of the page that has to be there.
 *
 * @template {Element} [E=HTMLElement]
 * @param {string} id
 * @returns {E}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {E} */ (/** @type {unknown} */ (found));
}

/** @param {string} label @param {() => void} onClick @param {string} [kind] classes beside "button" */
export function button(label, onClick, kind = "") {
  return element("button", { type: "button", class: `button ${kind}`.trim(), onclick: onClick }, label);
}

/**
 * The language of the page. The server has sent it in the one it knows of; where somebody chose another on this device,
 * the page turns to that and tells the server.
 *
 * @param {{language: string|null, setLanguage: (language: string) => void}} memory
 */
export function pageLanguage(memory) {
  const language = chooseLanguage(memory.language, navigator.languages);
  const root = document.documentElement;
  if (memory.language && root.lang !== language) memory.setLanguage(language);
  root.lang = language;
  root.dir = directionOf(language);
  return language;
}

/**
 * Puts the catalogue's words into the static page: `data-t` is the text, `data-t-label` the name and tooltip,
 * `data-t-group` the name alone.
 *
 * @param {ParentNode} root
 * @param {Translate} t
 */
export function translatePage(root, t) {
  for (const node of root.querySelectorAll("[data-t]"))
    node.textContent = t(node.getAttribute("data-t") ?? "");
  for (const node of root.querySelectorAll("[data-t-label]")) {
    const label = t(node.getAttribute("data-t-label") ?? "");
    node.setAttribute("aria-label", label);
    if (node.tagName === "BUTTON") node.setAttribute("title", label);
  }
  for (const node of root.querySelectorAll("[data-t-group]")) {
    node.setAttribute("aria-label", t(node.getAttribute("data-t-group") ?? ""));
  }
}

/**
 * How far bars that lie over an area reach into it from its sides; those that are not shown do not.
 *
 * @param {Element} area
 * @param {Element[]} bars each along one side
 * @returns {import("./viewport.js").Insets}
 */
export function reachInto(area, bars) {
  const { left, top, right, bottom } = area.getBoundingClientRect();
  const reach = { left: 0, top: 0, right: 0, bottom: 0 };
  for (const bar of bars) {
    const box = bar.getBoundingClientRect();
    if (box.width === 0) continue;
    const level = box.width > box.height;
    if (level && box.top + box.bottom < top + bottom) reach.top = Math.max(reach.top, box.bottom - top);
    else if (level) reach.bottom = Math.max(reach.bottom, bottom - box.top);
    else if (box.left + box.right < left + right) reach.left = Math.max(reach.left, box.right - left);
    else reach.right = Math.max(reach.right, right - box.left);
  }
  return reach;
}

/** @param {Date} date @param {string} language @returns {string} short and human */
export function dayText(date, language) {
  const sameDay = date.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const form = sameDay ? { timeStyle: "short" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(language, form).format(date);
}
