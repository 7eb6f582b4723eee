/** Who wrote a stroke: asked by holding it. The name and the time come from the log. */

import { strokeIsHit } from "../core/hit_tests.js";
import { failureText } from "../core/i18n.js";
import { findStroke } from "../net/log.js";
import { byId, element } from "./dom.js";
import { personColour } from "./person_colour.js";

/** @typedef {import("../app/main.js").App} App */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */

const REACH_PX = 8;

/**
 * @param {App} app
 * @param {number} x page pixels
 * @param {number} y
 * @returns {Stroke|null} the topmost stored stroke there
 */
export function strokeUnder(app, x, y) {
  const { viewport } = app.board;
  const box = byId("board").getBoundingClientRect();
  const [sx, sy] = [viewport.sheetX(x - box.left), viewport.sheetY(y - box.top)];
  const reach = REACH_PX / viewport.scale;
  const near = app.notebook.index.query({ x0: sx - reach, y0: sy - reach, x1: sx + reach, y1: sy + reach });
  const hit = [...near].filter((one) => one.seq !== Infinity && strokeIsHit(one, sx, sy, sx, sy, reach));
  return hit.sort((a, b) => b.order - a.order)[0] ?? null;
}

/**
 * @param {App} app
 * @param {import("../app/company.js").Company} company
 * @param {Stroke} stroke
 * @param {{x: number, y: number}} place page pixels
 */
export async function showWriter(app, company, stroke, { x, y }) {
  const { t } = app;
  const anchor = element("span", { class: "press-mark" });
  anchor.style.left = `${x}px`;
  anchor.style.top = `${y}px`;
  document.body.append(anchor);
  const words = element("p", { class: "person", role: "status" }, t("writer.looking"));
  app.popovers.show(anchor, t("writer.title"), element("div", {}, words), () => anchor.remove());
  try {
    const entry = await findStroke(company.query, Number(stroke.key), app.notebook.seq);
    if (!entry) {
      words.textContent = t("writer.unknown");
      return;
    }
    const name = company.nameOf(entry.author);
    const time = new Intl.DateTimeFormat(app.language, { dateStyle: "medium", timeStyle: "short" }).format(
      entry.at,
    );
    const dot = element(
      "span",
      { class: "person-dot", "aria-hidden": "true" },
      [...name][0]?.toLocaleUpperCase(),
    );
    dot.style.setProperty("--person", personColour(entry.author.id));
    const lines = element("span", {}, element("strong", { dir: "auto" }, name), element("br"), time);
    words.replaceChildren(dot, lines);
    if (entry.author.id.startsWith("g"))
      words.append(element("span", { class: "tag" }, t("people.guestTag")));
  } catch (failure) {
    words.textContent = failureText(t, /** @type {any} */ (failure));
  }
  app.popovers.refit();
}
