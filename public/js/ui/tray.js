/** The tray: changes that the server refused, each with a picture of its ink, its reason, and what to do about it. */

import { parseFragment } from "../core/fragment.js";
import { failureText } from "../core/i18n.js";
import { boundsOf } from "../core/stroke.js";
import { button, element, svgElement } from "./dom.js";

/** @typedef {import("../app/main.js").App} App */
/** @typedef {import("../core/journal.js").Entry} Entry */

/** Rows shown; all of them go by the last button. */
const MOST_ROWS = 20;

/** @param {App} app */
export function tray(app) {
  const { t, session } = app;
  const box = element("section", { class: "stack" }, element("h2", {}, t("tray.title")));
  const list = element("ul", { class: "plain-list tray" });
  for (const entry of session.tray.slice(0, MOST_ROWS)) list.append(row(app, entry));
  const all = () => {
    for (const entry of session.tray) session.discard(entry.op);
    box.remove();
  };
  box.append(list, button(t("tray.discardAll"), all, "small"));
  return box;
}

/** @param {App} app @param {Entry} entry */
function row(app, entry) {
  const { t, session } = app;
  const line = element("li", { class: "row" });
  const act = (/** @type {(op: string) => void} */ what) => () => {
    what(entry.op);
    line.remove();
  };
  const why = failureText(t, {
    ...(entry.reason ? { reason: entry.reason } : {}),
    sentence: entry.sentence ?? "",
  });
  line.append(
    preview(entry),
    element(
      "span",
      { class: "grow" },
      t(`tray.${entry.command}`),
      element("span", { class: "muted" }, ` · ${why}`),
    ),
    button(
      t("tray.again"),
      act((op) => session.retry(op)),
      "small",
    ),
    button(
      t("tray.discard"),
      act((op) => session.discard(op)),
      "small danger",
    ),
  );
  return line;
}

/** @param {Entry} entry @returns {Element|string} its ink, where it has any that can be drawn */
function preview({ command, data }) {
  if (command !== "a") return "";
  try {
    const { x0, y0, x1, y1 } = boundsOf(data);
    const picture = svgElement("svg", {
      class: "tray-picture",
      viewBox: `${x0 - 20} ${y0 - 20} ${x1 - x0 + 40} ${y1 - y0 + 40}`,
      "aria-hidden": "true",
    });
    for (const { d, fill } of parseFragment(data).paths)
      picture.append(svgElement("path", { d, fill: fill ?? "#000000" }));
    return picture;
  } catch {
    // What the server refused need not be a drawing that can be read.
    return "";
  }
}
