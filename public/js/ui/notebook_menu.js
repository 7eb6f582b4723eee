/** What can be done with a notebook in the list: rename, duplicate, to the trash (N4), with a way back. */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { element } from "./dom.js";
import { toast, whileWorking } from "./overlays.js";

/**
 * @param {import("../app/main.js").App} app
 * @param {HTMLElement} anchor
 * @param {import("./sidebar.js").Listed} notebook
 */
export function showNotebookMenu(app, anchor, notebook) {
  const { t } = app;
  const { id, title } = notebook;
  const panel = element("div", { class: "menu" });
  const item = (/** @type {string} */ key, /** @type {() => Promise<void>|void} */ run, kind = "") => {
    const press = async () => {
      app.popovers.close();
      try {
        await run();
      } catch (failure) {
        toast(failureText(t, /** @type {any} */ (failure)), { bad: true });
      }
    };
    return element("button", { type: "button", class: `menu-item ${kind}`.trim(), onclick: press }, t(key));
  };
  const current = app.target?.kind === "own" && app.target.id === id;
  const trash = async () => {
    if (current) {
      await app.session.flush();
      await app.go(null);
    }
    await call("POST", "/api/notebook/delete", { id });
    await app.refreshList();
    const back = async () => {
      await call("POST", "/api/notebook/restore", { id });
      await app.refreshList();
    };
    toast(t("toast.trashed", { title }), { action: { label: t("toast.restore"), run: back } });
  };
  const duplicate = async () => {
    const made = call("POST", "/api/notebook/duplicate", { id });
    const { data } = await whileWorking(t("toast.working"), made);
    await app.refreshList();
    await app.go({ kind: "own", id: data.id });
  };
  panel.append(
    item("list.rename", () => app.sidebar.openForm(id, app.notebook.paper.paper)),
    item("list.duplicate", duplicate),
    item("list.trash", trash, "danger"),
    element("hr"),
    item("list.openTrash", async () => (await import("./account_dialog.js")).showAccount(app, "trash")),
    ...(current ? [item("list.openMenu", () => app.openMenu())] : []),
  );
  app.popovers.show(anchor, t("list.more", { title }), panel);
}
