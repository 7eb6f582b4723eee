/**
 * The notebook as a PDF: vector ink on pages of the sheet's height.
 *
 * Owns the writing of a small PDF 1.4 (ISO 32000): one content stream per page with paper and filled paths, whole
 * integers of sheet units under one scaling matrix, deflated. Strokes over a page break are on both pages. Which
 * strokes there are and how the file is saved is the caller's.
 */

import { ruling } from "./paper_rules.js";
import { parsePath, walkAbsolute } from "./path_data.js";

/** @typedef {import("./fragment.js").Fragment} Fragment */
/** @typedef {import("./path_data.js").Bounds} Bounds */
/** @typedef {{fragment: Fragment, bounds: Bounds}} Drawn */

/** PDF points per sheet unit: a CSS pixel is 3/4 point. */
const POINTS_PER_UNIT = 0.075;
export const PAGE_HEIGHT = 16_000;

/**
 * @param {Object} notebook
 * @param {Drawn[]} notebook.strokes in drawing order
 * @param {Bounds} notebook.sheet
 * @param {{paper: string, margin: string}} notebook.paper
 * @param {(bytes: Uint8Array) => Promise<Uint8Array>} notebook.deflate zlib
 * @returns {Promise<Uint8Array>}
 */
export async function writePdf({ strokes, sheet, paper, deflate }) {
  const pages = Math.max(1, Math.ceil((sheet.y1 - sheet.y0) / PAGE_HEIGHT));
  const width = (sheet.x1 - sheet.x0) * POINTS_PER_UNIT;
  const height = PAGE_HEIGHT * POINTS_PER_UNIT;
  const file = new PdfFile();
  const kids = Array.from({ length: pages }, (_, i) => `${3 + 2 * i} 0 R`).join(" ");
  file.object(1, "<</Type/Catalog/Pages 2 0 R>>");
  file.object(2, `<</Type/Pages/Count ${pages}/Kids[${kids}]>>`);
  for (let page = 0; page < pages; page++) {
    const top = sheet.y0 + page * PAGE_HEIGHT;
    const box = { x0: sheet.x0, y0: top, x1: sheet.x1, y1: top + PAGE_HEIGHT };
    const content = await deflate(new TextEncoder().encode(pageContent(strokes, box, paper)));
    const media = `/MediaBox[0 0 ${number(width)} ${number(height)}]`;
    file.object(
      3 + 2 * page,
      `<</Type/Page/Parent 2 0 R${media}/Resources<<>>/Contents ${4 + 2 * page} 0 R>>`,
    );
    file.stream(4 + 2 * page, content);
  }
  return file.finish();
}

/**
 * @param {Drawn[]} strokes
 * @param {Bounds} box the page, sheet units
 * @param {{paper: string, margin: string}} paper
 * @returns {string} PDF operators
 */
export function pageContent(strokes, box, paper) {
  const k = POINTS_PER_UNIT;
  const lines = [`${k} 0 0 ${-k} ${number(-box.x0 * k)} ${number(box.y1 * k)} cm`];
  lines.push(...ruling(paper, box).map(ruleOperators));
  for (const { fragment, bounds } of strokes) {
    if (bounds.y1 < box.y0 || bounds.y0 > box.y1) continue;
    for (const path of fragment.paths) lines.push(pathOperators(path));
  }
  return lines.join("\n");
}

/** @param {import("./paper_rules.js").Rule} rule */
function ruleOperators({ colour, width, dash, d }) {
  const dashes = dash ? `1 J [0 ${dash}] 0 d` : "0 J [] 0 d";
  return `${rgb(colour)} RG ${width} w ${dashes}\n${geometry(d)}S`;
}

/** @param {import("./fragment.js").StrokePath} path */
function pathOperators(path) {
  const fill = path.fill === "none" ? null : (path.fill ?? "#000000");
  const line = path.stroke === undefined || path.stroke === "none" ? null : path.stroke;
  const caps = { butt: 0, round: 1, square: 2 }[path["stroke-linecap"] ?? "butt"] ?? 0;
  const style = [
    fill ? `${rgb(fill)} rg ` : "",
    line ? `${rgb(line)} RG ${path["stroke-width"] ?? "1"} w ${caps} J [] 0 d ` : "",
  ].join("");
  const paint = fill && line ? "B" : fill ? "f" : line ? "S" : "n";
  return `${style}\n${geometry(path.d)}${paint}`;
}

/** @param {string} d @returns {string} path construction operators; quadratics become cubics */
function geometry(d) {
  let text = "";
  let control = [0, 0];
  let before = "";
  walkAbsolute(parsePath(d), ({ letter, values: v }, x, y) => {
    const mirrored =
      "QT".includes(before) || "CS".includes(before) ? [2 * x - control[0], 2 * y - control[1]] : [x, y];
    switch (letter) {
      case "M":
        text += `${numbers(v)} m\n`;
        break;
      case "L":
        text += `${numbers(v)} l\n`;
        break;
      case "H":
        text += `${numbers([v[0], y])} l\n`;
        break;
      case "V":
        text += `${numbers([x, v[0]])} l\n`;
        break;
      case "Q":
      case "T": {
        control = letter === "Q" ? v.slice(0, 2) : "QT".includes(before) ? mirrored : [x, y];
        const [ex, ey] = v.slice(-2);
        const third = (/** @type {number} */ from, /** @type {number} */ c) => from + (2 / 3) * (c - from);
        const [cx, cy] = control;
        text += `${numbers([third(x, cx), third(y, cy), third(ex, cx), third(ey, cy), ex, ey])} c\n`;
        break;
      }
      case "C":
      case "S": {
        const c = letter === "C" ? v : [...("CS".includes(before) ? mirrored : [x, y]), ...v];
        control = c.slice(2, 4);
        text += `${numbers(c)} c\n`;
        break;
      }
      case "A":
        text += `${numbers(v.slice(5))} l\n`;
        break;
      default:
        text += "h\n";
    }
    before = letter;
  });
  return text;
}

/** @param {number[]} values */
function numbers(values) {
  return values.map(number).join(" ");
}

/** @param {number} value */
function number(value) {
  return Number.isInteger(value) ? String(value) : String(Math.round(value * 100) / 100);
}

/** @param {string} hex */
function rgb(hex) {
  return [1, 3, 5].map((at) => number(Number.parseInt(hex.slice(at, at + 2), 16) / 255)).join(" ");
}

class PdfFile {
  constructor() {
    /** @type {Uint8Array[]} */
    this.parts = [];
    this.length = 0;
    /** @type {number[]} */
    this.offsets = [];
    this.write("%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n");
  }

  /** @param {string | Uint8Array} data Latin-1 text or bytes */
  write(data) {
    const bytes = typeof data === "string" ? Uint8Array.from(data, (letter) => letter.charCodeAt(0)) : data;
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  /** @param {number} id @param {string} body */
  object(id, body) {
    this.offsets[id] = this.length;
    this.write(`${id} 0 obj\n${body}\nendobj\n`);
  }

  /** @param {number} id @param {Uint8Array} bytes deflated */
  stream(id, bytes) {
    this.offsets[id] = this.length;
    this.write(`${id} 0 obj\n<</Filter/FlateDecode/Length ${bytes.length}>>\nstream\n`);
    this.write(bytes);
    this.write("\nendstream\nendobj\n");
  }

  /** @returns {Uint8Array} */
  finish() {
    const start = this.length;
    const entries = this.offsets.slice(1).map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`);
    const count = this.offsets.length;
    this.write(`xref\n0 ${count}\n0000000000 65535 f \n${entries.join("")}`);
    this.write(`trailer\n<</Size ${count}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
    const file = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      file.set(part, at);
      at += part.length;
    }
    return file;
  }
}
