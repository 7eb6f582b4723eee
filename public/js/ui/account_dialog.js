/**
 * The account (A6): where one is logged in, another password, everything about me as a file, the trash,
 * and the end of the account. Opens from the foot of the sidebar.
 */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { KeptDocuments } from "../net/kept_documents.js";
import { button, element } from "./dom.js";
import { field, showDialog, toast } from "./overlays.js";

/** @typedef {import("../app/main.js").App} App */

/** @param {App} app @param {"trash"} [part] what to show first */
export async function showAccount(app, part) {
  const { t, user } = app;
  if (!user) return;
  const dialog = showDialog(
    t("account.title"),
    t("dialog.close"),
    element("p", { class: "muted" }, user.username),
  );
  const bin = await trash(app);
  dialog.append(
    await sessions(app),
    element("hr"),
    passwordForm(app),
    element("hr"),
    bin,
    element("hr"),
    element("a", { class: "button", href: "/api/account/export", download: "" }, t("account.export")),
    element("hr"),
    deletion(app),
  );
  if (part) bin.scrollIntoView({ block: "center" });
}

/** @param {App} app */
async function sessions(app) {
  const { t, language } = app;
  const list = element("ul", { class: "plain-list" });
  const refresh = async () => {
    const { data } = await call("GET", "/api/account/sessions");
    const rows = data.map((/** @type {any} */ one) => {
      const made = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(
        one.created,
      );
      const end = async () => {
        await attempt(app, () => call("POST", "/api/account/sessions/revoke", { id: one.id }));
        await refresh();
      };
      const words = element(
        "span",
        { class: "grow" },
        element("bdi", {}, one.label.replace(/^Browser/, t("account.browser"))),
        element("span", { class: "muted" }, ` · ${made}`),
      );
      const side = one.current
        ? element("span", { class: "tag" }, t("account.thisSession"))
        : button(t("account.endSession"), end, "small");
      return element("li", { class: "row" }, words, side);
    });
    list.replaceChildren(...rows);
  };
  await attempt(app, refresh);
  return element("section", {}, element("h3", {}, t("account.sessions")), list);
}

/** @param {App} app */
function passwordForm(app) {
  const { t } = app;
  const name = element("input", {
    type: "text",
    autocomplete: "username",
    value: app.user?.username ?? "",
    hidden: true,
    readonly: true,
  });
  const old = element("input", {
    class: "input",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const fresh = element("input", {
    class: "input",
    type: "password",
    autocomplete: "new-password",
    required: true,
    minlength: 8,
  });
  const problem = element("p", { class: "form-error", role: "alert", hidden: true });
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await call("POST", "/api/account/password", { old: old.value, new: fresh.value });
      old.value = "";
      fresh.value = "";
      problem.hidden = true;
      toast(t("account.passwordDone"));
    } catch (failure) {
      problem.textContent = failureText(t, /** @type {any} */ (failure));
      problem.hidden = false;
    }
  };
  return element(
    "form",
    { class: "stack", onsubmit: send },
    element("h3", {}, t("account.password")),
    name,
    field(t("account.oldPassword"), old),
    field(t("account.newPassword"), fresh),
    problem,
    element("button", { type: "submit", class: "button" }, t("account.change")),
  );
}

/** @param {App} app */
async function trash(app) {
  const { t } = app;
  const list = element("ul", { class: "plain-list" });
  const refresh = async () => {
    const { data } = await call("GET", "/NotebookList?trash=1");
    const rows = data.map((/** @type {{id: number, title: string}} */ one) => {
      const back = async () => {
        await attempt(app, () => call("POST", "/api/notebook/restore", { id: one.id }));
        await attempt(app, refresh);
        await app.refreshList();
      };
      return element(
        "li",
        { class: "row" },
        element("span", { class: "grow" }, one.title),
        button(t("account.restore"), back, "small"),
      );
    });
    list.replaceChildren(...rows);
    if (rows.length === 0) list.append(element("li", { class: "muted" }, t("account.trashEmpty")));
  };
  await attempt(app, refresh);
  const hint = element("p", { class: "muted" }, t("account.trashHint"));
  return element("section", {}, element("h3", {}, t("account.trash")), hint, list);
}

/** @param {App} app */
function deletion(app) {
  const { t } = app;
  const password = element("input", {
    class: "input",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const problem = element("p", { class: "form-error", role: "alert", hidden: true });
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await call("POST", "/api/account/delete", { password: password.value });
      await app.store.erase(await app.store.read(app.owner));
      await (await KeptDocuments.open(window.indexedDB)).erase(app.owner);
      app.memory.forgetUser();
      app.account.postMessage("deleted");
      location.assign("/");
    } catch (failure) {
      problem.textContent = failureText(t, /** @type {any} */ (failure));
      problem.hidden = false;
    }
  };
  return element(
    "details",
    { class: "more" },
    element("summary", {}, t("account.delete")),
    element(
      "form",
      { class: "stack", onsubmit: send },
      element("p", { class: "muted" }, t("account.deleteHint")),
      field(t("login.password"), password),
      problem,
      element("button", { type: "submit", class: "button danger" }, t("account.deleteFinally")),
    ),
  );
}

/** @template T @param {App} app @param {() => Promise<T>} request */
async function attempt(app, request) {
  try {
    return await request();
  } catch (failure) {
    toast(failureText(app.t, /** @type {any} */ (failure)), { bad: true });
    return null;
  }
}
