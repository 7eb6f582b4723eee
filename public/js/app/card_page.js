/** What login, sign-up and connect share: their language and its switch, the eye that shows a password. */

import { failureText, LANGUAGES, translator } from "../core/i18n.js";
import { Memory } from "../net/browser_store.js";
import { byId, pageLanguage, translatePage } from "../ui/dom.js";

/** @typedef {{t: import("../core/i18n.js").Translate, language: import("../core/i18n.js").Language, memory: Memory}} CardPage */

/** @param {string} titleKey @returns {Promise<CardPage>} */
export async function openCardPage(titleKey) {
  const memory = new Memory(localStorage, sessionStorage);
  const language = pageLanguage(memory);
  const parts = await Promise.all(
    language === LANGUAGES[1]
      ? [import("../i18n/he.js"), import("../i18n/he_more.js")]
      : [import("../i18n/en.js"), import("../i18n/en_more.js")],
  );
  const t = translator({ ...parts[0].catalogue, ...parts[1].catalogue }, language);
  translatePage(document, t);
  document.title = `${t(titleKey)} · ${t("app.name")}`;
  for (const button of document.querySelectorAll("[data-language]")) {
    const wanted = button.getAttribute("data-language") ?? language;
    button.setAttribute("aria-pressed", String(wanted === language));
    button.addEventListener("click", () => {
      memory.setLanguage(wanted);
      location.reload();
    });
  }
  for (const eye of document.querySelectorAll(".eye")) eye.addEventListener("click", () => toggleEye(eye));
  return { t, language, memory };
}

/** @param {Element} eye */
function toggleEye(eye) {
  const input = /** @type {HTMLInputElement} */ (eye.parentElement?.querySelector("input"));
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  eye.setAttribute("aria-pressed", String(show));
  input.focus();
}

/**
 * Sends a form by `send`, shows its failure in words, and blocks a second press meanwhile.
 *
 * @param {string} formId
 * @param {string} problemId
 * @param {CardPage["t"]} t
 * @param {() => Promise<void>} send throws Failure
 */
export function onSubmit(formId, problemId, t, send) {
  const form = byId(formId);
  const problem = byId(problemId);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
    button.disabled = true;
    problem.hidden = true;
    try {
      await send();
    } catch (failure) {
      problem.textContent = failureText(t, /** @type {any} */ (failure));
      problem.hidden = false;
      button.disabled = false;
      form.querySelector("input")?.focus();
    }
  });
}

/** @param {string} id @returns {string} what is typed there */
export function typed(id) {
  return /** @type {HTMLInputElement} */ (byId(id)).value;
}
