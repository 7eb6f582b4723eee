/** Who is here, beside the status: round marks, one for each person, which open the list of people (P6). */

import { byId, element } from "./dom.js";
import { peerColour } from "./live_layer.js";

/** @typedef {import("../app/main.js").App} App */

/** Marks shown before the rest becomes a number. */
const MOST_MARKS = 4;

/**
 * The round mark of a person: first letter, own colour.
 *
 * @param {string} name
 * @param {string} client
 * @param {string} otherwise name of who has none
 */
export function personDot(name, client, otherwise) {
  const letter = [...(name || otherwise)][0]?.toLocaleUpperCase() ?? "?";
  const node = element("span", { class: "person-dot", "aria-hidden": "true" }, letter);
  node.style.setProperty("--person", peerColour(client));
  return node;
}

/** @param {App} app @param {import("../app/company.js").Company} company */
export function showPeople(app, company) {
  const { t } = app;
  const n = Math.max(company.others.length, company.hereCount - 1);
  const label = t("people.button", { n });
  const button = element("button", {
    type: "button",
    class: "people-button",
    "aria-label": label,
    title: label,
  });
  button.addEventListener("click", () => app.openMenu());
  for (const one of company.others.slice(0, MOST_MARKS))
    button.append(personDot(one.name, one.client, t("people.guest")));
  if (n > MOST_MARKS) button.append(element("span", { class: "count" }, `+${n - MOST_MARKS}`));
  byId("people").replaceChildren(button);
}
