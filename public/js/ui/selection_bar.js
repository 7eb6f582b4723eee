/** What can be done with chosen strokes, as buttons for who has no keyboard. Doing it is the board's. */

import { byId, element } from "./dom.js";

/** @typedef {import("../app/main.js").App} App */

const ID = "selection-bar";

/** Shows the bar while something is chosen. @param {App} app */
export function showSelectionBar(app) {
  const { t, board } = app;
  document.getElementById(ID)?.remove();
  if (board.selection.isEmpty) return;
  const bar = element("div", {
    id: ID,
    class: "pill selection-bar",
    role: "toolbar",
    "aria-label": t("selection.label"),
  });
  const item = (/** @type {string} */ key, /** @type {() => void} */ run, kind = "") => {
    bar.append(element("button", { type: "button", class: `tool ${kind}`.trim(), onclick: run }, t(key)));
  };
  item("selection.duplicate", () => board.selection.duplicate());
  item("selection.copy", () => copy(app));
  item("selection.delete", () => board.selection.remove(), "danger");
  item("selection.done", () => board.selection.choose([]));
  byId("tools").after(bar);
}

/** @param {App} app */
async function copy(app) {
  const text = app.board.selection.copy();
  // Where the clipboard is refused the board still remembers what was copied.
  await navigator.clipboard?.writeText(text).catch(() => undefined);
}
