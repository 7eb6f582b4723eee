/**
 * The timeline: the notebook at any moment of its history, played or scrubbed, who wrote what and when, and the
 * way back for one stroke or for all of a moment. The lives of the strokes are core/timeline.js, their pixels
 * timeline_canvas.js; what comes back goes the way of every change and can be undone.
 */

import { isolated } from "../core/i18n.js";
import { darkPaperColour } from "../core/pen_sizes.js";
import { Timeline } from "../core/timeline.js";
import { readLog } from "../net/log.js";
import { element, icon } from "./dom.js";
import { personColour } from "./person_colour.js";
import { TimelineCanvas } from "./timeline_canvas.js";

/** @typedef {import("../app/main.js").App} App */
/** @typedef {import("../core/timeline.js").Life} Life */

/** A whole notebook plays in about this long, and never slower than so many changes a second. */
const PLAY_S = 25;
const LEAST_PACE = 4;
/** What takes long to find out waits until the cursor rests, ms. */
const REST_MS = 120;

/** @param {App} app @param {import("../app/company.js").Company} company */
export async function showTimeline(app, company) {
  const { t } = app;
  const progress = element("p", { class: "timeline-loading", role: "status" }, t("timeline.loading"));
  const close = element(
    "button",
    { type: "button", class: "tool", "aria-label": t("timeline.close") },
    icon("close"),
  );
  const head = element("div", { class: "popover-head" }, element("h2", {}, t("timeline.title")), close);
  const dialog = element("dialog", { class: "timeline", "aria-label": t("timeline.title") }, head, progress);
  close.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  document.body.classList.add("in-timeline");
  dialog.showModal();
  const ending = new AbortController();
  dialog.addEventListener("close", () => {
    ending.abort();
    document.body.classList.remove("in-timeline");
    dialog.remove();
  });
  await app.session.flush(1500);
  try {
    const { base, entries } = await readLog(company.query);
    const timeline = new Timeline(entries, base);
    const added = new Set(entries.filter((one) => one.command === "a").map((one) => one.id));
    const before = app.notebook.visible().filter((one) => base > 0 && !added.has(one.key));
    await timeline.replay(
      before.map((one) => one.text),
      pause,
    );
    if (!ending.signal.aborted) new TimelineView(app, company, timeline, dialog, progress, ending.signal);
  } catch (failure) {
    const { failureText } = await import("../core/i18n.js");
    if (!("reason" in /** @type {any} */ (failure))) console.error(failure);
    progress.textContent = failureText(t, /** @type {any} */ (failure));
  }
}

class TimelineView {
  #at = 0;
  #position = 0;
  #playing = false;
  #lastMs = 0;
  #framed = false;
  #resting = 0;
  /** @type {Life|null} */ #chosen = null;
  mark = element("div", { class: "timeline-mark", hidden: true });
  stage = element("div", { class: "timeline-stage" });
  playButton = element("button", { type: "button", class: "tool accent" });
  slider = element("input", { type: "range", class: "slider", step: 1 });
  who = element("output", { class: "timeline-who" });
  one = element("button", { type: "button", class: "button primary" });
  all = element("button", { type: "button", class: "button" });
  width = 0;
  height = 0;

  /**
   * @param {App} app
   * @param {import("../app/company.js").Company} company
   * @param {Timeline} timeline
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} progress
   * @param {AbortSignal} signal
   */
  constructor(app, company, timeline, dialog, progress, signal) {
    this.app = app;
    this.company = company;
    this.timeline = timeline;
    this.dialog = dialog;
    this.signal = signal;
    const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    this.canvas = new TimelineCanvas(timeline, dark ? remembered(darkPaperColour) : (colour) => colour);
    this.format = new Intl.DateTimeFormat(app.language, { dateStyle: "medium", timeStyle: "short" });
    this.#build(progress);
    this.#lay();
    this.show(timeline.head);
    new ResizeObserver(() => this.#lay()).observe(this.stage);
  }

  /** @param {HTMLElement} progress */
  #build(progress) {
    const { t } = this.app;
    const { timeline, stage, playButton, slider, one, all } = this;
    stage.append(this.canvas.paper, this.canvas.ink, this.mark);
    stage.addEventListener("click", (event) => this.#choose(event));
    playButton.addEventListener("click", () => this.play(!this.#playing));
    slider.min = String(timeline.base);
    slider.max = String(timeline.head);
    slider.setAttribute("aria-label", t("timeline.moment"));
    slider.addEventListener("input", () => {
      this.play(false);
      this.show(Number(slider.value));
    });
    one.textContent = t("timeline.bringOne");
    one.addEventListener("click", () => this.#bringBack(this.#chosen ? [this.#chosen] : []));
    all.textContent = t("timeline.bringAll");
    all.addEventListener("click", () => this.#bringBack(timeline.at(this.#at)));
    const mayWrite = this.app.head.role !== "view";
    progress.replaceWith(
      stage,
      element("div", { class: "timeline-bar" }, playButton, slider),
      element(
        "div",
        { class: "timeline-foot" },
        this.who,
        mayWrite && element("div", { class: "row" }, one, all),
      ),
    );
    this.play(false);
    slider.focus();
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {number} seq shows the notebook as it was after this change */
  show(seq) {
    const { timeline } = this;
    this.#at = Math.max(timeline.base, Math.min(timeline.head, Math.round(seq)));
    this.slider.value = String(this.#at);
    this.#choose(null);
    this.#frame();
  }

  #frame() {
    if (this.#framed) return;
    this.#framed = true;
    window.requestAnimationFrame((nowMs) => {
      this.#framed = false;
      if (this.signal.aborted) return;
      if (this.#playing) this.#advance(nowMs);
      this.canvas.draw(this.#at);
      this.#tell();
      this.dialog.dataset.seq = String(this.#at);
      if (this.#playing) this.#frame();
    });
  }

  /** @param {boolean} on */
  play(on) {
    const { t } = this.app;
    this.#playing = on;
    this.#lastMs = 0;
    this.playButton.setAttribute("aria-label", t(on ? "timeline.pause" : "timeline.play"));
    this.playButton.replaceChildren(icon(on ? "pause" : "play"));
    if (!on) return;
    this.#choose(null);
    this.#position = this.#at >= this.timeline.head ? this.timeline.base : this.#at;
    this.#frame();
  }

  /** @param {number} nowMs */
  #advance(nowMs) {
    const { base, head } = this.timeline;
    const pace = Math.max(LEAST_PACE, (head - base) / PLAY_S);
    if (this.#lastMs) this.#position += (pace * (nowMs - this.#lastMs)) / 1000;
    this.#lastMs = nowMs;
    this.#at = Math.min(head, Math.floor(this.#position));
    this.slider.value = String(this.#at);
    if (this.#at >= head) this.play(false);
  }

  /** Who and when, at the cursor. */
  #tell() {
    const { t } = this.app;
    const entry = this.timeline.entry(this.#at);
    const n = this.#at - this.timeline.base;
    const all = this.timeline.head - this.timeline.base;
    let text = t("timeline.start");
    if (entry) {
      const name = isolated(this.company.nameOf(entry.author));
      text = t(`timeline.did.${entry.command}`, { name });
      text = t("timeline.at", { what: text, time: this.format.format(entry.at) });
    }
    const dot = element("span", { class: "timeline-dot", "aria-hidden": "true" });
    dot.style.setProperty("--person", personColour(entry?.author.id ?? ""));
    const count = element("span", { class: "muted" }, t("timeline.count", { n, all }));
    this.who.replaceChildren(dot, element("span", {}, text), count);
    this.slider.setAttribute("aria-valuetext", text);
    window.clearTimeout(this.#resting);
    this.#resting = window.setTimeout(() => {
      this.all.disabled = !this.timeline.at(this.#at).some((life) => this.timeline.isGone(life));
    }, REST_MS);
    this.one.disabled = !this.#chosen || !this.timeline.isGone(this.#chosen);
  }

  /** @param {MouseEvent|null} event null chooses nothing */
  #choose(event) {
    const box = this.stage.getBoundingClientRect();
    this.#chosen = event && this.canvas.pick(event.clientX - box.left, event.clientY - box.top, this.#at);
    this.mark.hidden = !this.#chosen;
    if (!event) return;
    this.play(false);
    this.#tell();
    if (!this.#chosen) return;
    const { left, top, width, height } = this.canvas.boxOf(this.#chosen);
    Object.assign(this.mark.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    const { t } = this.app;
    const writer = this.timeline.writers.get(this.#chosen.id);
    if (!writer) return;
    const name = isolated(this.company.nameOf(writer.author));
    const words = t("timeline.at", {
      what: t("timeline.did.a", { name }),
      time: this.format.format(writer.at),
    });
    this.mark.style.setProperty("--person", personColour(writer.author.id));
    this.who.children[1].textContent = words;
    /** @type {HTMLElement} */ (this.who.children[0]).style.setProperty(
      "--person",
      personColour(writer.author.id),
    );
  }

  /** @param {Life[]} lives */
  #bringBack(lives) {
    const { app } = this;
    const { role } = app.head;
    const me = {
      author: app.user ? `u${app.user.id}` : "",
      owner: role === "owner",
      mayClear: role === "owner" || role === "edit",
    };
    const gone = lives.filter((life) => this.timeline.isGone(life));
    const undo = this.timeline.wayBack(gone, me).map(({ command, data }) => {
      const op = app.session.submit(command, data);
      return command === "a" ? op : command === "u" ? `!${data.op}` : data.op;
    });
    if (undo.length === 0) return;
    app.noteUndo(undo);
    this.dialog.close();
    const action = { label: "toast.undo", run: () => app.board.undo() };
    app.say((t) => t("timeline.back", { n: gone.length }), { action });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const ten = { PageUp: 1, PageDown: -1 }[event.key];
    const step = Math.max(1, Math.round((this.timeline.head - this.timeline.base) / 20));
    if (event.key === " " && !(event.target instanceof HTMLButtonElement)) this.play(!this.#playing);
    else if (ten) this.show(this.#at + ten * step);
    else return;
    event.preventDefault();
  }

  #lay() {
    if (this.signal.aborted) return;
    const { clientWidth, clientHeight } = this.stage;
    if (clientWidth === this.width && clientHeight === this.height) return;
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.lay(clientWidth, clientHeight, window.devicePixelRatio);
    this.#choose(null);
    this.canvas.draw(this.#at);
    this.canvas.prepare(pause).then(() => {
      this.dialog.dataset.prepared = "yes";
    });
  }
}

/** @param {(hex: string) => string} made @returns {(hex: string) => string} the same, worked out once a colour */
function remembered(made) {
  /** @type {Map<string, string>} */
  const known = new Map();
  return (hex) => {
    const colour = known.get(hex) ?? made(hex);
    known.set(hex, colour);
    return colour;
  };
}

/** Lets the page work and paint. @returns {Promise<void>} */
function pause() {
  return new Promise((resolve) => window.setTimeout(resolve, 0));
}
