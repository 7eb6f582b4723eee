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
 * @param {boolean} looksOnly whether one came by a link that lets nobody write
 */
export function showStatus(t, state, hasInk, looksOnly) {
  document.documentElement.dataset.saved = state.saved;
  const button = byId("status");
  button.toggleAttribute("data-local", state.phase === "local");
  const bad = state.phase === "gone" || state.phase === "login" || state.refused > 0;
  button.toggleAttribute("data-bad", bad);
  button.toggleAttribute("data-says", bad || looksOnly);
  byId("status-text").textContent = statusText(t, state, hasInk, looksOnly);
}

/**
 * @param {Translate} t
 * @param {SessionState} state
 * @param {boolean} hasInk
 * @param {boolean} looksOnly
 * @returns {string}
 */
function statusText(t, { saved, trouble, waiting, refused, phase }, hasInk, looksOnly) {
  if (phase === "local") return t(hasInk ? "status.localInk" : "status.local");
  if (phase === "gone") return t("status.gone");
  if (phase === "login") return t("status.login");
  if (refused > 0) return t("status.refused", { n: refused });
  if (saved === "offline" && waiting === 0) return t("status.offline");
  if (saved === "offline" && trouble === "disk_full") return t("status.diskFull", { n: waiting });
  if (saved === "offline" && trouble === "storage_down") return t("status.storageDown", { n: waiting });
  if (saved === "offline") return t("status.offlineWaiting", { n: waiting });
  if (phase === "loading" || phase === "off") return t("status.loading");
  if (looksOnly) return t("status.lookOnly");
  return t(saved === "sending" ? "status.sending" : "status.stored");
}

/** How long a notice stands in the status line, ms. */
const NOTICE_MS = 6000;

/**
 * What must be said while toasts are out of reach: in the status line, for a while.
 *
 * @param {string} words
 * @param {() => void} then shows the status again
 */
export function showNotice(words, then) {
  const line = byId("status-text");
  line.textContent = words;
  line.setAttribute("role", "alert");
  window.setTimeout(() => {
    line.removeAttribute("role");
    then();
  }, NOTICE_MS);
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
  byId("title").textContent = title || appName;
  byId("title").classList.toggle("unseen", title === "");
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
      "M506 48c26-5 42 8 42 27 0 19-16 31-43 26",
      "M434 51c14-4 31-5 39 2 7 6 8 23 8 48M449 50c1 19 1 33-3 42-3 7-8 10-16 9",
      "M378 50c13-3 25-3 30 4 4 8 3 26 2 45M370 101c19-2 35-2 52-1",
      "M341 50c7-2 12-2 12 4 1 15 1 31 0 46",
      "M258 48c26-5 42 8 42 27 0 19-16 31-43 26",
      "M184 49c13 19 30 36 49 52M232 48c2 13-3 21-14 29M197 66c-11 8-16 19-14 35",
      "M146 50c7-2 11-2 11 5 1 25 0 47-2 73",
      "M112 98l1 1M98 97l1 1M84 99l1 1",
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
