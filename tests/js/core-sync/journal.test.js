/** The journal: nothing leaves before it is seen in the log, nothing is sent twice under another name. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BATCH_BYTES, BATCH_CHANGES, Journal, opMaker } from "../../../public/js/core/journal.js";

const EPOCH = "00000000000000aa";

/** @param {number} n */
function filled(n) {
  const journal = new Journal();
  for (let i = 1; i <= n; i++) journal.add(`op.${i}`, "a", `<g>${i}</g>`, 1000);
  return journal;
}

test("c1 ops are unique, 1 to 64 of A-Za-z0-9._-", () => {
  const make = opMaker(() => "abcDEF_-0123");
  const ops = Array.from({ length: 100 }, make);
  assert.equal(new Set(ops).size, 100);
  for (const op of ops) assert.match(op, /^[A-Za-z0-9._-]{1,64}$/);
});

test("a batch is the oldest changes in order, at most 64", () => {
  const batch = filled(100).nextBatch();
  assert.equal(batch.length, BATCH_CHANGES);
  assert.deepEqual(batch[0], ["a", "<g>1</g>", "op.1"]);
  assert.equal(batch.at(-1)?.[2], "op.64");
});

test("a batch is at most 512 KiB, but a single big change goes all the same", () => {
  const journal = new Journal();
  const big = "ש".repeat(100 * 1024);
  for (let i = 0; i < 5; i++) journal.add(`op.${i}`, "a", big, i);
  const batch = journal.nextBatch();
  assert.ok(Buffer.byteLength(JSON.stringify(batch)) <= BATCH_BYTES);
  assert.equal(batch.length, 2);
  const single = new Journal();
  single.add("one", "a", "x".repeat(2 * BATCH_BYTES), 1);
  assert.equal(single.nextBatch().length, 1);
});

test("an acknowledged change stays until its op is seen in the log", () => {
  const journal = filled(2);
  const writes = journal.acknowledge([{ op: "op.1", seq: 5 }], EPOCH, 4);
  assert.deepEqual(writes.remove, []);
  assert.equal(journal.waiting, 1);
  assert.deepEqual(
    journal.live().map((entry) => entry.op),
    ["op.1", "op.2"],
  );
  assert.deepEqual(journal.seen(["op.1", "somebody.else"]).remove, ["op.1"]);
  assert.equal(journal.entry("op.1"), undefined);
});

test("c3 an acknowledgement with a number the page already holds is as good as seen", () => {
  const journal = filled(1);
  assert.deepEqual(journal.acknowledge([{ op: "op.1", seq: 5 }], EPOCH, 7).remove, ["op.1"]);
});

test("p3 a load keeps what it does not include and sends it again", () => {
  const journal = filled(3);
  journal.acknowledge(
    [
      { op: "op.1", seq: 5 },
      { op: "op.2", seq: 6 },
    ],
    EPOCH,
    0,
  );
  const writes = journal.loaded(5, EPOCH);
  assert.deepEqual(writes.remove, ["op.1"]);
  assert.deepEqual(
    journal.nextBatch().map((change) => change[2]),
    ["op.2", "op.3"],
  );
});

test("p3 under another epoch every acknowledged change is sent again", () => {
  const journal = filled(1);
  journal.acknowledge([{ op: "op.1", seq: 5 }], EPOCH, 0);
  journal.loaded(100, "00000000000000bb");
  assert.deepEqual(
    journal.nextBatch().map((change) => change[2]),
    ["op.1"],
  );
});

test("a refused change leaves the queue, not the journal, and can be tried again at its end", () => {
  const journal = filled(2);
  journal.refuse("op.1", "bad_fragment", "No.");
  assert.deepEqual(
    journal.nextBatch().map((change) => change[2]),
    ["op.2"],
  );
  assert.deepEqual(
    journal.live().map((entry) => entry.op),
    ["op.2"],
  );
  assert.equal(journal.inState("refused")[0].reason, "bad_fragment");
  journal.retry("op.1", 2000);
  assert.deepEqual(
    journal.nextBatch().map((change) => change[2]),
    ["op.2", "op.1"],
  );
});

test("only refused changes can be given up", () => {
  const journal = filled(2);
  assert.deepEqual(journal.discard("op.1").remove, []);
  journal.refuse("op.2", "x", "");
  assert.deepEqual(journal.discard("op.2").remove, ["op.2"]);
});

test("a reload finds the same journal, in the same order", () => {
  const before = filled(5);
  const stored = before.live().map((entry) => structuredClone(entry));
  const after = new Journal(stored.reverse());
  assert.deepEqual(after.nextBatch(), before.nextBatch());
  after.add("later", "a", "x", 0);
  assert.equal(after.nextBatch().at(-1)?.[2], "later");
});

test("halving narrows a refusal without a name down to one change", () => {
  const journal = filled(5);
  const sizes = [];
  for (let i = 0; i < 4; i++) {
    journal.halveBatch();
    sizes.push(journal.nextBatch().length);
  }
  assert.deepEqual(sizes, [2, 1, 1, 1]);
});
