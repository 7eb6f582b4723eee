/**
 * Share links: what one looks like for others, and how a request about one is made and its failure shown.
 *
 * Owns the address a link carries, which is never a loopback name (S4). Makes and revokes nothing.
 */

import { failureText } from "../core/i18n.js";
import { call } from "../net/api.js";
import { element } from "./dom.js";

/** @typedef {import("../app/main.js").App} App */
/** @typedef {"edit"|"add"|"view"} Role */
/** @typedef {{code: string, role: Role, created: number, expires: number|null, inside: string[]}} Share */

/** @param {string} word @returns {word is Role} */
export function isRole(word) {
  return word === "edit" || word === "add" || word === "view";
}

/**
 * The link others can open: under the page's own origin unless that is a loopback name, then under the first
 * address the server says others can type (S4). It says so to a guest, too: whoever may write here may pass it on.
 *
 * @param {string} code
 * @returns {Promise<string|null>} null where no such address is known
 */
export async function linkFor(code) {
  const path = `/?nb=${encodeURIComponent(code)}`;
  if (!isLoopback(location.hostname)) return location.origin + path;
  try {
    const { data } = await call("GET", "/api/connect");
    const first = /** @type {string[]} */ (data.others)
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

/**
 * Runs a request and shows its failure in the given place.
 *
 * @param {App} app
 * @param {HTMLElement} place
 */
export function attempts(app, place) {
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
