/** The doorway page: address, QR code, fingerprint, and the two roads past a home-made certificate. */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { byId } from "../ui/dom.js";
import { qrCode } from "../ui/qr_code.js";
import { openCardPage } from "./card_page.js";

async function main() {
  const { t } = await openCardPage("connect.title");
  try {
    const { data } = await call("GET", "/api/connect");
    byId("address").textContent = data.address;
    byId("code").append(await qrCode(data.address, t("connect.qr")));
    if (!data.fingerprint || !data.homeMade) return;
    byId("certificate").hidden = false;
    byId("fingerprint").textContent = data.fingerprint;
    if (!data.authority) return;
    byId("trust").hidden = false;
    byId("authority").setAttribute("href", data.authority);
  } catch (failure) {
    byId("problem").textContent = failureText(t, /** @type {any} */ (failure));
    byId("problem").hidden = false;
  }
}

main();
