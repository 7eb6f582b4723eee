/**
 * Pictures of the notebook: PNG by canvas, PDF by `core/pdf.js`.
 *
 * Owns drawing all ink once, outside the page's layers, always on light paper. Loaded when it is first asked for.
 */
import { parseFragment } from "../core/fragment.js";
import { ruling } from "../core/paper_rules.js";
import { writePdf } from "../core/pdf.js";
import { inDrawingOrder } from "../core/sheet_export.js";

/** @typedef {import("../core/document.js").NotebookDocument} NotebookDocument */
/** @typedef {import("../core/path_data.js").Bounds} Bounds */

/** Pixels of a picture's longer side and in all, at most: what browsers' canvases can hold. */
const MAX_SIDE = 12_000;
const MAX_PIXELS = 64_000_000;

/**
 * @param {NotebookDocument} notebook
 * @param {Bounds} box
 * @returns {Promise<Blob>} image/png, two pixels per CSS pixel where that fits
 */
export async function pngOf(notebook, box) {
  const [width, height] = [(box.x1 - box.x0) / 10, (box.y1 - box.y0) / 10];
  const scale = Math.min(2, MAX_SIDE / Math.max(width, height), Math.sqrt(MAX_PIXELS / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(scale / 10, 0, 0, scale / 10, (-box.x0 * scale) / 10, (-box.y0 * scale) / 10);
  for (const { colour, width: line, dash, d } of ruling(notebook.paper, box)) {
    pen.strokeStyle = colour;
    pen.lineWidth = line;
    pen.lineCap = dash ? "round" : "butt";
    pen.setLineDash(dash ? [0, dash] : []);
    pen.stroke(new Path2D(d));
  }
  pen.setLineDash([]);
  for (const stroke of inDrawingOrder(notebook))
    for (const path of parseFragment(stroke.text).paths) paint(pen, path);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new RangeError("this notebook is too large for a picture");
  return blob;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {import("../core/fragment.js").StrokePath} path
 */
function paint(pen, path) {
  const shape = new Path2D(path.d);
  const opacity = Number(path.opacity ?? 1);
  if (path.fill !== "none") {
    pen.globalAlpha = opacity * Number(path["fill-opacity"] ?? 1);
    pen.fillStyle = path.fill ?? "#000000";
    pen.fill(shape);
  }
  if (path.stroke !== undefined && path.stroke !== "none") {
    pen.globalAlpha = opacity * Number(path["stroke-opacity"] ?? 1);
    pen.strokeStyle = path.stroke;
    pen.lineWidth = Number(path["stroke-width"] ?? 1);
    pen.lineCap = /** @type {CanvasLineCap} */ (path["stroke-linecap"] ?? "butt");
    pen.lineJoin = /** @type {CanvasLineJoin} */ (path["stroke-linejoin"] ?? "miter");
    pen.stroke(shape);
  }
  pen.globalAlpha = 1;
}

/**
 * @param {NotebookDocument} notebook
 * @param {Bounds} sheet
 * @returns {Promise<Blob>} application/pdf, vector, a page per sheet height
 */
export async function pdfOf(notebook, sheet) {
  const strokes = inDrawingOrder(notebook).map((stroke) => ({
    fragment: parseFragment(stroke.text),
    bounds: stroke.bounds,
  }));
  const bytes = await writePdf({ strokes, sheet, paper: notebook.paper, deflate });
  return new Blob([/** @type {BlobPart} */ (bytes)], { type: "application/pdf" });
}

/** @param {Uint8Array} bytes @returns {Promise<Uint8Array>} zlib */
async function deflate(bytes) {
  const source = new Blob([/** @type {BlobPart} */ (bytes)]).stream();
  const packed = source.pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}
