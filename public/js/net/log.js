/**
 * The notebook's log as its readers ask for it: pages of entries, all of them or from the newest back, and the
 * entry that added a stroke. Owns the paging; what the entries mean is core/timeline.js.
 */

import { call } from "./api.js";

/** @typedef {import("../core/timeline.js").Entry} Entry */

/** Entries of one page; the server gives at most 1,000. */
const PAGE = 1000;

/**
 * @param {string} query names the notebook: `id=..` or `code=..`
 * @param {number|null} since null: from the oldest entry there is
 * @param {number} limit
 * @returns {Promise<{data: Entry[], from: number, to: number, more: boolean}>}
 */
export async function readPage(query, since, limit) {
  const after = since === null ? "" : `&since=${since}`;
  return call("GET", `/api/notebook/log?${query}${after}&limit=${limit}`);
}

/**
 * The whole log, oldest first.
 *
 * @param {string} query
 * @param {(read: number) => void} [onRead] hears how far it is
 * @returns {Promise<{base: number, entries: Entry[]}>} base: the number before the first entry
 */
export async function readLog(query, onRead = () => {}) {
  let page = await readPage(query, null, PAGE);
  const base = page.from;
  const entries = page.data;
  while (page.more) {
    onRead(page.to);
    page = await readPage(query, page.to, PAGE);
    for (const entry of page.data) entries.push(entry);
  }
  return { base, entries };
}

/**
 * The newest entries, back to a time, oldest first.
 *
 * @param {string} query
 * @param {number} head number of the last entry
 * @param {number} sinceMs
 * @returns {Promise<Entry[]>}
 */
export async function readBack(query, head, sinceMs) {
  /** @type {Entry[]} */
  let found = [];
  for (let to = head; to > 0; to -= PAGE) {
    const from = Math.max(0, to - PAGE);
    const { data } = await readPage(query, from, Math.max(1, to - from));
    found = [...data, ...found];
    if (data.length === 0 || data[0].at < sinceMs) break;
  }
  return found.filter((entry) => entry.at >= sinceMs);
}

/**
 * The entry that added a stroke. Ids grow with the numbers, so a few small pages find it in any log.
 *
 * @param {string} query
 * @param {number} id group id of the stroke
 * @param {number} head number of the last entry
 * @returns {Promise<Entry|null>} null where the log does not reach back to it
 */
export async function findStroke(query, id, head) {
  let low = id - 1;
  let high = head;
  for (let tries = 0; low < high && tries < 40; tries++) {
    const since = tries === 0 ? low : Math.floor((low + high) / 2);
    const { data } = await readPage(query, Math.max(low, Math.min(since, high - 1)), 32);
    const hit = data.find((entry) => entry.command === "a" && Number(entry.id) === id);
    if (hit) return hit;
    const strokes = data.filter((entry) => entry.command === "a");
    const known = strokes[0];
    const last = strokes.at(-1);
    if (!data.length) return null;
    if (known && Number(known.id) > id) high = data[0].seq;
    else if (last && Number(last.id) < id) low = data[data.length - 1].seq;
    else if (!known) low = data[data.length - 1].seq;
    else return null;
  }
  return null;
}
