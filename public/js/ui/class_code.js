/** The eight digits to say aloud (S5), large, with the QR code of the link. The owner's alone. */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { element } from "./dom.js";
import { showDialog, toast } from "./overlays.js";
import { qrCode } from "./qr_code.js";

/** What is typed into the other devices. @param {string|null} link */
function addressOf(link) {
  return link ? new URL(link).origin : location.origin;
}

/**
 * @param {import("../app/main.js").App} app
 * @param {string} code the share they stand for
 * @param {string|null} link what the QR code says
 */
export async function showClassCode(app, code, link) {
  const { t, language } = app;
  try {
    const answer = await call("POST", "/api/notebook/classcode", { code, minutes: 15 });
    const { classcode, until } = answer.data;
    const time = new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(until);
    const dialog = showDialog(
      t("share.classCode"),
      t("dialog.close"),
      element("p", { class: "digits" }, `${classcode.slice(0, 4)} ${classcode.slice(4)}`),
      element("p", { class: "large-words" }, t("share.classCodeHint", { address: addressOf(link) })),
      link ? await qrCode(link, t("share.qr"), "large") : null,
      element("p", { class: "muted" }, t("share.classCodeUntil", { time })),
    );
    dialog.classList.add("large");
  } catch (failure) {
    toast(failureText(t, /** @type {any} */ (failure)), { bad: true });
  }
}
