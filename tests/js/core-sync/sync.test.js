/** The page's side of the wire as a table of events and actions (P1 to P4, C2, C3, INK.md "By status"). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Journal } from "../../../public/js/core/journal.js";
import { BACKOFF_LAST_MS, Sync } from "../../../public/js/core/sync.js";

const EPOCH = "00000000000000aa";
const OTHER = "00000000000000bb";

/** @param {number} [seq] */
function ready(seq = 10) {
  const sync = new Sync(new Journal(), () => 0.5);
  sync.step({ type: "start" });
  const actions = sync.step({ type: "loaded", seq, epoch: EPOCH });
  return { sync, poll: find(actions, "poll") };
}

/** @param {any[]} actions @param {string} what */
function find(actions, what) {
  return actions.find((action) => action.do === what);
}

/** @param {Sync} sync @param {string} op */
function submit(sync, op) {
  sync.journal.add(op, "a", `<g>${op}</g>`, 1);
  return sync.step({ type: "submitted" });
}

/** @param {number} from @param {string[]} ops */
function answer(from, ops, extra = {}) {
  const data = ops.map((op, i) => ({ seq: from + i + 1, op, command: "a", data: "<g/>" }));
  return {
    status: 200,
    body: { code: 0, epoch: EPOCH, from, to: from + ops.length, more: false, data, ...extra },
  };
}

const stored = (/** @type {[string, number][]} */ ...pairs) => ({
  status: 200,
  body: {
    code: 0,
    seq: pairs.at(-1)?.[1],
    changes: pairs.map(([op, seq]) => ({ op, seq, id: String(seq) })),
  },
});

test("p1 polls follow each other without a gap", () => {
  const { sync, poll } = ready(10);
  assert.deepEqual([poll.since, poll.epoch], [10, EPOCH]);
  const actions = sync.step({ type: "polled", ticket: poll.ticket, answer: answer(10, ["x", "y"]) });
  assert.equal(find(actions, "apply").answer.to, 12);
  assert.equal(find(actions, "poll").since, 12);
});

test("p1 an answer that does not continue what is held makes the page load again", () => {
  for (const body of [
    answer(11, ["x"]),
    answer(10, ["x"], { epoch: OTHER }),
    answer(10, [], { reload: true }),
  ]) {
    const { sync, poll } = ready(10);
    const actions = sync.step({ type: "polled", ticket: poll.ticket, answer: body });
    assert.deepEqual(
      actions.map((action) => action.do),
      ["load"],
    );
  }
});

test("p2 an empty answer only polls again", () => {
  const { sync, poll } = ready(10);
  const actions = sync.step({ type: "polled", ticket: poll.ticket, answer: answer(10, []) });
  assert.equal(find(actions, "poll").since, 10);
});

test("p3 409 and 410 load again and send own unacknowledged changes again", () => {
  for (const status of [409, 410]) {
    const { sync, poll } = ready(10);
    submit(sync, "mine");
    sync.step({ type: "posted", answer: stored(["mine", 11]) });
    assert.deepEqual(
      sync.step({ type: "polled", ticket: poll.ticket, answer: { status } }).map((a) => a.do),
      ["load"],
    );
    const actions = sync.step({ type: "loaded", seq: 3, epoch: OTHER });
    assert.deepEqual(
      find(actions, "post").changes.map((/** @type {any} */ c) => c[2]),
      ["mine"],
    );
  }
});

test("the answer to a poll from before a load is ignored", () => {
  const { sync, poll } = ready(10);
  sync.step({ type: "polled", ticket: poll.ticket, answer: { status: 410 } });
  sync.step({ type: "loaded", seq: 20, epoch: OTHER });
  assert.deepEqual(sync.step({ type: "polled", ticket: poll.ticket, answer: answer(10, ["x"]) }), []);
  assert.equal(sync.seq, 20);
});

test("p4 404 ends it; what was not stored goes to the tray", () => {
  const { sync, poll } = ready(10);
  submit(sync, "mine");
  const actions = sync.step({
    type: "polled",
    ticket: poll.ticket,
    answer: { status: 404, body: { reason: "share_gone" } },
  });
  assert.equal(sync.phase, "gone");
  assert.equal(find(actions, "drop").op, "mine");
  assert.equal(sync.journal.entry("mine")?.reason, "share_gone");
});

test("one post at a time, in order", () => {
  const { sync } = ready(10);
  assert.deepEqual(find(submit(sync, "a"), "post").changes.length, 1);
  assert.deepEqual(submit(sync, "b"), []);
  assert.deepEqual(submit(sync, "c"), []);
  const actions = sync.step({ type: "posted", answer: stored(["a", 11]) });
  assert.deepEqual(
    find(actions, "post").changes.map((/** @type {any} */ c) => c[2]),
    ["b", "c"],
  );
});

test("nothing is posted before the notebook is loaded", () => {
  const sync = new Sync(new Journal(), () => 0.5);
  assert.deepEqual(submit(sync, "a"), []);
  sync.step({ type: "start" });
  assert.deepEqual(submit(sync, "b"), []);
  assert.equal(find(sync.step({ type: "loaded", seq: 0, epoch: EPOCH }), "post").changes.length, 2);
});

test("c3 a lost answer is asked for again with the same op", () => {
  const { sync } = ready(10);
  const first = find(submit(sync, "a"), "post").changes;
  const rest = sync.step({ type: "posted", answer: { status: 0 } });
  assert.equal(find(rest, "timer").what, "post");
  const again = sync.step({ type: "timer", what: "post" });
  assert.deepEqual(find(again, "post").changes, first);
  assert.equal(sync.saved, "offline");
});

test("retry on no answer, 408, 429, 500, 502 to 504, 507", () => {
  for (const status of [0, 408, 429, 500, 502, 503, 504, 507]) {
    const { sync } = ready();
    submit(sync, "a");
    const actions = sync.step({ type: "posted", answer: { status } });
    assert.deepEqual(
      actions.map((action) => action.do),
      ["timer"],
      String(status),
    );
    assert.equal(sync.journal.waiting, 1);
  }
});

test("keep and ask to log in on 401; go on after it", () => {
  const { sync } = ready();
  submit(sync, "a");
  sync.step({ type: "posted", answer: { status: 401 } });
  assert.equal(sync.phase, "login");
  assert.equal(sync.journal.waiting, 1);
  assert.equal(sync.saved, "offline");
  assert.deepEqual(
    sync.step({ type: "logged-in" }).map((action) => action.do),
    ["load"],
  );
  assert.ok(find(sync.step({ type: "loaded", seq: 10, epoch: EPOCH }), "post"));
});

test("tray on 400, 403, 413, 415, 422; the others are sent on", () => {
  for (const status of [400, 403, 413, 415, 422]) {
    const { sync } = ready();
    submit(sync, "a");
    sync.step({ type: "posted", answer: { status: 503 } });
    submit(sync, "b");
    sync.step({ type: "wake" });
    const body = { code: 1, data: "No.", reason: "bad_change", op: "a", index: 0 };
    const actions = sync.step({ type: "posted", answer: { status, body } });
    assert.equal(find(actions, "drop").op, "a", String(status));
    assert.deepEqual(
      find(actions, "post").changes.map((/** @type {any} */ c) => c[2]),
      ["b"],
    );
  }
});

test("a refusal without a name is narrowed down to the one change", () => {
  const { sync } = ready();
  submit(sync, "a");
  sync.step({ type: "posted", answer: { status: 503 } });
  for (const op of ["b", "c"]) submit(sync, op);
  let actions = sync.step({ type: "wake" });
  while (find(actions, "post")?.changes.length > 1) {
    actions = sync.step({
      type: "posted",
      answer: { status: 413, body: { code: 1, reason: "body_too_big" } },
    });
  }
  actions = sync.step({ type: "posted", answer: { status: 413, body: { code: 1, reason: "body_too_big" } } });
  assert.equal(find(actions, "drop").op, "a");
  assert.equal(find(actions, "post").changes.length, 2);
});

test("409 on a save loads again first, and sets the change aside when it comes again", () => {
  const { sync } = ready();
  submit(sync, "a");
  const conflict = { status: 409, body: { code: 1, reason: "op_reused", op: "a", index: 0 } };
  assert.deepEqual(
    sync.step({ type: "posted", answer: conflict }).map((action) => action.do),
    ["load"],
  );
  sync.step({ type: "loaded", seq: 10, epoch: EPOCH });
  assert.equal(find(sync.step({ type: "posted", answer: conflict }), "drop").op, "a");
});

test("a save answered under another epoch than it was sent under is sent again", () => {
  const { sync, poll } = ready(10);
  submit(sync, "mine");
  sync.step({ type: "polled", ticket: poll.ticket, answer: { status: 409 } });
  sync.step({ type: "loaded", seq: 100, epoch: OTHER });
  const actions = sync.step({ type: "posted", answer: stored(["mine", 50]) });
  assert.equal(sync.journal.entry("mine")?.state, "waiting");
  assert.equal(find(actions, "answered"), undefined, "the board would take it for stored, and hide it");
  assert.deepEqual(
    find(actions, "post").changes.map((/** @type {any} */ c) => c[2]),
    ["mine"],
  );
});

test("p3 changes are posted under the epoch they were chosen in; under another one they are loaded for and kept", () => {
  const { sync } = ready(10);
  const post = find(submit(sync, "mine"), "post");
  assert.equal(post.epoch, EPOCH);
  for (let times = 0; times < 3; times++) {
    const answer = { status: 409, body: { code: 1, reason: "other_epoch", seq: 2, epoch: OTHER } };
    assert.ok(find(sync.step({ type: "posted", answer }), "load"));
    assert.equal(find(sync.step({ type: "loaded", seq: 2, epoch: OTHER }), "post").epoch, OTHER);
    assert.equal(sync.journal.entry("mine")?.state, "waiting");
  }
});

test("backoff grows from a quarter second to eight, and Retry-After is honoured", () => {
  const { sync } = ready();
  submit(sync, "a");
  const waits = [];
  for (let i = 0; i < 8; i++) {
    waits.push(find(sync.step({ type: "posted", answer: { status: 0 } }), "timer").afterMs);
    sync.step({ type: "timer", what: "post" });
  }
  assert.deepEqual(waits.slice(0, 4), [250, 500, 1000, 2000]);
  assert.equal(waits.at(-1), BACKOFF_LAST_MS);
  const asked = sync.step({ type: "posted", answer: { status: 503, retryAfterMs: 20_000 } });
  assert.equal(find(asked, "timer").afterMs, 20_000);
});

test("the line is back: everything resting goes at once", () => {
  const { sync, poll } = ready();
  submit(sync, "a");
  sync.step({ type: "posted", answer: { status: 0 } });
  sync.step({ type: "polled", ticket: poll.ticket, answer: { status: 0 } });
  assert.deepEqual(
    sync
      .step({ type: "wake" })
      .map((action) => action.do)
      .sort(),
    ["poll", "post"],
  );
});

test("what keeps the server from storing is told until it stores again", () => {
  const { sync } = ready(10);
  submit(sync, "a");
  sync.step({ type: "posted", answer: { status: 507, body: { code: 1, reason: "disk_full" } } });
  assert.deepEqual([sync.saved, sync.trouble], ["offline", "disk_full"]);
  sync.step({ type: "timer", what: "post" });
  sync.step({ type: "posted", answer: { status: 0 } });
  assert.deepEqual([sync.saved, sync.trouble], ["offline", ""], "now it cannot be reached at all");
  sync.step({ type: "timer", what: "post" });
  sync.step({ type: "posted", answer: { status: 503, body: { code: 1, reason: "storage_down" } } });
  assert.equal(sync.trouble, "storage_down");
  sync.step({ type: "timer", what: "post" });
  sync.step({ type: "posted", answer: stored(["a", 11]) });
  assert.deepEqual([sync.saved, sync.trouble], ["yes", ""]);
});

test("the state in words: sending until acknowledged, stored before it is seen", () => {
  const { sync } = ready();
  assert.equal(sync.saved, "yes");
  submit(sync, "a");
  assert.equal(sync.saved, "sending");
  sync.step({ type: "posted", answer: stored(["a", 11]) });
  assert.equal(sync.saved, "yes");
  assert.equal(sync.journal.live().length, 1);
});

test("after a stop nothing happens any more", () => {
  const { sync, poll } = ready();
  sync.step({ type: "stop" });
  assert.deepEqual(submit(sync, "a"), []);
  assert.deepEqual(sync.step({ type: "polled", ticket: poll.ticket, answer: answer(10, ["x"]) }), []);
  assert.deepEqual(sync.step({ type: "wake" }), []);
});

/** A small server in memory, for seeded runs with loss, doubling and restored databases. */
class Server {
  constructor() {
    /** @type {string[]} */ this.log = [];
    this.epoch = EPOCH;
  }

  /** @param {[string, any, string][]} changes */
  save(changes) {
    for (const [, , op] of changes) if (!this.log.includes(op)) this.log.push(op);
    return stored(
      ...changes.map(([, , op]) => /** @type {[string, number]} */ ([op, this.log.indexOf(op) + 1])),
    );
  }

  /** @param {{since: number, epoch: string}} cursor */
  poll({ since, epoch }) {
    if (epoch !== this.epoch || since > this.log.length) return { status: 409, body: { code: 1 } };
    const ops = this.log.slice(since);
    return answer(since, ops, { epoch: this.epoch });
  }
}

/** @param {number} seed */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("c4 seeded runs with loss, reloads and restores lose nothing and double nothing", () => {
  for (let seed = 1; seed <= 200; seed++) run(seed);
});

/** @param {number} seed */
function run(seed) {
  const random = generator(seed);
  const server = new Server();
  /** @type {Map<string, any>} */ const disk = new Map();
  /** @type {any[]} */ let todo = [];
  /** @type {Sync} */ let sync = new Sync(new Journal(), random);
  const keep = (/** @type {any} */ writes) => {
    for (const op of writes.remove) disk.delete(op);
    for (const entry of writes.put) disk.set(entry.op, structuredClone(entry));
  };
  const enqueue = (/** @type {any[]} */ actions) => {
    for (const action of actions) if (action.do === "store") keep(action.writes);
    todo.push(...actions.filter((action) => ["load", "poll", "post", "timer"].includes(action.do)));
  };
  const restart = () => {
    todo = [];
    sync = new Sync(new Journal([...disk.values()].map((entry) => structuredClone(entry))), random);
    enqueue(sync.step({ type: "start" }));
  };
  const perform = (/** @type {any} */ action, /** @type {boolean} */ calm) => {
    const lost = !calm && random() < 0.3;
    if (action.do === "timer") enqueue(sync.step({ type: "timer", what: action.what }));
    else if (action.do === "load") {
      if (lost) enqueue(sync.step({ type: "load-failed", answer: { status: 0 } }));
      else enqueue(sync.step({ type: "loaded", seq: server.log.length, epoch: server.epoch }));
    } else if (action.do === "post") {
      const reached = !lost || random() < 0.5;
      const done = reached ? server.save(action.changes) : { status: 0 };
      enqueue(sync.step({ type: "posted", answer: lost ? { status: 0 } : done }));
    } else {
      const polled = lost ? { status: 0 } : server.poll(action);
      enqueue(sync.step({ type: "polled", ticket: action.ticket, answer: polled }));
    }
  };
  enqueue(sync.step({ type: "start" }));
  let made = 0;
  for (let i = 0; i < 120; i++) {
    const dice = random();
    if (dice < 0.3) {
      made += 1;
      keep(sync.journal.add(`op.${made}`, "a", "<g/>", made));
      enqueue(sync.step({ type: "submitted" }));
    } else if (dice < 0.34) restart();
    else if (dice < 0.36) server.log.push(`other.${i}`);
    else if (todo.length) perform(todo.splice(Math.floor(random() * todo.length), 1)[0], false);
  }
  for (let i = 0; i < 60 && todo.length; i++) perform(/** @type {any} */ (todo.shift()), true);
  const mine = server.log.filter((op) => op.startsWith("op."));
  assert.equal(mine.length, made, `seed ${seed}: ${made - mine.length} lost`);
  assert.equal(new Set(server.log).size, server.log.length, `seed ${seed}: doubled`);
  assert.equal(sync.journal.live().length, 0, `seed ${seed}: the journal is not empty`);
  assert.equal(disk.size, 0, `seed ${seed}: the disk is not empty`);
}
