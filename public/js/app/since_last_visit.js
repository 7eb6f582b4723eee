/**
 * What others wrote since one was here last glows in their colours for two seconds when the notebook is opened.
 * Owns the glow and its telling; how far one had seen the notebook is the server's to know.
 */

import { parseFragment } from "../core/fragment.js";
import { exchange } from "../net/api.js";
import { readPage } from "../net/log.js";
import { byId, svgElement } from "../ui/dom.js";
import { personColour } from "../ui/person_colour.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */

const GLOW_MS = 2000;
/** Older news than this many changes is not looked at, and more strokes than this do not glow. */
const MOST_CHANGES = 500;
const MOST_STROKES = 400;

/** @param {App} app @param {import("./company.js").Company} company */
export async function glowSinceLastVisit(app, company) {
  const { notebook, board } = app;
  const head = notebook.seq;
  const visit = await exchange("GET", `/api/notebook/visit?${company.query}`);
  const seen = visit.status === 200 ? visit.body?.data?.seq : null;
  if (seen === null || seen === undefined || seen >= head || app.company !== company) return;
  const since = Math.max(seen, head - MOST_CHANGES);
  const page = await readPage(company.query, since, MOST_CHANGES).catch(() => null);
  if (!page || app.company !== company) return;
  /** @type {{stroke: Stroke, author: string}[]} */
  const fresh = [];
  for (const change of page.data) {
    if (company.isMe(change)) continue;
    company.announcer.hear(change);
    const stroke = change.command === "a" ? notebook.stroke(change.id ?? "") : undefined;
    if (stroke?.shown) fresh.push({ stroke, author: change.author.id });
  }
  if (fresh.length) glow(board, fresh.slice(-MOST_STROKES));
}

/** @param {import("../ui/board.js").Board} board @param {{stroke: Stroke, author: string}[]} strokes */
function glow(board, strokes) {
  const sheet = svgElement("g");
  for (const { stroke, author } of strokes) {
    for (const { d } of parseFragment(stroke.text).paths) {
      const path = svgElement("path", { d });
      path.style.setProperty("--person", personColour(author));
      sheet.append(path);
    }
  }
  const layer = svgElement("svg", { class: "glow", "aria-hidden": "true" }, sheet);
  const follow = () => {
    const { offsetX, offsetY, scale } = board.viewport;
    sheet.setAttribute("transform", `translate(${offsetX} ${offsetY}) scale(${scale})`);
  };
  follow();
  board.addEventListener("viewchange", follow);
  byId("board").append(layer);
  document.documentElement.dataset.glowing = String(strokes.length);
  window.setTimeout(() => {
    layer.remove();
    board.removeEventListener("viewchange", follow);
    delete document.documentElement.dataset.glowing;
  }, GLOW_MS);
}
