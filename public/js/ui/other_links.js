/**
 * The links of a notebook beside the first (S2): made with a role and an end, listed with who is inside, renewed
 * and revoked. A new link in the place of an old one is: revoke, then create.
 */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { button, element } from "./dom.js";
import { choiceRow, field, toast } from "./overlays.js";
import { attempts, linkFor } from "./share_link.js";

/** @typedef {import("../app/main.js").App} App */
/** @typedef {import("./share_link.js").Share} Share */

const DAY_MS = 86_400_000;

/**
 * @param {App} app
 * @param {number} id
 * @param {(shares: Share[]) => Promise<void>} shown told of the links in force whenever they are listed
 */
export async function otherLinks(app, id, shown) {
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
    if (found) {
      list.replaceChildren(...found.data.map((/** @type {Share} */ one) => shareRow(app, id, one, refresh)));
      await shown(found.data);
    }
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

/** @param {App} app @param {number} id @param {Share} share @param {() => Promise<void>} refresh */
function shareRow(app, id, share, refresh) {
  const { t, language } = app;
  const until = share.expires
    ? t("share.until", {
        time: new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(share.expires),
      })
    : t("share.expires.never");
  const copy = async () => {
    const link = await linkFor(share.code);
    if (!link) return;
    await navigator.clipboard.writeText(link).catch(() => undefined);
    toast(t("share.copied"));
  };
  const end = async (/** @type {boolean} */ again) => {
    try {
      await call("POST", "/api/notebook/unshare", { code: share.code });
      const { role, expires } = share;
      if (again) await call("POST", "/api/notebook/share", { id, role, ...(expires ? { expires } : {}) });
      toast(t(again ? "share.renewed" : "share.revoked"));
    } catch (failure) {
      toast(failureText(t, /** @type {any} */ (failure)), { bad: true });
    }
    await refresh();
  };
  const inside = share.inside.length ? ` · ${t("share.inside", { names: share.inside.join(", ") })}` : "";
  const words = element(
    "span",
    { class: "whole-line" },
    t(`share.role.${share.role}`),
    element("span", { class: "muted" }, ` · ${until}`, element("bdi", {}, inside)),
  );
  return element(
    "li",
    { class: "row" },
    words,
    button(t("share.copy"), copy, "small"),
    button(t("share.renew"), () => end(true), "small"),
    button(t("share.revoke"), () => end(false), "small danger"),
  );
}
