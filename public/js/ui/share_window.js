/**
 * The share window (S1 to S5): the link and its QR code, copy and the device's share sheet, digits to say
 * aloud, links with other roles, and "enter a code". Opening it makes nothing; its button does.
 * A link never carries a loopback name (S4).
 */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { button, element, icon } from "./dom.js";
import { choiceRow, field, toast } from "./overlays.js";
import { qrCode } from "./qr_code.js";

/** @typedef {import("../app/main.js").App} App */
/** @typedef {{code: string, role: "edit"|"add"|"view", created: number, expires: number|null}} Share */

const DAY_MS = 86_400_000;

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
    await showLink(app, body, target.code);
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
  await showLink(app, body, code);
  const say = button(t("share.classCode"), async () => {
    const { showClassCode } = await import("./class_code.js");
    showClassCode(app, code, await linkFor(app, code));
  });
  const more = element("details", { class: "more" }, element("summary", {}, t("share.more")));
  more.addEventListener("toggle", async () => {
    if (more.open && more.children.length === 1) more.append(await otherLinks(app, id));
    app.popovers.refit();
  });
  body.append(say, more);
}

/** @param {App} app @param {HTMLElement} body @param {string} code */
async function showLink(app, body, code) {
  const { t } = app;
  const link = await linkFor(app, code);
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
  body.append(element("p", {}, t("share.anyone.edit")), element("div", { class: "link-box" }, input, copy));
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

/**
 * The link others can open: under the page's own origin unless that is a loopback name, then under the first
 * address the server says others can type (S4).
 *
 * @param {App} app
 * @param {string} code
 * @returns {Promise<string|null>} null where no such address is known
 */
export async function linkFor(app, code) {
  const path = `/?nb=${encodeURIComponent(code)}`;
  if (!isLoopback(location.hostname)) return location.origin + path;
  if (!app.user) return null;
  try {
    const { data } = await call("GET", "/api/addresses");
    const first = /** @type {string[]} */ (data)
      .map(originOf)
      .find((origin) => !isLoopback(new URL(origin).hostname));
    return first ? first + path : null;
  } catch {
    return null;
  }
}

/** @param {string} address as the server lists it @returns {string} */
function originOf(address) {
  const url = new URL(address.includes("://") ? address : `https://${address}`);
  if (!address.includes("://") && url.port === "") url.port = location.port;
  return url.origin;
}

/** @param {string} name */
export function isLoopback(name) {
  return name === "localhost" || name.endsWith(".localhost") || name.startsWith("127.") || name === "[::1]";
}

/** @param {App} app @param {number} id */
async function otherLinks(app, id) {
  const { t } = app;
  const box = element("div", { class: "stack" });
  const list = element("ul", { class: "plain-list" });
  const attempt = attempts(app, box);
  let role = "view";
  let days = 0;
  const roles = ["edit", "add", "view"].map((value) => ({ value, label: t(`share.role.${value}`) }));
  const spans = [
    { value: "0", label: t("share.expires.never") },
    { value: "1", label: t("share.expires.day") },
    { value: "7", label: t("share.expires.week") },
  ];
  const refresh = async () => {
    const found = await attempt(() => call("GET", `/api/notebook/shares?id=${id}`));
    if (found)
      list.replaceChildren(...found.data.map((/** @type {Share} */ one) => shareRow(app, one, refresh)));
    app.popovers.refit();
  };
  const make = async () => {
    const expires = days ? { expires: Date.now() + days * DAY_MS } : {};
    if (await attempt(() => call("POST", "/api/notebook/share", { id, role, ...expires }))) await refresh();
  };
  box.append(
    field(
      t("share.role"),
      choiceRow(t("share.role"), "share-role", roles, role, (value) => (role = value)),
    ),
    field(
      t("share.expires"),
      choiceRow(t("share.expires"), "share-days", spans, "0", (value) => (days = Number(value))),
    ),
    button(t("share.make"), make),
    element("h3", {}, t("share.links")),
    list,
  );
  await refresh();
  return box;
}

/** @param {App} app @param {Share} share @param {() => Promise<void>} refresh */
function shareRow(app, share, refresh) {
  const { t, language } = app;
  const until = share.expires
    ? t("share.until", {
        time: new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(share.expires),
      })
    : t("share.expires.never");
  const copy = button(
    t("share.copy"),
    async () => {
      const link = await linkFor(app, share.code);
      if (!link) return;
      await navigator.clipboard.writeText(link).catch(() => undefined);
      toast(t("share.copied"));
    },
    "small",
  );
  const revoke = button(
    t("share.revoke"),
    async () => {
      try {
        await call("POST", "/api/notebook/unshare", { code: share.code });
        toast(t("share.revoked"));
        await refresh();
      } catch (failure) {
        toast(failureText(t, /** @type {any} */ (failure)), { bad: true });
      }
    },
    "small danger",
  );
  const words = element(
    "span",
    { class: "grow" },
    t(`share.role.${share.role}`),
    element("span", { class: "muted" }, ` · ${until}`),
  );
  return element("li", { class: "row" }, words, copy, revoke);
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

/**
 * Runs a request and shows its failure in the given place.
 *
 * @param {App} app
 * @param {HTMLElement} place
 */
function attempts(app, place) {
  const problem = element("p", { class: "form-error", role: "alert" });
  return async (/** @type {() => Promise<any>} */ request) => {
    problem.remove();
    try {
      return await request();
    } catch (failure) {
      problem.textContent = failureText(app.t, /** @type {any} */ (failure));
      place.append(problem);
      return null;
    }
  };
}
