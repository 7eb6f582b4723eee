/**
 * The service worker: opens the page without a network. Owns the copies of the page and of one version of its
 * static files, nothing else: requests for data always go to the server, and the notebooks' own copies are the
 * page's (js/net/kept_documents.js). The network comes first for the page; versioned files never change.
 */
/// <reference lib="webworker" />
"use strict";

const PAGES = "pages";
const FILES = "files ";
/** How long the server may take to answer with the page before the copy is shown, ms. */
const PATIENCE_MS = 4000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const prefix = event.data?.prefix;
  if (typeof prefix === "string" && /^\/v\/[0-9a-f]+\/$/.test(prefix)) event.waitUntil(keepVersion(prefix));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/") event.respondWith(page(request));
  else if (url.pathname.startsWith("/v/") || url.pathname.startsWith("/images/")) event.respondWith(file(request));
});

/** Every file of a version, and the page that goes with it; earlier versions go. */
async function keepVersion(prefix) {
  const name = FILES + prefix;
  if (!(await caches.has(name))) {
    const listed = await fetch(`${prefix}files.json`);
    if (!listed.ok) return;
    const cache = await caches.open(`${name} `);
    await cache.addAll(await listed.json());
    const whole = await caches.open(name);
    for (const request of await cache.keys()) await whole.put(request, await cache.match(request));
    await caches.delete(`${name} `);
  }
  const fresh = await fetch("/", { cache: "no-store" });
  const text = await fresh.clone().text();
  if (!fresh.ok || !text.includes(prefix)) return;
  await (await caches.open(PAGES)).put("/", fresh);
  for (const other of await caches.keys()) {
    if (other.startsWith(FILES) && other !== name) await caches.delete(other);
  }
}

async function page(request) {
  const kept = await caches.match("/", { cacheName: PAGES });
  if (!kept) return fetch(request);
  const patience = new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  const asked = fetch(request).catch(() => null);
  return (await Promise.race([asked, patience])) ?? kept;
}

async function file(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}
