/**
 * SVG nodes of the board, made from checked values and never from markup.
 *
 * Owns the step from a fragment's values to elements, with the theme's view of colours. Used by the dry layer, the
 * paper and the selection.
 */

/** @typedef {import("../core/fragment.js").StrokePath} StrokePath */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svgNode(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/**
 * @param {StrokePath} path checked values
 * @param {(colour: string) => string} shown how the theme shows a stored colour
 * @returns {SVGPathElement}
 */
export function pathNode(path, shown) {
  const node = document.createElementNS(SVG, "path");
  for (const [name, value] of Object.entries(path)) {
    const isColour = (name === "fill" || name === "stroke") && value !== "none";
    node.setAttribute(name, isColour ? shown(value) : value);
  }
  return node;
}
