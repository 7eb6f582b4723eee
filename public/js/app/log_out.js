/**
 * Logging out: what waits is sent first; if something cannot be, its number is named and the user decides;
 * then the session ends on the server and this user's copies in the browser are erased.
 */

import { exchange } from "../net/api.js";
import { KeptDocuments } from "../net/kept_documents.js";
import { button, element } from "../ui/dom.js";
import { showDialog, toast } from "../ui/overlays.js";

/** @param {import("./main.js").App} app */
export async function logOut(app) {
  const { t, user } = app;
  if (!user) return;
  await app.session.flush();
  const left = (await app.store.read(`u${user.id}`)).filter(
    (record) => record.entry.state !== "acknowledged",
  );
  if (left.length > 0 && !(await confirmLoss(app, left.length))) return;
  const answer = await exchange("POST", "/LOGOUT", {});
  if (answer.status !== 200 && answer.status !== 401) {
    toast(t("failure.offline"), { bad: true });
    return;
  }
  app.session.close();
  await app.store.erase(await app.store.read(`u${user.id}`));
  await (await KeptDocuments.open(window.indexedDB)).erase(`u${user.id}`);
  app.memory.forgetUser();
  app.account.postMessage("logged out");
  location.assign("/");
}

/** @param {import("./main.js").App} app @param {number} n @returns {Promise<boolean>} */
function confirmLoss(app, n) {
  const { t } = app;
  return new Promise((resolve) => {
    const row = element("div", { class: "row stretch" });
    const dialog = showDialog(
      t("account.logOut"),
      t("dialog.close"),
      element("p", {}, t("account.unsent", { n })),
      row,
    );
    const answer = (/** @type {boolean} */ leave) => () => {
      resolve(leave);
      dialog.close();
    };
    row.append(
      button(t("account.stay"), answer(false), "primary"),
      button(t("account.logOutAnyway"), answer(true), "danger"),
    );
    dialog.addEventListener("close", () => resolve(false));
  });
}
