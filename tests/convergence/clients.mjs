/**
 * Many people at once: tabs of virtual browsers that run the page's own session, journal, sync and document.
 *
 * Reads one command a line on standard input and answers one line: what the tabs sent, gave up, applied and
 * dropped meanwhile, and when their next timer is due. Draws as the board would (core modules make the data) and
 * keeps an undo stack per tab. Decides nothing about the network or about time; the schedule does.
 */

import { createInterface } from "node:readline";
import { Browser, Tab, World } from "./virtual_browser.mjs";

const world = new World();
world.install();

const { NotebookSession } = await import("../../public/js/app/notebook_session.js");
const { NotebookDocument } = await import("../../public/js/core/document.js");
const { formatStroke } = await import("../../public/js/core/fragment.js");
const { decodePoints } = await import("../../public/js/core/points.js");
const { attributeOf } = await import("../../public/js/core/stroke.js");
const { UndoStack } = await import("../../public/js/core/own_changes.js");
const { JournalStore } = await import("../../public/js/net/browser_store.js");
const { Journal } = await import("../../public/js/core/journal.js");
await import("../../public/js/core/sync.js");
await import("../../public/js/net/shared_poll.js");
await import("../../public/js/net/document_start.js");
await import("../../public/js/core/document_reader.js");
await import("../../public/js/core/server_ink.js").catch(() => undefined);
await import("../../public/js/app/wire.js").catch(() => undefined); // a part of the session, where it stands apart

const SOUND = { loaded: Journal.prototype.loaded, resync: NotebookDocument.prototype.begin };

/** @type {Map<string, Browser>} */
let browsers = new Map();
/** @type {Map<string, any>} open tabs by name */
let pages = new Map();

/** Ways to break the page on purpose, so that the suite is seen to notice. */
const BREAKAGES = {
  none() {
    Journal.prototype.loaded = SOUND.loaded;
  },
  /** What waits is thrown away when the document is loaded again. */
  "journal-dropped-on-resync"() {
    Journal.prototype.loaded = function (seq, epoch) {
      const known = this.inState("waiting").map((entry) => entry.op);
      const writes = SOUND.loaded.call(this, seq, epoch);
      if (!this.loadedBefore) this.loadedBefore = true;
      else writes.remove.push(...this.seen(known).remove);
      return writes;
    };
  },
};

function emit(kind, tab, more) {
  if (tab.alive) world.outbox.push({ kind, tab: tab.name, at: world.now, ...more });
}

class Page {
  constructor(tab, options) {
    this.tab = tab;
    this.options = options;
    this.notebook = new NotebookDocument();
    this.undoStack = new UndoStack(options.undo);
    this.mine = new Set(options.mine);
    /** @type {string[]} ops of anybody's that are known in this tab */ this.heard = [...(options.heard ?? [])];
    this.phase = "loading";
  }

  async open() {
    const { tab, options } = this;
    const store = await JournalStore.open(tab.browser.indexedDB);
    const page = options.page;
    navigator.locks.request(`page|${page}`, () => new Promise(() => {}));
    this.session = new NotebookSession(options.target, this.notebook, {
      store,
      owner: options.owner,
      page,
      client: `client-${tab.browser.name}`,
      onState: (state) => {
        this.state = state;
      },
      onLive: () => {},
      onLoaded: () => {
        emit("loaded", tab, { seq: this.notebook.seq });
      },
      onApplied: (answer) => {
        this.heard.push(...answer.data.filter((one) => "aecmsp".includes(one.command)).map((one) => one.op));
        emit("applied", tab, { ops: answer.data.map((change) => change.op), seq: this.notebook.seq });
      },
      onDropped: (op) => {
        this.undoStack.forget(op);
        emit("dropped", tab, { op, entry: this.session.tray.find((entry) => entry.op === op)?.reason });
      },
      onHead: () => {},
      onGone: (reason) => emit("gone", tab, { reason }),
    });
    await this.session.start();
  }

  submit(command, data) {
    const op = this.session.submit(command, data);
    this.mine.add(op);
    emit("made", this.tab, { op, command, data: command === "a" ? attributeOf(data, "data-p") : data });
    return op;
  }

  /** Strokes this page may change. */
  candidates() {
    const all = this.notebook.visible();
    return this.options.role === "add" ? all.filter((stroke) => this.mine.has(stroke.op)) : all;
  }

  some(most) {
    const from = this.candidates();
    const chosen = [];
    for (let n = 1 + Math.floor(world.random() * most); n > 0 && from.length > 0; n--) {
      chosen.push(from.splice(Math.floor(world.random() * from.length), 1)[0]);
    }
    return chosen;
  }

  act(what, number) {
    const push = (command, data) => this.undoStack.push([this.submit(command, data)]);
    switch (what) {
      case "draw":
        return push("a", drawing(number));
      case "import":
        return this.undoStack.push([1, 2, 3].map((part) => this.submit("a", drawing(number + part * 10_000))));
      case "erase": {
        const ids = this.some(3).map((stroke) => stroke.key);
        return ids.length && push("e", { ids });
      }
      case "cut": {
        const [stroke] = this.some(1);
        const points = stroke ? attributeOf(stroke.text, "data-p") : "";
        if (!points) return 0;
        const whole = (decodePoints(points).length / 3 - 1) * 16;
        const start = Math.floor(world.random() * whole);
        return push("e", { cuts: { [stroke.key]: [[start, Math.min(whole, start + 1 + Math.floor((world.random() * whole) / 2))]] } });
      }
      case "move": {
        const ids = this.some(3).map((stroke) => stroke.key);
        const by = [Math.floor(world.random() * 400) - 200, Math.floor(world.random() * 400) - 200];
        const scale = world.random() < 0.3 ? { scale: [0.5 + Math.round(world.random() * 100) / 100, 4000, 4000] } : {};
        return ids.length && push("m", { ids, by, ...scale });
      }
      case "colour": {
        const ids = this.some(3).map((stroke) => stroke.key);
        const fill = `#${Math.floor(world.random() * 0x1000000).toString(16).padStart(6, "0")}`;
        return ids.length && push("s", { ids, fill });
      }
      case "clear": {
        if (this.options.role === "add") return 0;
        const shown = this.notebook.visible();
        const unnumbered = shown.filter((stroke) => stroke.seq === Infinity).map((stroke) => stroke.key);
        const ops = [];
        if (shown.length > unnumbered.length) ops.push(this.submit("c", { upto: this.notebook.seq }));
        if (unnumbered.length) ops.push(this.submit("e", { ids: unnumbered }));
        return this.undoStack.push(ops);
      }
      case "paper": {
        if (this.options.role !== "owner") return 0;
        const kinds = ["plain", "ruled", "squared", "dotted"];
        return push("p", { paper: kinds[Math.floor(world.random() * 4)], margin: world.random() < 0.5 ? "left" : "none" });
      }
      case "undo":
        for (const op of this.undoStack.undo()) this.submit("u", { op });
        return 0;
      case "redo":
        for (const op of this.undoStack.redo()) this.submit("r", { op });
        return 0;
      case "turn": {
        // The owner turns back what anybody did, or lets it be in force again, as from the timeline.
        if (this.options.role !== "owner" || this.heard.length === 0) return 0;
        const op = this.heard[Math.floor(world.random() * this.heard.length)];
        return void this.submit(world.random() < 0.7 ? "u" : "r", { op });
      }
      default:
        throw new Error(`unknown action ${what}`);
    }
  }

  summary(withStrokes) {
    const { notebook, session } = this;
    const strokes = () => Object.fromEntries(notebook.visible().map((stroke) => [stroke.key, stroke.text]));
    return {
      seq: notebook.seq,
      epoch: notebook.epoch,
      paper: notebook.paper,
      pending: [...notebook.pending.keys()],
      waiting: session.waiting,
      saved: this.state?.saved,
      phase: session.phase,
      ...(withStrokes ? { strokes: strokes() } : {}),
    };
  }
}

/** A stroke whose points nobody else has: its number is in its first point. */
function drawing(number) {
  const points = [];
  let x = 1000 + (number % 100) * 61;
  let y = 1000 + Math.floor(number / 100) * 43;
  for (let i = 0; i < 9; i++) {
    points.push(x, y, 20 + Math.floor(world.random() * 30));
    x += 8 + Math.floor(world.random() * 25);
    y += Math.floor(world.random() * 31) - 15;
  }
  return formatStroke({ points, width: 30, tool: "pen", fill: "#1a2b3c" });
}

async function journals() {
  const found = {};
  for (const [name, browser] of browsers) {
    const tab = new Tab(world, browser, `reader-${name}`);
    await tab.run(async () => {
      const store = await JournalStore.open(browser.indexedDB);
      const all = [];
      for (const owner of browser.owners ?? []) all.push(...(await store.read(owner)));
      found[name] = all.map(({ owner, board, page, entry }) => ({ owner, board, page, op: entry.op, state: entry.state, reason: entry.reason, sentence: entry.sentence }));
    });
    browser.tabs.delete(tab);
  }
  return found;
}

const COMMANDS = {
  reset({ seed, now, breakage = "none" }) {
    world.reset(seed, now);
    browsers = new Map();
    pages = new Map();
    BREAKAGES.none();
    BREAKAGES[breakage]();
  },
  async open({ tab: name, browser: browserName, ...options }) {
    const browser = browsers.get(browserName) ?? new Browser(browserName);
    browsers.set(browserName, browser);
    browser.owners = new Set([...(browser.owners ?? []), options.owner]);
    const tab = new Tab(world, browser, name);
    world.tabs.add(tab);
    const page = new Page(tab, options);
    pages.set(name, page);
    await tab.run(() => page.open());
  },
  kill({ tab }) {
    const page = pages.get(tab);
    pages.delete(tab);
    page.tab.kill();
    world.tabs.delete(page.tab);
  },
  /** What a page leaves to the next one in its tab, as sessionStorage does; it leaves as pages do, not killed. */
  async leave({ tab }) {
    const page = pages.get(tab);
    const kept = { page: page.options.page, undo: page.undoStack.toJSON(), mine: [...page.mine], heard: page.heard };
    page.tab.run(() => page.session?.close());
    await world.settle();
    COMMANDS.kill({ tab });
    return kept;
  },
  act({ tab, what, number }) {
    const page = pages.get(tab);
    page.tab.run(() => page.act(what, number));
  },
  /** One tab draws and the process of the page ends before anything has come to rest. */
  actAndKill({ tab, what, number }) {
    const page = pages.get(tab);
    page.tab.run(() => page.act(what, number));
    COMMANDS.kill({ tab });
  },
  online({ browser: name, online, told }) {
    const browser = browsers.get(name);
    browser.online = online;
    if (!online) for (const tab of browser.tabs) for (const id of [...tab.requests]) world.fail(id);
    if (online && told) for (const tab of browser.tabs) tab.hear("online");
  },
  respond({ id, answer }) {
    world.respond(id, answer);
  },
  fail({ id }) {
    world.fail(id);
  },
  async advance({ to }) {
    await world.advance(to);
  },
  at() {},
  summaries({ strokes = false }) {
    return Object.fromEntries([...pages].map(([name, page]) => [name, page.summary(strokes)]));
  },
  journals,
};

process.on("unhandledRejection", (error) => world.outbox.push({ kind: "error", text: String(error?.stack ?? error) }));
console.warn = (...words) => world.outbox.push({ kind: "error", text: words.map(String).join(" ") });

const lines = createInterface({ input: process.stdin });
for await (const line of lines) {
  const command = JSON.parse(line);
  let result;
  try {
    if (command.now !== undefined && command.do !== "reset") await world.advance(command.now);
    result = await COMMANDS[command.do](command);
    await world.settle();
  } catch (error) {
    world.outbox.push({ kind: "error", text: String(error?.stack ?? error) });
  }
  const happened = world.outbox;
  world.outbox = [];
  process.stdout.write(`${JSON.stringify({ happened, next: world.nextTimer(), result: result ?? null })}\n`);
}
