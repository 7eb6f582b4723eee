/**
 * The page's one way to the server's JSON: fetch, envelope, failures by `reason` (H3), `Retry-After`.
 * Never throws for an answer: `exchange` hands back the status (0 when none came); `call` turns everything
 * but success into a Failure. Share codes travel in query and body only, never in a header.
 */

/** @typedef {import("../core/sync.js").WireAnswer} WireAnswer */

export class Failure extends Error {
  /**
   * @param {number} status 0 when no answer came
   * @param {string} reason the server's fixed word, or "offline"
   * @param {string} sentence the server's own sentence
   * @param {Record<string, any>} extra the rest of the envelope
   * @param {number} [retryAfterMs]
   */
  constructor(status, reason, sentence, extra, retryAfterMs) {
    super(`${status} ${reason}`);
    this.status = status;
    this.reason = reason;
    this.sentence = sentence;
    this.extra = extra;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * One request.
 *
 * @param {"GET"|"POST"} method
 * @param {string} path
 * @param {unknown} [json] body of a POST
 * @param {{signal?: AbortSignal, timeoutMs?: number, keepalive?: boolean}} [options]
 * @returns {Promise<WireAnswer>} status 0 when the network, the deadline or the signal ended it
 */
export async function exchange(method, path, json, options = {}) {
  const deadline = AbortSignal.timeout(options.timeoutMs ?? 30_000);
  const signal = options.signal ? either(options.signal, deadline) : deadline;
  try {
    const response = await fetch(path, {
      method,
      signal,
      cache: "no-store",
      credentials: "same-origin",
      keepalive: options.keepalive ?? false,
      headers: method === "POST" ? { "Content-Type": "application/json" } : {},
      body: method === "POST" ? JSON.stringify(json ?? {}) : null,
    });
    const text = await response.text();
    return { status: response.status, body: envelope(text), retryAfterMs: retryAfter(response.headers) };
  } catch {
    return { status: 0 };
  }
}

/**
 * One request whose answer must be a success.
 *
 * @param {"GET"|"POST"} method
 * @param {string} path
 * @param {unknown} [json]
 * @returns {Promise<any>} the envelope; most answers live in its `data`
 * @throws {Failure}
 */
export async function call(method, path, json) {
  const answer = await exchange(method, path, json);
  if (answer.status >= 200 && answer.status < 300 && answer.body?.code === 0) return answer.body;
  throw failureOf(answer);
}

/** @param {WireAnswer} answer @returns {Failure} */
export function failureOf(answer) {
  const { code: _code, data, reason, ...extra } = answer.body ?? {};
  const word = reason ?? (answer.status === 0 ? "offline" : "unknown");
  return new Failure(answer.status, word, typeof data === "string" ? data : "", extra, answer.retryAfterMs);
}

/** @param {string} text */
function envelope(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {Headers} headers @returns {number|undefined} */
export function retryAfter(headers) {
  const seconds = Number(headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** @param {AbortSignal} one @param {AbortSignal} other */
function either(one, other) {
  const controller = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) controller.abort();
    else signal.addEventListener("abort", () => controller.abort(), { once: true });
  }
  return controller.signal;
}

/**
 * Where a notebook is reached: by its owner or by a share code.
 *
 * @typedef {{kind: "own", id: number}|{kind: "share", code: string}} Target
 */

/** @param {{search: string}} place @returns {Target|null} null is the unsaved board */
export function targetOf(place) {
  const query = new URLSearchParams(place.search);
  const code = query.get("nb");
  if (code) return { kind: "share", code };
  const id = Number(query.get("id"));
  return Number.isInteger(id) && id > 0 ? { kind: "own", id } : null;
}

/** @param {Target|null} target @returns {string} the page's address for it */
export function addressOf(target) {
  if (!target) return "/";
  return target.kind === "own" ? `/?id=${target.id}` : `/?nb=${encodeURIComponent(target.code)}`;
}

/** @param {Target} target @returns {string} path of the streamed document (N3) */
export function documentPath(target) {
  return target.kind === "own"
    ? `/Notebook/${target.id}.svg`
    : `/Notebook.svg?nb=${encodeURIComponent(target.code)}`;
}

/** @param {"SAVE"|"LIVE"} verb @param {Target} target @returns {string} */
export function writePath(verb, target) {
  return target.kind === "own" ? `/${verb}/${target.id}` : `/${verb}/?nb=${encodeURIComponent(target.code)}`;
}

/** @param {Target} target @param {string} epoch of the document on the page @returns {string} path of a save (C2) */
export function savePath(target, epoch) {
  return `${writePath("SAVE", target)}${target.kind === "own" ? "?" : "&"}epoch=${epoch}`;
}

/**
 * @param {Target} target
 * @param {{since: number, epoch: string, client?: string, live?: number}} cursor
 * @returns {string} path of a poll (P1, P6)
 */
export function pollPath(target, cursor) {
  const query = new URLSearchParams(
    target.kind === "own" ? { id: String(target.id) } : { code: target.code },
  );
  query.set("since", String(cursor.since));
  query.set("epoch", cursor.epoch);
  if (cursor.client) {
    query.set("client", cursor.client);
    query.set("live", String(cursor.live ?? 0));
  }
  return `/UPDATE?${query}`;
}
