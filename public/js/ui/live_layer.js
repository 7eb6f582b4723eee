/**
 * What the other readers are doing right now: ink in progress and cursors (P6).
 *
 * Owns one canvas above the page on which peers' strokes grow at an even pace, each point at most 100 ms after it came,
 * until the committed stroke takes their place in the same frame. Nothing here is kept or sent. Which strokes belong together is told
 * by their first point: the committed stroke begins with it.
 */

import { WetStroke } from "../core/outline.js";
import { decodePoints, PointsError } from "../core/points.js";

/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("../core/stroke.js").Stroke} Stroke */

/**
 * @typedef {Object} LiveStroke a piece of a peer's stroke, as their board gave it to `onLive`
 * @property {number} key counts the peer's strokes
 * @property {number} [width]
 * @property {string} [tool]
 * @property {string} [fill] `#rrggbb`
 * @property {number} [from] index of the first of these points
 * @property {boolean} [end] the stroke was given up
 */

/** @typedef {{client: string, name?: string, cursor?: number[], stroke?: LiveStroke, points?: any}} LiveItem */
/** @typedef {{client: string, name: string}} Peer */

/** The points that came together are shown one after the other in this time, which is how far apart news come, ms. */
export const PLAY_OUT_MS = 100;
/** In steps of this: a canvas of many strokes is not painted for every point. */
export const STEP_MS = 20;
/** A stroke that stopped growing is dropped, ms; a cursor fades after the same time. */
const STALE_MS = 8000;

/** @typedef {{key: number, wet: WetStroke, waiting: {atMs: number, points: Int32Array}[], seenMs: number}} Growing */
/** @typedef {{node: HTMLElement, x: number, y: number, seenMs: number}} Cursor */

export class LiveLayer {
  /**
   * @param {Viewport} viewport
   * @param {import("../core/document.js").NotebookDocument} notebook
   * @param {(colour: string) => string} shown how the theme shows a stored colour
   */
  constructor(viewport, notebook, shown) {
    this.viewport = viewport;
    this.notebook = notebook;
    this.shown = shown;
    this.node = document.createElement("div");
    this.node.className = "board-live";
    this.canvas = document.createElement("canvas");
    this.canvas.hidden = true;
    this.node.append(this.canvas);
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    /** @type {Map<string, Growing>} by client */
    this.growing = new Map();
    /** @type {Map<string, Cursor>} by client */
    this.cursors = new Map();
    this.stale = false;
  }

  resize() {
    const { width, height, pixelRatio } = this.viewport;
    this.canvas.width = Math.round(width * pixelRatio);
    this.canvas.height = Math.round(height * pixelRatio);
    this.stale = true;
  }

  /** The sheet moved under the canvas. */
  moved() {
    this.stale = true;
    for (const cursor of this.cursors.values()) this.placeCursor(cursor);
  }

  /**
   * @param {LiveItem[]} items
   * @param {number} nowMs
   */
  show(items, nowMs) {
    for (const { client, name, cursor, stroke, points } of items) {
      if (cursor?.length === 2 && cursor.every(Number.isFinite))
        this.moveCursor(client, name ?? "", cursor, nowMs);
      if (stroke) this.grow(client, stroke, points, nowMs);
    }
  }

  /** @param {Peer[]} peers who is here: the cursors of others go */
  setPeers(peers) {
    const here = new Set(peers.map((peer) => peer.client));
    for (const client of [...this.cursors.keys()]) if (!here.has(client)) this.removeCursor(client);
    for (const client of [...this.growing.keys()]) if (!here.has(client)) this.growing.delete(client);
    this.stale = true;
  }

  /**
   * Committed strokes are on the page: their live ink goes.
   *
   * @param {Iterable<Stroke>} strokes
   */
  settle(strokes) {
    if (this.growing.size === 0) return;
    for (const stroke of strokes) {
      const points = stroke.points();
      if (!points) continue;
      for (const [client, { wet, waiting }] of this.growing) {
        const first = wet.length ? wet.points : (waiting[0]?.points ?? []);
        if (first[0] === points[0] && first[1] === points[1] && first[2] === points[2])
          this.growing.delete(client);
      }
    }
    this.stale = true;
    this.paint();
  }

  /**
   * @param {string} client
   * @param {LiveStroke} piece
   * @param {unknown} points as `data-p`
   * @param {number} nowMs
   */
  grow(client, piece, points, nowMs) {
    let growing = this.growing.get(client);
    if (piece.end) {
      this.growing.delete(client);
      this.stale = true;
      return;
    }
    if (!growing || growing.key !== piece.key) {
      if (piece.from !== 0) return;
      const fill = /^#[0-9a-f]{6}$/.test(piece.fill ?? "") ? /** @type {string} */ (piece.fill) : "#000000";
      const width = Math.min(1000, Math.max(1, Number(piece.width) || 30));
      growing = {
        key: piece.key,
        wet: new WetStroke(width, String(piece.tool), fill),
        waiting: [],
        seenMs: nowMs,
      };
      this.growing.set(client, growing);
    }
    try {
      growing.waiting = playedOut(growing.waiting, decodePoints(String(points ?? "")), nowMs);
      growing.seenMs = nowMs;
    } catch (error) {
      if (!(error instanceof PointsError)) throw error;
      this.growing.delete(client);
    }
  }

  /**
   * Draw what is due.
   *
   * @param {number} nowMs
   * @returns {boolean} whether another frame is wanted
   */
  draw(nowMs) {
    for (const [client, growing] of this.growing) {
      if (nowMs - growing.seenMs > STALE_MS) {
        this.growing.delete(client);
        this.stale = true;
      }
      while (growing.waiting.length && growing.waiting[0].atMs <= nowMs) {
        const due = growing.waiting.shift()?.points ?? [];
        for (let i = 0; i < due.length; i += 3) growing.wet.add(due[i], due[i + 1], due[i + 2]);
        this.stale = true;
      }
    }
    for (const [client, cursor] of this.cursors)
      if (nowMs - cursor.seenMs > STALE_MS) this.removeCursor(client);
    if (this.stale) this.paint();
    return this.growing.size > 0 || this.cursors.size > 0;
  }

  paint() {
    this.stale = false;
    const drawn = [...this.growing.values()].filter(({ wet }) => wet.length > 0);
    if (drawn.length === 0 && this.canvas.hidden) return;
    this.canvas.hidden = drawn.length === 0;
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const { scale, offsetX, offsetY, pixelRatio } = this.viewport;
    const zoom = scale * pixelRatio;
    this.pen.setTransform(zoom, 0, 0, zoom, offsetX * pixelRatio, offsetY * pixelRatio);
    for (const { wet } of drawn) {
      this.pen.fillStyle = this.shown(wet.fill);
      this.pen.fill(outlineShape(wet.tail()));
    }
  }

  /**
   * @param {string} client
   * @param {string} name
   * @param {number[]} place sheet units
   * @param {number} nowMs
   */
  moveCursor(client, name, [x, y], nowMs) {
    let cursor = this.cursors.get(client);
    if (!cursor) {
      const node = document.createElement("div");
      node.className = "board-cursor";
      node.dir = "auto";
      node.style.setProperty("--peer", peerColour(client));
      this.node.append(node);
      cursor = { node, x, y, seenMs: nowMs };
      this.cursors.set(client, cursor);
    }
    cursor.node.textContent = name;
    Object.assign(cursor, { x, y, seenMs: nowMs });
    this.placeCursor(cursor);
  }

  /** @param {Cursor} cursor */
  placeCursor({ node, x, y }) {
    node.style.transform = `translate(${this.viewport.boardX(x)}px, ${this.viewport.boardY(y)}px)`;
  }

  /** @param {string} client */
  removeCursor(client) {
    this.cursors.get(client)?.node.remove();
    this.cursors.delete(client);
  }
}

/** @param {string} client @returns {string} a colour of its own, the same on every page */
export function peerColour(client) {
  let hash = 0;
  for (const letter of client) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return `hsl(${hash} 62% 42%)`;
}

/** @param {number[][]} outline @returns {Path2D} */
function outlineShape(outline) {
  const path = new Path2D();
  const n = outline.length;
  const middle = (/** @type {number} */ i) => {
    const a = outline[i % n];
    const b = outline[(i + 1) % n];
    return /** @type {[number, number]} */ ([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  };
  if (n) path.moveTo(...middle(0));
  for (let i = 1; i <= n; i++) path.quadraticCurveTo(outline[i % n][0], outline[i % n][1], ...middle(i));
  return path;
}

/**
 * Spread the points that wait, and the new ones after them, evenly over the time to come: the ink moves as the pen
 * did. Shown all at once at its end, the newest would be older by that much when the next ones come.
 *
 * @param {{atMs: number, points: Int32Array}[]} waiting
 * @param {Int32Array} fresh three numbers a point
 * @param {number} nowMs
 * @returns {{atMs: number, points: Int32Array}[]} the last of them at the end of the time
 */
export function playedOut(waiting, fresh, nowMs) {
  const all = Int32Array.from([...waiting.flatMap(({ points }) => [...points]), ...fresh]);
  const count = all.length / 3;
  const steps = Math.min(count, PLAY_OUT_MS / STEP_MS);
  const spread = [];
  for (let step = 1; step <= steps; step++) {
    const from = Math.floor((count * (step - 1)) / steps);
    const to = Math.floor((count * step) / steps);
    spread.push({
      atMs: nowMs + (PLAY_OUT_MS * step) / steps,
      points: all.subarray(3 * from, 3 * to),
    });
  }
  return spread;
}
