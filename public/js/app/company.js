/**
 * The others in an open notebook (P6): who is here, live ink both ways, what changed since the last visit, and a
 * quiet voice for screen readers that tells who did what. Loaded with the first notebook; drawing is the board's.
 */

import { exchange } from "../net/api.js";
import { LiveSender } from "../net/live.js";
import { byId } from "../ui/dom.js";
import { Announcer } from "./announcer.js";

/** @typedef {import("./main.js").App} App */

/** A visit is told to the server once the page has been quiet for this long. */
const VISIT_AFTER_MS = 4000;
/** Who has just come in is taken to the others for this long, unless they began to write. */
const ARRIVING_MS = 3000;

/** The server's word for who gave no name (S3): the page has it in its reader's language. */
const NO_NAME = "Guest";

/** @typedef {{id?: string, guest?: boolean, name?: string}} Named an author, or who is here */

/** @param {Named|undefined} one @returns {string} empty for a guest without a name */
function chosenName(one) {
  const guest = one?.guest || one?.id?.startsWith("g");
  return guest && one?.name === NO_NAME ? "" : (one?.name ?? "");
}

export class Company {
  /** Who is here, as the last poll said. @type {any[]} */ here = [];
  hereCount = 0;
  /** @type {Map<string, number[]>} where others pointed last */ cursors = new Map();
  #visitTimer = 0;
  #toldSeq = -1;
  /** Whether this is a visit, and no mere glance. */ #stayed = false;
  #arrived = -Infinity;
  #first = true;
  #ending = new AbortController();

  /** @param {App} app @param {import("../net/api.js").Target} target */
  constructor(app, target) {
    this.app = app;
    this.target = target;
    this.live = new LiveSender(target, app.client, () => this.others.length === 0);
    this.announcer = new Announcer(byId("announcer"), (texts) => this.#spoken(texts));
    const { signal } = this.#ending;
    const drew = () => {
      this.#arrived = -Infinity;
      this.#stayed = true;
    };
    app.board.addEventListener("drawstart", drew, { signal });
    document.addEventListener("visibilitychange", () => document.hidden && this.#leave(), { signal });
    this.#watchHolds();
  }

  close() {
    this.live.close();
    this.#ending.abort();
    this.announcer.close();
    this.#leave();
    byId("people").replaceChildren();
  }

  /** Everybody here but this browser. */
  get others() {
    return this.here.filter((one) => one.client !== this.app.client);
  }

  /** How somebody is called: the author of a log entry, or who is here. @param {Named|undefined} one */
  nameOf(one) {
    return chosenName(one) || this.app.t("people.guest");
  }

  /** What of the log's query names this notebook. @returns {string} */
  get query() {
    return this.target.kind === "own"
      ? `id=${this.target.id}`
      : `code=${encodeURIComponent(this.target.code)}`;
  }

  /** @param {import("../ui/surface.js").LiveInfo} info as the board says it */
  send(info) {
    this.live.send(/** @type {any} */ (info));
  }

  /** The document is on the board. */
  async loaded() {
    const first = this.#first;
    this.#first = false;
    this.#knowOwnStrokes();
    this.#noteVisit();
    if (!first) return;
    this.#goToInk();
    if (this.app.user) {
      const { glowSinceLastVisit } = await this.app.later(() => import("./since_last_visit.js"));
      await glowSinceLastVisit(this.app, this);
    }
  }

  /** Who may erase only their own must be able to after a reload, too. */
  async #knowOwnStrokes() {
    const { head, notebook } = this.app;
    if (head.role !== "add") return;
    const { markOwnStrokes } = await import("./own_strokes.js");
    await markOwnStrokes(notebook, this.query);
  }

  /** @param {any} answer of a poll, once it is on the board */
  applied(answer) {
    this.#noteVisit();
    for (const change of answer.data) {
      if (this.isMe(change)) continue;
      this.announcer.hear({ ...change, author: { ...change.author, name: this.nameOf(change.author) } });
      if (change.command === "c") this.#tellCleared(change);
    }
  }

  /** @param {any} body of a poll that carries `live` or `here` */
  heard(body) {
    const { board } = this.app;
    if (body.here) {
      this.here = body.here.map((/** @type {Named} */ one) => ({ ...one, name: chosenName(one) }));
      this.hereCount = body.here_count ?? body.here.length;
      board.setPeers(this.others);
      this.#showPeople();
    }
    for (const { client, cursor } of body.live ?? []) {
      if (!cursor) continue;
      this.cursors.set(client, cursor);
      this.#arriveAt(cursor);
    }
    const named = (/** @type {any} */ one) => ({ ...one, name: this.nameOf(one) });
    if (body.live?.length) board.showLive(body.live.map(named));
  }

  /** @param {string} client */
  jumpToPeer(client) {
    const place = this.cursors.get(client);
    if (place) this.app.board.jumpTo(place[0], place[1]);
    else this.app.board.zoomToFit();
  }

  /** Own changes come back with the log: by their op, or by the account. @param {any} change */
  isMe(change) {
    const { user, session } = this.app;
    if (user) return change.author?.id === `u${user.id}`;
    return session.isOwn(change.op);
  }

  /** A sheet is larger than a phone: where no ink can be seen, one starts at the last that was written. */
  #goToInk() {
    if (this.target.kind === "share") this.#arrived = performance.now();
    const { board, notebook } = this.app;
    let last = null;
    for (const stroke of notebook.strokes.values()) {
      if (!stroke.shown) continue;
      if (board.viewport.shows(stroke.bounds)) return;
      if (!last || stroke.order > last.order) last = stroke;
    }
    if (last) board.jumpTo((last.bounds.x0 + last.bounds.x1) / 2, (last.bounds.y0 + last.bounds.y1) / 2);
  }

  /** @param {number[]} cursor of somebody who is writing while one has just come in */
  #arriveAt([x, y]) {
    if (performance.now() - this.#arrived > ARRIVING_MS) return;
    this.#arrived = -Infinity;
    const { board } = this.app;
    if (!board.viewport.shows({ x0: x, y0: y, x1: x, y1: y })) board.jumpTo(x, y);
  }

  async #showPeople() {
    if (this.others.length === 0) byId("people").replaceChildren();
    else (await this.app.later(() => import("../ui/presence.js"))).showPeople(this.app, this);
  }

  /** Tells the server how far the user has seen the notebook, a little after the last change. */
  #noteVisit() {
    window.clearTimeout(this.#visitTimer);
    this.#visitTimer = window.setTimeout(() => this.#tellVisit(), VISIT_AFTER_MS);
  }

  /** What one has drawn or seen is no news when one comes back. */
  #leave() {
    window.clearTimeout(this.#visitTimer);
    if (this.#stayed) this.#tellVisit();
  }

  async #tellVisit() {
    this.#stayed = true;
    const { seq } = this.app.notebook;
    if (!this.app.user || this.#first || seq <= this.#toldSeq) return;
    this.#toldSeq = seq;
    const named = this.target.kind === "own" ? { id: this.target.id } : { code: this.target.code };
    const told = exchange("POST", "/api/notebook/visit", { ...named, seq }, { keepalive: true });
    if ((await told).status === 0) this.#toldSeq = -1;
  }

  /** @param {{op: string, author?: {id: string, name: string}}} change */
  #tellCleared(change) {
    const { app } = this;
    const restore = () => {
      app.session.submit("u", { op: change.op });
      app.noteUndo([`!${change.op}`]);
    };
    const mayRestore = app.head.role === "owner" || app.head.role === "edit";
    const action = mayRestore ? { action: { label: "toast.restore", run: restore } } : {};
    app.say((t) => t("toast.clearedBy", { name: this.nameOf(change.author) }), { ...action, forMs: 15_000 });
  }

  /** @param {import("./announcer.js").Told[]} told */
  async #spoken(told) {
    await this.app.later(() => Promise.resolve());
    return told.map(({ name, kind, n }) => this.app.t(`told.${kind}`, { name, n }));
  }

  /** Holding a stroke tells who wrote it. */
  #watchHolds() {
    const board = byId("board");
    const signal = this.#ending.signal;
    /** @type {{x: number, y: number, timer: number}|null} */
    let held = null;
    const stop = () => {
      if (held) window.clearTimeout(held.timer);
      held = null;
    };
    const down = (/** @type {PointerEvent} */ event) => {
      stop();
      if (!event.isPrimary || event.button > 0 || event.pointerType === "pen") return;
      const { clientX: x, clientY: y } = event;
      held = { x, y, timer: window.setTimeout(() => this.#tellWriter(x, y), HOLD_MS) };
    };
    const move = (/** @type {PointerEvent} */ event) => {
      if (held && Math.hypot(event.clientX - held.x, event.clientY - held.y) > HOLD_STILL_PX) stop();
    };
    board.addEventListener("pointerdown", down, { signal, capture: true });
    board.addEventListener("pointermove", move, { signal, capture: true });
    for (const name of ["pointerup", "pointercancel"])
      board.addEventListener(name, stop, { signal, capture: true });
  }

  /** @param {number} x page pixels @param {number} y */
  async #tellWriter(x, y) {
    const { app } = this;
    const { strokeUnder, showWriter } = await app.later(() => import("../ui/writer.js"));
    const stroke = strokeUnder(app, x, y);
    if (!stroke) return;
    app.board.discardGesture();
    showWriter(app, this, stroke, { x, y });
  }
}

/** A press this long, without moving more than this, asks who wrote the stroke. */
const HOLD_MS = 600;
const HOLD_STILL_PX = 6;
