/** The doorway page: address, QR code, fingerprint, and the two roads past a home-made certificate. */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { byId, element } from "../ui/dom.js";
import { qrCode } from "../ui/qr_code.js";
import { openCardPage } from "./card_page.js";

async function main() {
  const { t } = await openCardPage("connect.title");
  try {
    const { data } = await call("GET", "/api/connect");
    await showAddress(t, data);
    if (!data.fingerprint || !data.homeMade) return;
    byId("certificate").hidden = false;
    showPairs(byId("fingerprint"), data.fingerprint);
    if (!data.authority) return;
    byId("trust").hidden = false;
    byId("authority").setAttribute("href", data.authority);
  } catch (failure) {
    byId("problem").textContent = failureText(t, /** @type {any} */ (failure));
    byId("problem").hidden = false;
  }
}

/**
 * The address for the other device. On the server's own machine the one in the address bar leads nowhere else: there
 * the server says which ones do.
 *
 * @param {import("../core/i18n.js").Translate} t
 * @param {{address: string, others: string[]}} data
 */
async function showAddress(t, { address, others }) {
  const best = others[0] ?? address;
  byId("address").textContent = best;
  byId("code").append(await qrCode(best, t("connect.qr")));
  if (others.length < 2) return;
  byId("others").hidden = false;
  byId("other-addresses").replaceChildren(...others.slice(1).map(listed));
}

/** @param {string} address */
function listed(address) {
  return element("li", {}, element("bdi", { dir: "ltr" }, address));
}

/** A fingerprint is compared pair by pair: lines break between pairs. @param {HTMLElement} place @param {string} text */
function showPairs(place, text) {
  const pairs = text.match(/[^:]+:?/g) ?? [];
  place.replaceChildren(...pairs.flatMap((pair) => [pair, element("wbr")]));
}

main();
