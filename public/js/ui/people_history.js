/**
 * What each person did in the notebook lately, and the owner's way to take all of it back since a time: a list of
 * `u` changes through the journal (C1), one entry in the owner's undo stack.
 */

import { failureText } from "../core/i18n.js";
import { Timeline } from "../core/timeline.js";
import { readBack } from "../net/log.js";
import { button, element } from "./dom.js";
import { choiceRow, field, showDialog } from "./overlays.js";
import { personColour } from "./person_colour.js";

/** @typedef {import("../app/main.js").App} App */
/** @typedef {import("../core/timeline.js").Entry} Entry */

const SPANS_MIN = [15, 60, 1440, 0];

/** @param {App} app @param {import("../app/company.js").Company} company */
export async function showPeopleHistory(app, company) {
  const { t } = app;
  const list = element("ul", { class: "plain-list" });
  const spans = SPANS_MIN.map((minutes) => ({ value: String(minutes), label: t(`history.span.${minutes}`) }));
  let turn = 0;
  const refresh = async (/** @type {string} */ minutes) => {
    turn += 1;
    const mine = turn;
    list.replaceChildren(element("li", { class: "muted" }, t("timeline.loading")));
    const sinceMs = minutes === "0" ? 0 : Date.now() - Number(minutes) * 60_000;
    try {
      await app.session.flush(1500);
      const entries = await readBack(company.query, app.notebook.seq, sinceMs);
      if (mine === turn) list.replaceChildren(...rows(app, company, entries, sinceMs, () => dialog.close()));
    } catch (failure) {
      list.replaceChildren(element("li", {}, failureText(t, /** @type {any} */ (failure))));
    }
  };
  const dialog = showDialog(
    t("history.title"),
    t("dialog.close"),
    element("p", { class: "muted" }, t("history.hint")),
    field(t("history.since"), choiceRow(t("history.since"), "history-since", spans, "60", refresh)),
    list,
  );
  await refresh("60");
}

/**
 * @param {App} app
 * @param {import("../app/company.js").Company} company
 * @param {Entry[]} entries
 * @param {number} sinceMs
 * @param {() => void} done
 */
function rows(app, company, entries, sinceMs, done) {
  const { t } = app;
  /** @type {Map<string, string>} id to the name used last */
  const people = new Map();
  for (const { author } of entries) people.set(author.id, company.nameOf(author));
  const made = [...people].map(([author, name]) => {
    const ops = Timeline.doneBy(entries, { author, sinceMs });
    return { author, name, ops };
  });
  const shown = made.filter(({ ops }) => ops.length > 0).sort((a, b) => b.ops.length - a.ops.length);
  if (shown.length === 0) return [element("li", { class: "muted" }, t("history.nobody"))];
  return shown.map(({ author, name, ops }) => {
    const dot = element(
      "span",
      { class: "person-dot", "aria-hidden": "true" },
      [...name][0]?.toLocaleUpperCase(),
    );
    dot.style.setProperty("--person", personColour(author));
    const back = button(
      t("history.takeBack"),
      () => {
        done();
        takeBack(app, name, ops);
      },
      "small danger",
    );
    back.setAttribute("aria-label", t("history.takeBackOf", { name }));
    const words = element(
      "span",
      { class: "grow" },
      element("span", { dir: "auto" }, name),
      element("span", { class: "muted" }, ` · ${t("history.changes", { n: ops.length })}`),
    );
    return element("li", { class: "row" }, dot, words, back);
  });
}

/** @param {App} app @param {string} name @param {string[]} ops newest first */
function takeBack(app, name, ops) {
  for (const op of ops) app.session.submit("u", { op });
  app.noteUndo(ops.map((op) => `!${op}`));
  const action = { label: "toast.undo", run: () => app.board.undo() };
  app.say((t) => t("history.done", { name, n: ops.length }), { action, forMs: 15_000 });
}
