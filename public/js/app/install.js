/**
 * The page without a network: registers the service worker (public/sw.js), where the certificate is trusted, and
 * tells it which version to keep. A browser that refuses it (a home-made certificate that was only clicked away)
 * loses nothing but this; /connect says how to trust the server.
 */

/** Trusted Types want a word for the one script address that is ever made out of a string. */
const WORKER = "/sw.js";

export async function install() {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  try {
    const registration = await workers.register(workerAddress());
    const worker = registration.active ?? registration.waiting ?? registration.installing;
    const prefix = new URL("../../../", import.meta.url).pathname;
    worker?.postMessage({ prefix });
    document.documentElement.dataset.installed = "yes";
  } catch {
    // The certificate is not trusted here: the page goes on without.
  }
}

/** @returns {string} */
function workerAddress() {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return WORKER;
  return types.createPolicy("worker", { createScriptURL: () => WORKER }).createScriptURL("");
}
