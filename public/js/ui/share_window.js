/**
 * The share window (S1 to S5): the link and its QR code, copy and the device's share sheet, digits to say
 * aloud, and "enter a code"; links with other roles are other_links. Opening it makes nothing; its button does.
 */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { button, element, icon } from "./dom.js";
import { qrCode } from "./qr_code.js";
import { attempts, isRole, linkFor } from "./share_link.js";

/** @typedef {import("../app/main.js").App} App */

/** @param {App} app @param {HTMLElement} anchor */
export async function showShareWindow(app, anchor) {
  const { t } = app;
  const panel = element("div", { class: "wide share-window" });
  const body = element("div", { class: "stack" });
  const close = element(
    "button",
    { type: "button", class: "tool", "aria-label": t("share.close") },
    icon("close"),
  );
  close.addEventListener("click", () => {
    app.popovers.close();
    anchor.focus();
  });
  const head = element("div", { class: "popover-head" }, element("h2", {}, t("share.title")), close);
  panel.append(head, body, element("hr"), enterCode(app));
  app.popovers.show(anchor, t("share.title"), panel);
  await fillShares(app, body);
  app.popovers.refit();
}

/** @param {App} app @param {HTMLElement} body */
async function fillShares(app, body) {
  const { t, target } = app;
  if (target?.kind === "share") {
    body.append(element("p", { class: "muted" }, t("share.byLink")));
    const { role } = app.head;
    await showLink(app, body, target.code, isRole(role) ? role : "edit");
  } else if (!app.user) {
    const links = element("div", { class: "row stretch" });
    links.append(element("a", { class: "button", href: "/login.html" }, t("account.logIn")));
    links.append(element("a", { class: "button primary", href: "/signUp.html" }, t("account.signUp")));
    body.append(element("p", { class: "muted" }, t("share.needsLogin")), links);
  } else if (!target) {
    const name = () => {
      app.popovers.close();
      app.save();
    };
    body.append(
      element("p", { class: "muted" }, t("share.needsName")),
      button(t("tool.save"), name, "primary"),
    );
  } else await showOwn(app, body, target.id);
}

/** @param {App} app @param {HTMLElement} body @param {number} id */
async function showOwn(app, body, id) {
  const { t } = app;
  const attempt = attempts(app, body);
  const found = await attempt(() => call("GET", `/api/notebook/code?nbID=${id}`));
  if (!found) return;
  if (found.data.code) {
    await showOwnLink(app, body, id, found.data.code);
    return;
  }
  const make = button(
    t("share.make"),
    async () => {
      const made = await attempt(() => call("POST", "/api/notebook/create", id));
      if (!made) return;
      body.replaceChildren();
      await showOwnLink(app, body, id, made.data.code);
      app.popovers.refit();
    },
    "primary",
  );
  body.append(element("p", { class: "muted" }, t("share.noLink")), make);
}

/** @param {App} app @param {HTMLElement} body @param {number} id @param {string} code */
async function showOwnLink(app, body, id, code) {
  const { t } = app;
  await showLink(app, body, code, "edit");
  const say = button(t("share.classCode"), async () => {
    const { showClassCode } = await import("./class_code.js");
    showClassCode(app, code, await linkFor(code));
  });
  const more = element("details", { class: "more" }, element("summary", {}, t("share.more")));
  const shown = async (/** @type {import("./share_link.js").Share[]} */ shares) => {
    if (shares.some((share) => share.code === code)) return;
    body.replaceChildren(); // the link above is dead: nobody is to copy it
    await showOwn(app, body, id);
    const again = body.querySelector("details");
    if (again) again.open = true;
  };
  more.addEventListener("toggle", async () => {
    if (more.open && more.children.length === 1) {
      const { otherLinks } = await import("./other_links.js");
      more.append(await otherLinks(app, id, shown));
    }
    app.popovers.refit();
  });
  body.append(say, more);
}

/** @param {App} app @param {HTMLElement} body @param {string} code @param {import("./share_link.js").Role} role what the link allows */
async function showLink(app, body, code, role) {
  const { t } = app;
  const link = await linkFor(code);
  if (!link) {
    body.append(element("p", { class: "form-error" }, t("share.noAddress")));
    return;
  }
  const input = element("input", {
    class: "input",
    readonly: true,
    value: link,
    "aria-label": t("share.link"),
  });
  input.addEventListener("focus", () => input.select());
  const copy = button(t("share.copy"), () => copyText(app, input, copy), "primary");
  body.append(
    element("p", {}, t(`share.anyone.${role}`)),
    element("div", { class: "link-box" }, input, copy),
  );
  if (navigator.share) {
    const title = app.head.title || t("app.name");
    body.append(button(t("share.send"), () => navigator.share({ title, url: link }).catch(() => undefined)));
  }
  body.append(await qrCode(link, t("share.qr")));
}

/** @param {App} app @param {HTMLInputElement} input @param {HTMLElement} copy */
async function copyText(app, input, copy) {
  input.select();
  try {
    await navigator.clipboard.writeText(input.value);
  } catch {
    document.execCommand("copy");
  }
  copy.textContent = app.t("share.copied");
  window.setTimeout(() => {
    copy.textContent = app.t("share.copy");
  }, 2500);
}

/** @param {App} app */
function enterCode(app) {
  const { t } = app;
  const input = element("input", {
    class: "input code-input grow",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: t("share.codeExample"),
    "aria-label": t("share.enterCode"),
  });
  const problem = element("p", { class: "form-error", role: "alert", hidden: true });
  const go = async () => {
    const typed = input.value.trim();
    const digits = typed.replace(/[\s-]/g, "");
    try {
      if (/^\d{8}$/.test(digits)) {
        const { data, code } = await call("POST", "/api/join", { classcode: digits });
        await enter(app, data?.code ?? code);
      } else if (codeIn(typed)) await enter(app, /** @type {string} */ (codeIn(typed)));
      else throw new Error("not a code");
    } catch (failure) {
      const { reason } = /** @type {any} */ (failure);
      problem.textContent = reason ? failureText(t, /** @type {any} */ (failure)) : t("share.badCode");
      problem.hidden = false;
      input.focus();
    }
  };
  input.addEventListener("input", () => {
    problem.hidden = true;
    if (/^\d{4}[\s-]?\d{4}$/.test(input.value.trim())) go();
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    go();
  };
  return element(
    "form",
    { class: "stack", onsubmit: submit },
    element("h3", {}, t("share.enterCode")),
    element(
      "div",
      { class: "link-box" },
      input,
      element("button", { type: "submit", class: "button" }, t("share.go")),
    ),
    problem,
  );
}

/** @param {App} app @param {string} code */
async function enter(app, code) {
  app.popovers.close();
  app.sidebar.fold(true, false);
  await app.go({ kind: "share", code });
}

/** A whole link or a bare share code. @param {string} typed @returns {string|null} */
export function codeIn(typed) {
  const code = /[?&]nb=([A-Za-z0-9_-]+)/.exec(typed)?.[1] ?? typed;
  return /^[A-Za-z0-9_-]{16,64}$/.test(code) ? code : null;
}
