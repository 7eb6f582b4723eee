/**
 * The list of keyboard shortcuts, opened by "?" and from the menu.
 *
 * Owns how they are grouped and written; which there are is core/shortcuts.js, beside the few that are the page's own.
 */

import { SHORTCUTS } from "../core/shortcuts.js";
import { element } from "./dom.js";
import { showDialog } from "./overlays.js";

/** @typedef {{label: string, shown: string}} Row */

/** The first part of an action, and the group it is in. */
const GROUP_OF = { tool: "tools", size: "tools", zoom: "view", pan: "view" };
const PAGE_KEYS = [
  { group: "changes", label: "tool.save", shown: "Ctrl+S" },
  { group: "view", label: "keys.drag", shown: "keys.space" },
  { group: "view", label: "menu.print", shown: "Ctrl+P" },
  { group: "view", label: "keys.help", shown: "?" },
];

/** @param {import("../app/main.js").App} app */
export function showKeyHelp({ t }) {
  if (document.querySelector("dialog.key-help")) return;
  const apple = /Mac|iPad|iPhone/.test(navigator.platform);
  const groups = ["tools", "changes", "view"].map((group) => {
    const rows = [...rowsOf(group)].map(([label, shown]) => [
      element("dt", {}, t(label).replace("…", "")),
      element(
        "dd",
        { dir: "ltr" },
        ...shown.map((one) => keyCap(one.startsWith("keys.") ? t(one) : one, apple)),
      ),
    ]);
    return element("section", {}, element("h3", {}, t(`keys.${group}`)), element("dl", {}, ...rows.flat()));
  });
  const dialog = showDialog(
    t("keys.title"),
    t("dialog.close"),
    element("div", { class: "key-groups" }, ...groups),
  );
  dialog.classList.add("key-help");
}

/** What does the same stands in one row. @param {string} group @returns {Map<string, string[]>} keys by label */
function rowsOf(group) {
  const board = SHORTCUTS.map(({ action, label, shown }) => {
    const [what] = action.split(":");
    return { group: GROUP_OF[/** @type {keyof typeof GROUP_OF} */ (what)] ?? "changes", label, shown };
  });
  /** @type {Map<string, string[]>} */
  const rows = new Map();
  for (const one of [...board, ...PAGE_KEYS])
    if (one.group === group) rows.set(one.label, [...(rows.get(one.label) ?? []), one.shown]);
  return rows;
}

/** @param {string} shown @param {boolean} apple */
function keyCap(shown, apple) {
  return element("kbd", {}, apple ? shown.replace("Ctrl+", "⌘").replace("Shift+", "⇧") : shown);
}
