/** Giving a board a name: the notebook is made on the server, and what was drawn before moves into it. */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";

/** @typedef {import("./main.js").App} App */

/**
 * @param {App} app
 * @param {{title: string, description: string}} words
 * @param {number|null} id null makes a notebook out of the unsaved board
 * @throws {import("../net/api.js").Failure}
 */
export async function keepNotebook(app, { title, description }, id) {
  if (!app.user) {
    app.memory.keepName({ title, description });
    location.assign("/signUp.html");
    return;
  }
  if (id !== null) await call("POST", "/api/notebook/rename", { id, title, description });
  else {
    const made = (await call("POST", "/SAVENEWNB", { title, description })).data;
    const records = await app.session.records();
    await app.store.move(records, app.owner, `n${made.id}`);
    app.memory.keepUndo(`n${made.id}`, app.board.undoState);
    app.memory.keepUndo("local", undefined);
    app.sidebar.closeForm();
    await app.enter({ kind: "own", id: made.id });
    app.say((t) => t("toast.made", { title }));
  }
  app.sidebar.closeForm();
  await app.refreshList();
}

/**
 * What was drawn before there was an account becomes a notebook of it, under the name it was given.
 *
 * @param {App} app
 * @param {{title: string, description: string}|null} words
 */
export async function keepEarlierInk(app, words) {
  const earlier = await app.store.read("browser", "local");
  if (app.target || !(words || earlier.some((record) => record.entry.command === "a"))) return;
  try {
    await app.later(() => Promise.resolve());
    await keepNotebook(app, words ?? { title: app.t("form.firstTitle"), description: "" }, null);
  } catch (failure) {
    app.say((t) => failureText(t, /** @type {any} */ (failure)), { bad: true });
  }
}
