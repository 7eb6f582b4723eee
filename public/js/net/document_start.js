/**
 * Begins the download of a notebook's document (N3) while the page's other modules are still coming.
 *
 * Owns the one request that was begun early: the page whose address names a notebook has this module as its first
 * script, so the request leaves as soon as it is there. Whoever loads the document takes it; every later load, and
 * one of another notebook, is a request of its own. The answer is read by the taker alone. It imports nothing: the
 * request would wait for that. So it spells the addresses of `api.js` itself, and a test holds the two together.
 */

/** @type {{path: string, response: Promise<Response>, ending: AbortController} | null} */
let begun = null;

/** @param {string} path @param {AbortSignal} signal @returns {Promise<Response>} */
function request(path, signal) {
  return fetch(path, { signal, cache: "no-store" });
}

/**
 * The answer to a request for a document, begun early or now.
 *
 * @param {string} path
 * @param {AbortSignal} signal ends it
 * @returns {Promise<Response>} rejects as `fetch` does
 */
export function takeDocument(path, signal) {
  const early = begun;
  begun = null;
  if (early?.path !== path) {
    early?.ending.abort();
    return request(path, signal);
  }
  signal.addEventListener("abort", () => early.ending.abort(), { once: true });
  return early.response;
}

/**
 * @param {string} search of the page's address
 * @returns {string | null} path of the document it names
 */
export function documentOf(search) {
  const query = new URLSearchParams(search);
  const code = query.get("nb");
  if (code) return `/Notebook.svg?nb=${encodeURIComponent(code)}`;
  const id = query.get("id") ?? "";
  return /^[1-9]\d*$/.test(id) ? `/Notebook/${id}.svg` : null;
}

const path = documentOf(globalThis.location?.search ?? "");
if (path) {
  const ending = new AbortController();
  begun = { path, ending, response: request(path, ending.signal) };
  // Without a network the taker hears of it.
  begun.response.catch(() => undefined);
}
