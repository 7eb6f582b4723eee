/**
 * What the page says about itself: the status line (stored, sending, offline with a count), the title, the
 * pale hint on an empty board, and the marks that outside checks read (`data-saved`, `data-ready-seq`).
 */

import { byId, element, svgElement } from "./dom.js";

/** @typedef {import("../core/i18n.js").Translate} Translate */
/** @typedef {import("../app/notebook_session.js").SessionState} SessionState */

/**
 * @param {Translate} t
 * @param {SessionState} state
 * @param {boolean} hasInk only matters on an unsaved board
 */
export function showStatus(t, state, hasInk) {
  document.documentElement.dataset.saved = state.saved;
  const button = byId("status");
  button.toggleAttribute("data-local", state.phase === "local");
  byId("status-text").textContent = statusText(t, state, hasInk);
}

/** @param {Translate} t @param {SessionState} state @param {boolean} hasInk @returns {string} */
export function statusText(t, { saved, waiting, refused, phase }, hasInk) {
  if (phase === "local") return t(hasInk ? "status.localInk" : "status.local");
  if (phase === "gone") return t("status.gone");
  if (phase === "login") return t("status.login");
  if (refused > 0) return t("status.refused", { n: refused });
  if (saved === "offline") return waiting > 0 ? t("status.offlineWaiting", { n: waiting }) : t("status.offline");
  if (phase === "loading" || phase === "off") return t("status.loading");
  return t(saved === "sending" ? "status.sending" : "status.stored");
}

/**
 * The mark for outside checks: everything visible up to this number has been painted.
 *
 * @param {number} seq
 */
export function markReady(seq) {
  const known = Number(document.documentElement.dataset.readySeq ?? -1);
  if (seq > known) document.documentElement.dataset.readySeq = String(seq);
}

export function unmarkReady() {
  delete document.documentElement.dataset.readySeq;
}

/** @param {string} title @param {string} appName */
export function showTitle(title, appName) {
  byId("title").textContent = title;
  document.title = title ? `${title} · ${appName}` : appName;
}

/** Drawn by hand, one line a letter: "write here" and what it is in Hebrew. */
const HANDWRITING = {
  en: {
    box: "0 0 560 130",
    lines: [
      "M8 48c4 22 8 44 14 52 8-8 14-26 18-40 4 16 8 34 16 42 10-10 18-36 22-58",
      "M92 62c2 12 3 26 3 40 0-18 6-36 20-40",
      "M132 64c-2 12-4 36 6 38 6 0 10-4 14-10",
      "M136 44l1 1",
      "M170 30c-3 26-6 62 2 70 6 4 14 0 18-8",
      "M158 60c10 0 20-2 30-5",
      "M204 84c14 2 26-4 26-14 0-7-6-10-12-9-10 2-16 14-14 25 2 10 10 16 20 15 9-1 16-6 20-13",
      "M312 22c-4 28-8 56-8 80 4-16 12-36 24-38 12 0 8 20 8 38",
      "M356 84c14 2 26-4 26-14 0-7-6-10-12-9-10 2-16 14-14 25 2 10 10 16 20 15 9-1 16-6 20-13",
      "M414 62c2 12 3 26 3 40 0-18 6-36 20-40",
      "M452 84c14 2 26-4 26-14 0-7-6-10-12-9-10 2-16 14-14 25 2 10 10 16 20 15 9-1 16-6 20-13",
      "M516 98l1 1M528 97l1 1M541 99l1 1",
    ],
  },
  he: {
    box: "0 0 560 130",
    lines: [
      "M520 46c14-6 34 0 34 26 0 22-18 32-36 24",
      "M498 48c-10-8-28-6-30 8-2 14 8 26 4 40-2 8-10 10-18 8M472 54c-14-6-22 2-22 10",
      "M424 46c12-4 22 6 20 22-2 20-16 30-34 28",
      "M404 46c10-6 24-2 26 14M384 46c-2 18-2 38 0 54",
      "M296 46c14-6 34 0 34 26 0 22-18 32-36 24",
      "M266 44c-16 10-24 28-14 44M252 66c10-14 26-14 28 4 2 16-4 28-8 30",
      "M222 46c-2 18-2 36 0 54",
      "M196 46c-2 26-4 52-2 76",
    ],
  },
};

/**
 * @param {Translate} t
 * @param {"en"|"he"} language
 * @param {boolean} unsaved whether it is the unsaved board
 */
export function makeHint(t, language, unsaved) {
  const { box, lines } = HANDWRITING[language];
  const picture = svgElement("svg", { viewBox: box, "aria-hidden": "true" });
  for (const d of lines) picture.append(svgElement("path", { d }));
  byId("hint").replaceChildren(picture, element("p", {}, t(unsaved ? "hint.how" : "hint.notebook")));
}

/** @param {boolean} shown */
export function showHint(shown) {
  byId("hint").hidden = !shown;
}
