/**
 * An SVG file becomes strokes of this notebook (N2's rules, in the page): its paths are read by the browser's own
 * parser into a document that never joins the page, brought to the sheet's unit, and sent as ordinary `a` changes,
 * which the server checks like all others. One undo entry; big files go out in the journal's batches.
 */

import { formatFragment, parseFragment } from "../core/fragment.js";
import { transformPath } from "../core/transform.js";
import { whileWorking } from "./overlays.js";

/** @typedef {import("../app/main.js").App} App */

/** Strokes of one file at most, and its characters. */
const MOST_STROKES = 5000;
const MOST_CHARACTERS = 20_000_000;
const SKIPPED = new Set(["title", "desc", "metadata", "defs"]);

export class ImportError extends Error {}

/** Asks for a file and brings it in. @param {App} app */
export function importSvg(app) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".svg,image/svg+xml";
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    if (file) await importFile(app, file);
  });
  input.click();
}

/** @param {App} app @param {Blob} file */
export async function importFile(app, file) {
  try {
    if (file.size > MOST_CHARACTERS) throw new ImportError("too big");
    const fragments = strokesOf(await file.text());
    const ops = await whileWorking(app.t("toast.working"), submitAll(app, fragments));
    app.noteUndo(ops);
    app.board.zoomToFit();
    const action = { label: "toast.undo", run: () => app.board.undo() };
    app.say((t) => t("import.done", { n: ops.length }), { action });
  } catch (error) {
    if (!(error instanceof ImportError)) console.warn("the file could not be read", error);
    app.say((t) => t("failure.bad_document"), { bad: true });
  }
}

/** The page stays alive meanwhile. @param {App} app @param {string[]} fragments */
async function submitAll(app, fragments) {
  const ops = [];
  for (let at = 0; at < fragments.length; at++) {
    ops.push(app.session.submit("a", fragments[at]));
    if (at % 50 === 49) await new Promise((resolve) => window.setTimeout(resolve, 0));
  }
  return ops;
}

/**
 * @param {string} text an SVG document
 * @returns {string[]} fragments without ids
 * @throws {ImportError}
 */
export function strokesOf(text) {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) throw new ImportError("document type");
  const parsed = new DOMParser().parseFromString(readable(text), "image/svg+xml");
  const root = parsed.documentElement;
  if (root.localName !== "svg" || parsed.querySelector("parsererror")) throw new ImportError("not SVG");
  // A notebook of ours counts in tenths of a pixel already; other drawings in pixels (N6).
  const scale = root.hasAttribute("data-seq") ? 1 : 10;
  /** @type {string[]} */
  const strokes = [];
  for (const node of root.children) {
    if (node.localName === "g") strokes.push(strokeOf([...node.children], node, scale));
    else if (node.localName === "path") strokes.push(strokeOf([node], null, scale));
    else if (!SKIPPED.has(node.localName)) throw new ImportError(`an element ${node.localName}`);
  }
  if (strokes.length === 0 || strokes.length > MOST_STROKES) throw new ImportError("no stroke, or too many");
  return strokes;
}

/**
 * Trusted Types want a word for text that a parser reads. It becomes a document of its own, in which nothing runs
 * and nothing is loaded; checked values are taken out of it, and it is thrown away.
 *
 * @param {string} text
 * @returns {string}
 */
function readable(text) {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return text;
  return types
    .createPolicy("import", { createHTML: (/** @type {string} */ given) => given })
    .createHTML(text);
}

/** @param {Element[]} nodes @param {Element|null} group @param {number} scale */
function strokeOf(nodes, group, scale) {
  const paths = nodes.map((node) => {
    if (node.localName !== "path") throw new ImportError(`an element ${node.localName}`);
    return pathOf(node, group, scale);
  });
  /** @type {Record<string, string>} */
  const data = {};
  for (const name of ["p", "v", "w", "t", "cuts", "tilt"]) {
    const value = scale === 1 ? group?.getAttribute(`data-${name}`) : null;
    if (value) data[name] = value;
  }
  const text = formatFragment({ data, paths });
  parseFragment(text);
  return text;
}

/** @param {Element} node @param {Element|null} group @param {number} scale */
function pathOf(node, group, scale) {
  const value = (/** @type {string} */ name) => node.getAttribute(name) ?? group?.getAttribute(name) ?? null;
  const d = value("d");
  if (d === null) throw new ImportError("a path without d");
  /** @type {any} */
  const path = { d: scale === 1 ? d : scaledPath(d, scale) };
  const fill = value("fill");
  path.fill = fill === null ? "#000000" : hexOf(fill);
  const line = value("stroke");
  if (line !== null) path.stroke = hexOf(line);
  if (path.stroke && path.stroke !== "none") {
    path["stroke-width"] = String(
      Math.round(Number.parseFloat(value("stroke-width") ?? "1") * scale * 1000) / 1000,
    );
    for (const name of ["stroke-linecap", "stroke-linejoin"]) {
      const word = value(name);
      if (word !== null) path[name] = word;
    }
  }
  for (const name of ["opacity", "fill-opacity", "stroke-opacity"]) {
    const number = value(name);
    if (number !== null) path[name] = String(Math.round(Number.parseFloat(number) * 1000) / 1000);
  }
  return path;
}

/** @param {string} d @param {number} scale */
function scaledPath(d, scale) {
  const scaled = transformPath(d, { by: [0, 0], scale: [scale, 0, 0] });
  if (scaled === null) throw new ImportError("a path too far out");
  return scaled;
}

/** Any CSS colour as hex, by the browser itself. @param {string} colour @returns {string} */
function hexOf(colour) {
  if (colour === "none" || colour === "transparent") return "none";
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen || !CSS.supports("color", colour)) throw new ImportError(`a colour ${colour}`);
  pen.fillStyle = colour;
  const found = pen.fillStyle;
  return /^#[0-9a-f]{6}$/.test(found) ? found : "#000000";
}
