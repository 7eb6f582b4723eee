/**
 * The notebook on paper: one picture a page, in ink on white, whatever the screen shows just now.
 *
 * Owns the pages from the call to the next touch of the page. How a page looks on paper is `@media print` in app.css;
 * where the sheet is cut is core/page_breaks.js.
 */

import { pageBreaks } from "../core/page_breaks.js";
import { ruling } from "../core/paper_rules.js";
import { inDrawingOrder } from "../core/sheet_export.js";
import { element } from "./dom.js";
import { toast, whileWorking } from "./overlays.js";

/** Height of a page to its width: A4 without its margins. Letter paper is wider: there the page leaves its sides free. */
const SHAPE = 277 / 190;

/** @param {import("../app/main.js").App} app */
export async function printSheet(app) {
  const { t, board, notebook } = app;
  document.getElementById("print")?.remove();
  try {
    const box = (await board.parts.extras.get()).printed();
    const strokes = inDrawingOrder(notebook);
    const height = Math.round((box.x1 - box.x0) * SHAPE);
    const bounds = strokes.map((stroke) => stroke.bounds);
    const pictures = pageBreaks(bounds, box.y0, height).map(({ y0, y1 }) => {
      const page = { ...box, y0, y1 };
      const inside = strokes.filter((_, i) => bounds[i].y1 >= y0 && bounds[i].y0 <= y1);
      return picture(page, notebook.paper, inside, height);
    });
    await whileWorking(t("toast.working"), Promise.all(pictures.map((one) => one.decode())));
    const pages = element("div", { id: "print" }, ...pictures);
    document.body.append(pages);
    clearLater(pages);
    window.print();
  } catch {
    toast(t("failure.unknown"), { bad: true });
  }
}

/**
 * @param {import("../core/path_data.js").Bounds} page
 * @param {{paper: string, margin: string}} paper
 * @param {import("../core/stroke.js").Stroke[]} strokes
 * @param {number} height of a whole page: a shorter one leaves its end free
 */
function picture(page, paper, strokes, height) {
  const lines = ruling(paper, page).map(
    ({ colour, width, dash, d }) =>
      `<path fill="none" stroke="${colour}" stroke-width="${width}"${dash ? ` stroke-linecap="round" stroke-dasharray="0 ${dash}"` : ""} d="${d}"/>`,
  );
  const width = page.x1 - page.x0;
  const frame = `viewBox="${page.x0} ${page.y0} ${width} ${height}" width="${width}" height="${height}"`;
  const ink = `<svg x="${page.x0}" y="${page.y0}" width="${width}" height="${page.y1 - page.y0}" viewBox="${page.x0} ${page.y0} ${width} ${page.y1 - page.y0}">`;
  const text = `<svg xmlns="http://www.w3.org/2000/svg" ${frame}>${ink}${lines.join("")}${strokes.map((stroke) => stroke.text).join("")}</svg></svg>`;
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  const image = element("img", { alt: "" });
  image.src = url;
  return image;
}

/**
 * With the next touch of the page: a phone says that it has printed before it has drawn the first sheet.
 *
 * @param {HTMLElement} pages
 */
function clearLater(pages) {
  const clear = () => {
    for (const sign of ["pointerdown", "keydown"]) window.removeEventListener(sign, clear, true);
    for (const image of pages.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    pages.remove();
  };
  for (const sign of ["pointerdown", "keydown"]) window.addEventListener(sign, clear, true);
}
