/**
 * A copy of somebody else's notebook in one's own list: who came by a link keeps what is on the sheet now, also when
 * the link is revoked. Owns making the notebook and filling it by ordinary `a` changes; its past stays where it was.
 */

import { withoutId } from "../core/fragment.js";
import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { whileWorking } from "./overlays.js";
import { submitStrokes } from "./svg_import.js";

/** @param {import("../app/main.js").App} app */
export async function keepCopy(app) {
  const { notebook, head, t } = app;
  const strokes = notebook.visible().map((stroke) => withoutId(stroke.text));
  const { paper, margin } = notebook.paper;
  const title = head.title || t("form.firstTitle");
  try {
    const { data } = await call("POST", "/SAVENEWNB", { title, description: head.description });
    await app.enter({ kind: "own", id: data.id });
    app.sidebar.fold(app.sidebar.floating.matches, false); // where there is room, one sees where it went
    app.board.setPaper(paper, margin);
    await whileWorking(t("toast.working"), submitStrokes(app, strokes));
    app.say((words) => words("toast.made", { title }));
    await app.refreshList();
  } catch (failure) {
    app.say((words) => failureText(words, /** @type {any} */ (failure)), { bad: true });
  }
}
