/** The form in the list in which a notebook gets its title, description and paper. Keeping them is the page's. */

import { failureText } from "../core/i18n.js";
import { button, element } from "./dom.js";
import { choiceRow, field } from "./overlays.js";

/**
 * @typedef {object} FormWorld
 * @property {import("../core/i18n.js").Translate} t
 * @property {{title: string, description: string}} words what stands in it at first
 * @property {(words: import("./sidebar.js").NotebookWords, id: number|null) => Promise<void>} onKeep throws Failure
 * @property {(paper: string) => void} onPaper
 * @property {() => void} onCancel
 * @property {string} [note] what happens next
 */

/**
 * @param {{id: number|null, paper: string}} form null for a new notebook
 * @param {FormWorld} world
 */
export function notebookForm(form, { t, words, onKeep, onPaper, onCancel, note }) {
  const title = element("input", {
    id: "notebook-title",
    class: "input",
    maxlength: 200,
    required: true,
    autocomplete: "off",
    placeholder: t("form.titleExample"),
    value: words.title,
  });
  const description = element("textarea", {
    id: "notebook-description",
    class: "input",
    maxlength: 2000,
    rows: 2,
    placeholder: t("form.descriptionExample"),
  });
  description.value = words.description;
  const problem = element("p", { class: "form-error", role: "alert", hidden: true });
  const send = element("button", { type: "submit", class: "button primary" });
  send.textContent = t(form.id === null ? "form.create" : "form.done");
  const keep = async (/** @type {Event} */ event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const typed = { title: title.value.trim(), description: description.value, paper: form.paper };
      await onKeep(typed, form.id);
    } catch (failure) {
      problem.textContent = failureText(t, /** @type {any} */ (failure));
      problem.hidden = false;
      send.disabled = false;
      title.focus();
    }
  };
  const papers = ["plain", "ruled", "squared", "dotted"].map((value) => ({
    value,
    label: t(`paper.${value}`),
    mark: element("span", { class: `paper-sample ${value}`, "aria-hidden": "true" }),
  }));
  const tryOn = (/** @type {string} */ paper) => {
    form.paper = paper;
    onPaper(paper);
  };
  return element(
    "form",
    {
      class: "notebook-form",
      onsubmit: keep,
      "aria-label": t(form.id === null ? "list.new" : "list.rename"),
    },
    field(t("form.title"), title),
    field(t("form.description"), description),
    form.id === null && choiceRow(t("form.paper"), "paper", papers, form.paper, tryOn),
    note && element("p", { class: "muted" }, note),
    problem,
    element("div", { class: "row stretch" }, send, button(t("form.cancel"), onCancel, "quiet")),
  );
}
