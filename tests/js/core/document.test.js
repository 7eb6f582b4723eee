import assert from "node:assert/strict";
import { test } from "node:test";
import { NotebookDocument } from "../../../public/js/core/document.js";
import { formatStroke, withId } from "../../../public/js/core/fragment.js";
import * as serverInk from "../../../public/js/core/server_ink.js";
import { random, scribble } from "./ink_samples.js";

const STROKE = formatStroke({ points: scribble(1), width: 30, tool: "pen", fill: "#000000" });
const OTHER = formatStroke({ points: scribble(2), width: 30, tool: "pen", fill: "#000000" });

/** A server's log in small: numbers changes and answers polls. */
class Log {
  entries = [];
  ids = 0;

  /** @returns the entry */
  add(op, command, data, author = "u2") {
    const entry = {
      seq: this.entries.length + 1,
      command,
      data,
      op,
      author: { id: author, name: author },
      at: 0,
    };
    if (command === "a") {
      entry.id = String(++this.ids);
      entry.data = withId(data, entry.id);
    }
    if (command === "c") entry.id = String(this.ids);
    this.entries.push(entry);
    return entry;
  }

  /** @returns a poll's answer after `since` */
  after(since, extra = {}) {
    const data = this.entries.slice(since);
    return { from: since, to: this.entries.length, data, ...extra };
  }
}

function notebook() {
  const made = new NotebookDocument();
  made.equip(serverInk);
  made.load({ seq: 0, epoch: "e", strokes: [] });
  return made;
}

/** @param {NotebookDocument} book */
function shown(book) {
  return book.visible().map((stroke) => stroke.key);
}

test("entries of others are applied in order of seq", () => {
  const [book, log] = [notebook(), new Log()];
  log.add("x1", "a", STROKE);
  log.add("x2", "a", OTHER);
  log.add("x3", "e", { ids: ["1"] });
  assert.equal(book.applyAnswer(log.after(0)), "ok");
  assert.deepEqual(shown(book), ["2"]);
  assert.equal(book.seq, 3);
});

test("test_p1 an answer that leaves a gap, or asks for it, means reload", () => {
  const book = notebook();
  assert.equal(book.applyAnswer({ from: 3, to: 4, data: [] }), "reload");
  assert.equal(book.applyAnswer({ from: 0, to: 4, data: [], reload: true }), "reload");
});

test("an own stroke that comes back under its op is only renamed: nothing is drawn again", () => {
  const [book, log] = [notebook(), new Log()];
  book.addPending({ op: "m1", command: "a", data: STROKE });
  const before = book.stroke("op:m1");
  const seen = [];
  book.subscribe((change) => seen.push(change));
  log.add("m1", "a", STROKE, "u1");
  book.applyAnswer(log.after(0));
  assert.equal(seen.length, 1);
  assert.deepEqual([seen[0].added.size, seen[0].removed.size, seen[0].changed.size], [0, 0, 0]);
  assert.deepEqual([...seen[0].renamed], [before]);
  assert.deepEqual(shown(book), ["1"]);
  assert.equal(book.stroke("op:m1"), before);
  assert.equal(book.pending.size, 0);
});

test("others' strokes lie below one's own pending ones until those have their numbers", () => {
  const [book, log] = [notebook(), new Log()];
  book.addPending({ op: "m1", command: "a", data: STROKE });
  log.add("x1", "a", OTHER);
  book.applyAnswer(log.after(0));
  assert.deepEqual(shown(book), ["1", "op:m1"]);
  log.add("m1", "a", STROKE);
  book.applyAnswer(log.after(1));
  assert.deepEqual(shown(book), ["1", "2"]);
});

test("test_c6 undoing an erasure shows only what nobody else erased", () => {
  const [book, log] = [notebook(), new Log()];
  log.add("x1", "a", STROKE);
  log.add("x2", "a", OTHER);
  book.applyAnswer(log.after(0));
  book.addPending({ op: "m1", command: "e", data: { ids: ["1", "2"] } });
  assert.deepEqual(shown(book), []);
  log.add("x3", "e", { ids: ["2"] });
  book.applyAnswer(log.after(2));
  book.addPending({ op: "m2", command: "u", data: { op: "m1" } });
  assert.deepEqual(shown(book), ["1"]);
  book.addPending({ op: "m3", command: "r", data: { op: "m1" } });
  assert.deepEqual(shown(book), []);
});

test("test_c6 undo and redo of a stroke, pending and confirmed", () => {
  const [book, log] = [notebook(), new Log()];
  book.addPending({ op: "m1", command: "a", data: STROKE });
  book.addPending({ op: "m2", command: "u", data: { op: "m1" } });
  assert.deepEqual(shown(book), []);
  log.add("m1", "a", STROKE);
  log.add("m2", "u", { op: "m1" });
  book.applyAnswer(log.after(0, { hidden: ["1"] }));
  assert.deepEqual(shown(book), []);
  book.addPending({ op: "m3", command: "r", data: { op: "m1" } });
  assert.deepEqual(shown(book), ["1"]);
  log.add("m3", "r", { op: "m1" });
  book.applyAnswer(log.after(2, { strokes: { 1: withId(STROKE, "1") } }));
  assert.deepEqual(shown(book), ["1"]);
});

test("test_c1 a clear hides what its author had seen; later strokes stay", () => {
  const [book, log] = [notebook(), new Log()];
  log.add("x1", "a", STROKE);
  book.applyAnswer(log.after(0));
  book.addPending({ op: "m1", command: "c", data: { upto: 1 } });
  assert.deepEqual(shown(book), []);
  const clear = log.add("m1", "c", { upto: 1 });
  log.add("x2", "a", OTHER);
  assert.equal(clear.id, "1");
  book.applyAnswer(log.after(1));
  assert.deepEqual(shown(book), ["2"]);
  book.addPending({ op: "m2", command: "u", data: { op: "m1" } });
  assert.deepEqual(shown(book), ["1", "2"]);
});

test("a refused change is taken out again", () => {
  const [book, log] = [notebook(), new Log()];
  log.add("x1", "a", STROKE);
  book.applyAnswer(log.after(0));
  book.addPending({ op: "m1", command: "a", data: OTHER });
  book.addPending({ op: "m2", command: "e", data: { ids: ["1", "op:m1"] } });
  book.addPending({ op: "m3", command: "m", data: { ids: ["1"], by: [10, 0] } });
  for (const op of ["m1", "m2", "m3"]) book.dropPending(op);
  assert.deepEqual(shown(book), ["1"]);
  assert.equal(book.stroke("1")?.text, withId(STROKE, "1"));
});

test("moves and colours are shown at once and match the server's", () => {
  const [book, log] = [notebook(), new Log()];
  log.add("x1", "a", STROKE);
  book.applyAnswer(log.after(0));
  book.addPending({ op: "m1", command: "m", data: { ids: ["1"], by: [100, 5], scale: [2, 0, 0] } });
  book.addPending({ op: "m2", command: "s", data: { ids: ["1"], fill: "#ff0000" } });
  const moved = book.stroke("1")?.text ?? "";
  assert.match(moved, /data-w="60".*fill="#ff0000"/);
  const seen = [];
  book.subscribe((change) => seen.push(change));
  log.add("m1", "m", { ids: ["1"], by: [100, 5], scale: [2, 0, 0] });
  log.add("m2", "s", { ids: ["1"], fill: "#ff0000" });
  book.applyAnswer(log.after(1));
  assert.equal(book.stroke("1")?.text, moved);
  assert.equal(seen.length, 0);
  book.addPending({ op: "m3", command: "u", data: { op: "m1" } });
  assert.match(book.stroke("1")?.text ?? "", /data-w="30".*fill="#ff0000"/);
});

test("test_c6 two cut the same stroke, one undoes: the other's cut stays", () => {
  const [book, log] = [notebook(), new Log()];
  log.add("x1", "a", STROKE);
  book.applyAnswer(log.after(0));
  book.addPending({ op: "m1", command: "e", data: { cuts: { 1: [[100, 200]] } } });
  assert.match(book.stroke("1")?.text ?? "", /data-cuts="100-200"/);
  log.add("x2", "e", { cuts: { 1: [[150, 400]] } });
  log.add("m1", "e", { cuts: { 1: [[100, 200]] } });
  book.applyAnswer(log.after(1));
  assert.match(book.stroke("1")?.text ?? "", /data-cuts="100-400"/);
  book.addPending({ op: "m2", command: "u", data: { op: "m1" } });
  assert.match(book.stroke("1")?.text ?? "", /data-cuts="150-400"/);
});

test("the server's strokes and hidden are the last word, as of to", () => {
  const [book, log] = [notebook(), new Log()];
  book.load({ seq: 5, epoch: "e", strokes: [{ id: "3", fragment: STROKE }] });
  assert.equal(
    book.applyAnswer({ from: 5, to: 6, data: [], strokes: { 2: withId(OTHER, "2") }, hidden: ["3"] }),
    "ok",
  );
  assert.deepEqual(shown(book), ["2"]);
  assert.equal(log.ids, 0);
});

test("test_c6 what is hidden for a reason from before the load stays so when a known reason is taken back", () => {
  const book = notebook();
  book.load({ seq: 5, epoch: "e", strokes: [{ id: "3", fragment: STROKE }] });
  const entry = (seq, command, data, op) => ({
    seq,
    command,
    data,
    op,
    id: command === "c" ? "3" : undefined,
  });
  const answer = (one, extra = {}) =>
    book.applyAnswer({ from: one.seq - 1, to: one.seq, data: [one], ...extra });
  answer(entry(6, "c", { upto: 5 }, "x1"));
  answer(entry(7, "u", { op: "drew-3" }, "x2"), { hidden: ["3"] });
  book.addPending({ op: "m1", command: "u", data: { op: "x1" } });
  // The clear alone is known here, so its undo shows the stroke until the server has spoken; it does not name it.
  answer(entry(8, "u", { op: "x1" }, "m1"));
  assert.deepEqual(shown(book), []);
  answer(entry(9, "r", { op: "drew-3" }, "x3"), { strokes: { 3: withId(STROKE, "3") } });
  assert.deepEqual(shown(book), ["3"]);
});

test("test_c6 an own undo shows at once what a known erasure hid, and the server's word ends it", () => {
  const book = notebook();
  book.load({ seq: 5, epoch: "e", strokes: [{ id: "3", fragment: STROKE }] });
  const turn = (seq, command, extra) =>
    book.applyAnswer({
      from: seq - 1,
      to: seq,
      data: [{ seq, command, data: { op: "m1" }, op: `t${seq}` }],
      ...extra,
    });
  book.addPending({ op: "m1", command: "e", data: { ids: ["3"] } });
  book.applyAnswer({ from: 5, to: 6, data: [{ seq: 6, command: "e", data: { ids: ["3"] }, op: "m1" }] });
  turn(7, "u", { strokes: { 3: withId(STROKE, "3") } });
  turn(8, "r", { hidden: ["3"] });
  assert.deepEqual(shown(book), []);
  book.addPending({ op: "m2", command: "u", data: { op: "m1" } });
  assert.deepEqual(shown(book), ["3"]);
  book.dropPending("m2");
  assert.deepEqual(shown(book), []);
});

test("test_p3 which strokes a change touches is the log's word, also where the page had thought otherwise", () => {
  const [book, log] = [notebook(), new Log()];
  book.addPending({ op: "m1", command: "a", data: STROKE });
  book.addPending({ op: "m2", command: "s", data: { ids: ["op:m1"], fill: "#d9cf06" } });
  const before = log.add("m2", "s", { ids: [], fill: "#d9cf06" }, "u1"); // after a restore: m1 is not known (yet)
  log.add("m1", "a", STROKE, "u1");
  assert.equal(before.seq, 1);
  book.applyAnswer(log.after(0));
  assert.deepEqual(
    book.visible().map((stroke) => stroke.text),
    [withId(STROKE, "1")],
  );
});

test("test_c3 what was stored before the page was loaded is not shown twice", () => {
  const book = notebook();
  book.load({ seq: 9, epoch: "e", strokes: [{ id: "4", fragment: STROKE }] });
  book.addPending({ op: "m1", command: "a", data: STROKE });
  book.addPending({ op: "m2", command: "e", data: { ids: ["op:m1"] } });
  book.confirm("m1", { seq: 7, id: "4" });
  assert.equal(book.strokes.size, 1);
  assert.equal(book.stroke("op:m1"), book.stroke("4"));
});

test("confirming what the log has not brought yet keeps it on the page", () => {
  const book = notebook();
  book.addPending({ op: "m1", command: "a", data: STROKE });
  book.confirm("m1", { seq: 1, id: "1" });
  assert.deepEqual(shown(book), ["op:m1"]);
});

test("the last paper in force wins, and undo brings the one before", () => {
  const [book, log] = [notebook(), new Log()];
  log.add("x1", "p", { paper: "ruled", margin: "left" });
  book.applyAnswer(log.after(0));
  book.addPending({ op: "m1", command: "p", data: { paper: "dotted", margin: "none" } });
  assert.equal(book.paper.paper, "dotted");
  book.addPending({ op: "m2", command: "u", data: { op: "m1" } });
  assert.equal(book.paper.paper, "ruled");
});

test("n undos and n redos give the identical page", () => {
  const [book, next] = [notebook(), random(3)];
  const ops = [];
  for (let i = 0; i < 60; i++) {
    const op = `m${i}`;
    const keys = [...book.strokes.keys()];
    const key = keys[Math.floor(next() * keys.length)];
    const kind = Math.floor(next() * 5);
    if (kind < 2 || !key) book.addPending({ op, command: "a", data: next() < 0.5 ? STROKE : OTHER });
    else if (kind === 2) book.addPending({ op, command: "e", data: { ids: [key] } });
    else if (kind === 3) book.addPending({ op, command: "m", data: { ids: [key], by: [i, -i] } });
    else book.addPending({ op, command: "e", data: { cuts: { [key]: [[i * 10, i * 10 + 90]] } } });
    ops.push(op);
  }
  const before = book.visible().map((stroke) => stroke.text);
  [...ops].reverse().forEach((target, i) => {
    book.addPending({ op: `u${i}`, command: "u", data: { op: target } });
  });
  assert.deepEqual(shown(book), []);
  ops.forEach((target, i) => {
    book.addPending({ op: `r${i}`, command: "r", data: { op: target } });
  });
  assert.ok(
    book
      .visible()
      .map((stroke) => stroke.text)
      .join() === before.join(),
  );
});

test("of several own undos and redos of one stroke that wait, the last one left holds", () => {
  const book = notebook();
  book.addPending({ op: "m1", command: "a", data: STROKE });
  book.addPending({ op: "m2", command: "u", data: { op: "m1" } });
  book.addPending({ op: "m3", command: "r", data: { op: "m1" } });
  book.addPending({ op: "m4", command: "u", data: { op: "m1" } });
  assert.deepEqual(shown(book), []);
  book.dropPending("m4");
  assert.deepEqual(shown(book), ["op:m1"], "the redo before it holds");
  book.dropPending("m3");
  assert.deepEqual(shown(book), []);
  book.dropPending("m2");
  assert.deepEqual(shown(book), ["op:m1"]);
});

test("a stroke that is looked at again costs no walk over the changes that wait", () => {
  const [book, log] = [notebook(), new Log()];
  for (let i = 0; i < 500; i++) book.addPending({ op: `m${i}`, command: "a", data: STROKE });
  let walks = 0;
  for (const walk of ["values", "entries", "keys", "forEach", Symbol.iterator]) {
    const original = book.pending[walk];
    book.pending[walk] = (...given) => {
      walks += 1;
      return original.apply(book.pending, given);
    };
  }
  book.addPending({ op: "turn", command: "u", data: { op: "m7" } });
  for (let i = 0; i < 100; i++) log.add(`x${i}`, "a", OTHER);
  log.add("paper", "p", { paper: "grid", margin: "none" });
  log.add("wipe", "c", { upto: 100 });
  book.applyAnswer(log.after(0));
  assert.equal(shown(book).length, 499);
  for (let i = 0; i < 500; i++) book.dropPending(`m${i}`);
  assert.equal(walks, 0);
});

test("whatever the order of pending and confirmed, the page ends like the log alone", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const next = random(seed);
    const [mine, plain, log] = [notebook(), notebook(), new Log()];
    const waiting = [];
    for (let i = 0; i < 40; i++) {
      const id = String(1 + Math.floor(next() * Math.max(1, log.ids)));
      const kind = Math.floor(next() * 5);
      /** @type {[string, any]} */
      let change = ["a", next() < 0.5 ? STROKE : OTHER];
      if (log.ids && kind === 1) change = ["e", { ids: [id] }];
      if (log.ids && kind === 2) change = ["m", { ids: [id], by: [7, i] }];
      if (log.ids && kind === 3) change = ["e", { cuts: { [id]: [[i, i + 200]] } }];
      if (log.ids && kind === 4) change = ["s", { ids: [id], fill: `#0000${10 + i}` }];
      if (next() < 0.5) {
        mine.addPending({ op: `m${i}`, command: change[0], data: change[1] });
        waiting.push([`m${i}`, ...change]);
      } else log.add(`x${i}`, ...change);
      if (next() < 0.4) {
        const first = waiting.shift();
        if (first) log.add(...first);
        mine.applyAnswer(log.after(mine.seq));
      }
    }
    for (const one of waiting) log.add(...one);
    mine.applyAnswer(log.after(mine.seq));
    plain.applyAnswer(log.after(0));
    const texts = (/** @type {NotebookDocument} */ book) => book.visible().map((stroke) => stroke.text);
    assert.ok(texts(mine).join() === texts(plain).join(), `seed ${seed}`);
    assert.equal(mine.index.query({ x0: -1e6, y0: -1e6, x1: 1e6, y1: 1e6 }).size, mine.shownCount);
  }
});
