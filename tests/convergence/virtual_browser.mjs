/**
 * A browser made of nothing, for the page's own modules under Node: one global object for any number of tabs.
 *
 * Owns the virtual clock, timers, fetch, Web Locks, BroadcastChannel and IndexedDB (fake-indexeddb, one factory
 * per browser, which outlives its tabs). Which tab a call belongs to is known from the asynchronous context, so
 * the product's modules run unchanged. A killed tab does nothing any more: no timer, no answer, no lock.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { IDBFactory } from "fake-indexeddb";

const context = new AsyncLocalStorage();
const realImmediate = globalThis.setImmediate;

export class Browser {
  online = true;
  /** @type {Map<string, {holder: Tab, release: () => void}|null>} */ held = new Map();
  /** @type {{name: string, tab: Tab, grant: () => void}[]} */ queue = [];
  /** @type {Set<Channel>} */ channels = new Set();
  indexedDB = new IDBFactory();
  /** @type {Set<Tab>} */ tabs = new Set();

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  grantNext(name) {
    if (this.held.get(name)) return;
    const at = this.queue.findIndex((one) => one.name === name && one.tab.alive);
    if (at < 0) return;
    const [next] = this.queue.splice(at, 1);
    next.grant();
  }
}

export class Tab {
  alive = true;
  /** @type {Map<number, {at: number, run: () => void, quiet: boolean}>} */ timers = new Map();
  /** @type {Map<string, Set<Function>>} */ listeners = new Map();
  requests = new Set();

  /** @param {World} world @param {Browser} browser @param {string} name */
  constructor(world, browser, name) {
    this.world = world;
    this.browser = browser;
    this.name = name;
    browser.tabs.add(this);
  }

  /** @template T @param {() => T} work @returns {T} */
  run(work) {
    return context.run(this, work);
  }

  /** @param {string} event */
  hear(event) {
    for (const listener of [...(this.listeners.get(event) ?? [])]) this.run(() => listener({ type: event }));
  }

  kill() {
    this.alive = false;
    this.timers.clear();
    this.browser.tabs.delete(this);
    for (const id of this.requests) this.world.abandon(id);
    for (const channel of [...this.browser.channels]) if (channel.tab === this) channel.close();
    for (const [name, lock] of [...this.browser.held]) {
      if (lock?.holder === this) lock.release();
    }
  }
}

export class World {
  now = 0;
  /** @type {any[]} what happened since the last report */ outbox = [];
  /** @type {Set<Tab>} */ tabs = new Set();
  /** @type {Map<number, {tab: Tab, resolve: Function, reject: Function}>} */ requests = new Map();
  #lastRequest = 0;
  #lastTimer = 0;
  #outstanding = 0;
  #state = 1;

  /** @param {number} seed @param {number} now */
  reset(seed, now) {
    for (const tab of this.tabs) tab.kill();
    this.tabs.clear();
    this.requests.clear();
    this.outbox = [];
    this.#state = seed >>> 0;
    this.now = now;
  }

  /** @returns {number} 0 <= x < 1, from the seed */
  random() {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 4294967296;
  }

  /** Lets everything run that needs no time to pass. */
  async settle() {
    for (let calm = 0; calm < 3; ) {
      await new Promise((resolve) => realImmediate(resolve));
      calm = this.#outstanding === 0 ? calm + 1 : 0;
    }
  }

  /** When the next timer is due that can matter; null when there is none. */
  nextTimer() {
    let next = Infinity;
    for (const tab of this.tabs) {
      for (const timer of tab.timers.values()) {
        if ((!timer.quiet || tab.requests.size > 0) && timer.at < next) next = timer.at;
      }
    }
    return next === Infinity ? null : next;
  }

  /** @param {number} to */
  async advance(to) {
    for (;;) {
      let due = null;
      let owner = null;
      let key = 0;
      for (const tab of this.tabs) {
        for (const [id, timer] of tab.timers) {
          if (timer.at <= to && (due === null || timer.at < due.at)) [due, owner, key] = [timer, tab, id];
        }
      }
      if (due === null || owner === null) break;
      this.now = Math.max(this.now, due.at);
      owner.timers.delete(key);
      owner.run(due.run);
      await this.settle();
    }
    this.now = Math.max(this.now, to);
  }

  /** @param {() => void} run @param {number} afterMs @param {boolean} quiet does not count as something to wait for */
  setTimer(run, afterMs, quiet = false) {
    const tab = current();
    this.#lastTimer += 1;
    if (tab.alive) tab.timers.set(this.#lastTimer, { at: this.now + Math.max(0, afterMs), run, quiet });
    return this.#lastTimer;
  }

  /** @param {number} id */
  clearTimer(id) {
    for (const tab of this.tabs) tab.timers.delete(id);
  }

  /** @param {string} path @param {any} options */
  fetch(path, options = {}) {
    const tab = current();
    return new Promise((resolve, reject) => {
      if (!tab.alive) return;
      const { signal, method = "GET", body = null } = options;
      if (signal?.aborted) return reject(new DOMException("aborted", "AbortError"));
      if (!tab.browser.online) return reject(new TypeError("Failed to fetch"));
      this.#lastRequest += 1;
      const id = this.#lastRequest;
      this.requests.set(id, { tab, resolve, reject });
      tab.requests.add(id);
      this.outbox.push({ kind: "request", id, tab: tab.name, browser: tab.browser.name, method, path, body });
      signal?.addEventListener("abort", () => {
        if (this.abandon(id)) reject(new DOMException("aborted", "AbortError"));
      });
    });
  }

  /** The page no longer waits for an answer. @param {number} id */
  abandon(id) {
    const request = this.requests.get(id);
    if (!request) return false;
    this.requests.delete(id);
    request.tab.requests.delete(id);
    this.outbox.push({ kind: "abandoned", id });
    return true;
  }

  /** @param {number} id @param {{status: number, headers: Record<string, string>, body: string, cut?: number}} answer */
  respond(id, answer) {
    const request = this.requests.get(id);
    if (!request) return;
    this.requests.delete(id);
    request.tab.requests.delete(id);
    request.resolve(new Answer(answer));
  }

  /** The connection broke. @param {number} id */
  fail(id) {
    const request = this.requests.get(id);
    if (!request) return;
    this.requests.delete(id);
    request.tab.requests.delete(id);
    request.reject(new TypeError("Failed to fetch"));
  }

  /** Puts the virtual things where the page's modules look for them. */
  install() {
    const world = this;
    const define = (/** @type {string} */ name, /** @type {any} */ value) =>
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    define("setImmediate", (/** @type {Function} */ run, /** @type {any[]} */ ...args) => {
      world.#outstanding += 1;
      return realImmediate(() => {
        world.#outstanding -= 1;
        run(...args);
      });
    });
    define("window", {
      setTimeout: (run, ms = 0) => world.setTimer(run, ms),
      clearTimeout: (id) => world.clearTimer(id),
      addEventListener: (event, listener) => listen(event, listener),
      removeEventListener: (event, listener) => current().listeners.get(event)?.delete(listener),
    });
    define("document", { visibilityState: "visible", hidden: false, addEventListener: listen, removeEventListener: window.removeEventListener });
    define("location", { search: "" }); // one program for all tabs: nobody's document is begun early
    define("navigator", { locks: new Locks() });
    define("BroadcastChannel", Channel);
    define("fetch", (path, options) => world.fetch(path, options));
    define("performance", { now: () => world.now });
    define("crypto", { getRandomValues: (array) => array.map(() => Math.floor(world.random() * 256)) });
    Date.now = () => Math.round(world.now);
    Math.random = () => world.random();
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      world.setTimer(() => controller.abort(), ms, true);
      return controller.signal;
    };
  }
}

/** @returns {Tab} */
function current() {
  const tab = context.getStore();
  if (!tab) throw new Error("outside of any tab");
  return /** @type {Tab} */ (tab);
}

function listen(event, listener) {
  const { listeners } = current();
  if (!listeners.has(event)) listeners.set(event, new Set());
  listeners.get(event)?.add(listener);
}

/** What fetch gives: enough of a Response, whose body may break off in the middle. */
class Answer {
  constructor({ status, headers, body, cut }) {
    this.status = status;
    this.ok = status >= 200 && status < 300;
    const values = new Map(Object.entries(headers));
    this.headers = { get: (name) => values.get(name.toLowerCase()) ?? null };
    this.bytes = new TextEncoder().encode(body);
    this.cut = cut;
  }

  async text() {
    if (this.cut !== undefined) throw new TypeError("network error");
    return new TextDecoder().decode(this.bytes);
  }

  async json() {
    return JSON.parse(await this.text());
  }

  get body() {
    const { bytes, cut } = this;
    let at = 0;
    const step = Math.max(1, Math.ceil(bytes.length / 3));
    const read = async () => {
      if (cut !== undefined && at >= cut) throw new TypeError("network error");
      if (at >= bytes.length) return { done: true };
      const value = bytes.slice(at, Math.min(at + step, cut ?? Infinity));
      at += value.length;
      return { done: false, value };
    };
    return { getReader: () => ({ read }) };
  }
}

class Locks {
  async query() {
    const held = [...current().browser.held].filter(([, lock]) => lock).map(([name]) => ({ name }));
    return { held };
  }

  /** @param {string} name @param {any} options @param {any} [callback] */
  request(name, options, callback = options) {
    const tab = current();
    const { browser } = tab;
    return new Promise((resolve, reject) => {
      const grant = () => {
        const release = () => {
          browser.held.set(name, null);
          browser.grantNext(name);
        };
        browser.held.set(name, { holder: tab, release });
        const done = () => {
          if (browser.held.get(name)?.holder === tab) release();
          resolve(undefined);
        };
        tab.run(() => Promise.resolve(callback()).then(done, done));
      };
      const waiting = { name, tab, grant };
      options.signal?.addEventListener("abort", () => {
        const at = browser.queue.indexOf(waiting);
        if (at < 0) return;
        browser.queue.splice(at, 1);
        reject(new DOMException("aborted", "AbortError"));
      });
      browser.queue.push(waiting);
      queueMicrotask(() => browser.grantNext(name));
    });
  }
}

class Channel {
  onmessage = null;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.tab = current();
    this.tab.browser.channels.add(this);
  }

  postMessage(data) {
    for (const other of this.tab.browser.channels) {
      if (other === this || other.name !== this.name) continue;
      const copy = structuredClone(data);
      setImmediate(() => {
        if (other.tab.alive && this.tab.browser.channels.has(other)) other.tab.run(() => other.onmessage?.({ data: copy }));
      });
    }
  }

  close() {
    this.tab.browser.channels.delete(this);
  }
}
