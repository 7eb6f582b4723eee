/**
 * Stroke fragments: the canonical `<g ...><path .../></g>` text and its checked values.
 *
 * Owns reading fragments the server rendered and writing those the page makes, byte for byte in the server's
 * canonical form (INK.md, "Stroke format"; C1). The reader is strict and needs no DOM: anything it does not
 * know is refused, so nothing of a fragment reaches the page but values from closed grammars.
 */
export { formatStroke } from "./outline.js";
export { withId, withoutId } from "./stroke.js";

/**
 * @typedef {Object} StrokePath
 * @property {string} d path data
 * @property {string} [fill] `#rrggbb` or `none`
 * @property {string} [stroke]
 * @property {string} [stroke-width]
 * @property {string} [stroke-linecap]
 * @property {string} [stroke-linejoin]
 * @property {string} [opacity]
 * @property {string} [fill-opacity]
 * @property {string} [stroke-opacity]
 */

/**
 * @typedef {Object} Fragment
 * @property {string} [id] group id, digits; absent in what the page makes
 * @property {Record<string, string>} data `data-*` attributes of the group without their prefix, in order
 * @property {StrokePath[]} paths
 */

const COLOUR = /^(?:#[0-9a-f]{6}|none)$/;
const NUMBER = /^-?\d{1,9}(?:\.\d{1,3})?$/;
const PATH_GRAMMAR = {
  d: /^[MmLlHhVvCcSsQqTtAaZz0-9 ,.+-]*$/,
  fill: COLOUR,
  stroke: COLOUR,
  "stroke-width": NUMBER,
  "stroke-linecap": /^(?:butt|round|square)$/,
  "stroke-linejoin": /^(?:miter|round|bevel)$/,
  opacity: NUMBER,
  "fill-opacity": NUMBER,
  "stroke-opacity": NUMBER,
};
const DATA_GRAMMAR = /** @type {Record<string, RegExp>} */ ({
  p: /^[A-Za-z0-9+/]+={0,2}$/,
  v: /^\d{1,4}$/,
  w: /^\d{1,7}$/,
  t: /^[a-z]{1,16}$/,
  cuts: /^[0-9.-]+$/,
  tilt: /^[0-9a-f]*$/,
});
const ATTRIBUTE = / ([a-z][a-z-]*)="([^"<>&]*)"/y;

/** A fragment that is not in canonical form. */
export class FragmentError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "FragmentError";
  }
}

/**
 * Read a canonical fragment.
 *
 * @param {string} text
 * @returns {Fragment}
 * @throws {FragmentError}
 */
export function parseFragment(text) {
  if (!text.startsWith("<g")) throw new FragmentError("a fragment begins with <g");
  const [attributes, afterG] = readAttributes(text, 2);
  const { id, ...others } = attributes;
  if (id !== undefined && !/^[1-9]\d{0,15}$/.test(id)) throw new FragmentError("a group id is digits");
  /** @type {Record<string, string>} */
  const data = {};
  for (const [name, value] of Object.entries(others)) {
    const word = name.startsWith("data-") ? name.slice(5) : "";
    const grammar = Object.hasOwn(DATA_GRAMMAR, word) ? DATA_GRAMMAR[word] : undefined;
    if (!grammar?.test(value)) throw new FragmentError(`unknown attribute or value: ${name}`);
    data[word] = value;
  }
  /** @type {StrokePath[]} */
  const paths = [];
  let at = afterG;
  if (text.startsWith("/>", at)) return finished(text, at + 2, { id, data, paths });
  if (text[at] !== ">") throw new FragmentError("the g element is not closed");
  at += 1;
  while (text.startsWith("<path", at)) {
    const [values, end] = readAttributes(text, at + 5);
    if (!text.startsWith("/>", end)) throw new FragmentError("the path element is not closed");
    paths.push(checkedPath(values));
    at = end + 2;
  }
  if (!text.startsWith("</g>", at)) throw new FragmentError("only path elements stand in a stroke");
  return finished(text, at + 4, { id, data, paths });
}

/**
 * @param {string} text
 * @param {number} end
 * @param {Fragment} fragment
 */
function finished(text, end, fragment) {
  if (end !== text.length) throw new FragmentError("something follows the stroke");
  return fragment;
}

/**
 * @param {string} text
 * @param {number} from
 * @returns {[Record<string, string>, number]} attributes and where they end
 */
function readAttributes(text, from) {
  /** @type {Record<string, string>} */
  const attributes = {};
  let at = from;
  ATTRIBUTE.lastIndex = at;
  for (let match = ATTRIBUTE.exec(text); match; match = ATTRIBUTE.exec(text)) {
    if (Object.hasOwn(attributes, match[1])) throw new FragmentError(`${match[1]} is given twice`);
    attributes[match[1]] = match[2];
    at = ATTRIBUTE.lastIndex;
  }
  return [attributes, at];
}

/**
 * @param {Record<string, string>} values
 * @returns {StrokePath}
 */
function checkedPath(values) {
  for (const [name, value] of Object.entries(values)) {
    const grammar = Object.hasOwn(PATH_GRAMMAR, name)
      ? PATH_GRAMMAR[/** @type {keyof typeof PATH_GRAMMAR} */ (name)]
      : undefined;
    if (!grammar?.test(value)) throw new FragmentError(`unknown attribute or value: ${name}`);
  }
  return /** @type {StrokePath} */ ({ d: "", ...values });
}

/**
 * Write a fragment in canonical form.
 *
 * @param {Fragment} fragment
 * @returns {string}
 */
export function formatFragment({ id, data, paths }) {
  let text = id === undefined ? "<g" : `<g id="${id}"`;
  for (const name of Object.keys(DATA_GRAMMAR))
    if (data[name] !== undefined) text += ` data-${name}="${data[name]}"`;
  text += ">";
  for (const path of paths) {
    text += "<path";
    for (const name of Object.keys(PATH_GRAMMAR)) {
      const value = path[/** @type {keyof StrokePath} */ (name)];
      if (value !== undefined) text += ` ${name}="${value}"`;
    }
    text += "/>";
  }
  return `${text}</g>`;
}
