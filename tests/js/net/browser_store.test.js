/** The journal on disk, over IndexedDB and over its stand-in in memory: the same suite for both. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { IDBFactory } from "fake-indexeddb";
import { JournalStore, Memory } from "../../../public/js/net/browser_store.js";

/** @param {string} op @param {number} [order] @returns {import("../../../public/js/core/journal.js").Entry} */
const entry = (op, order = 1) => ({ op, order, command: "a", data: `<g>${op}</g>`, state: "waiting" });

for (const [name, factory] of /** @type {[string, IDBFactory|undefined][]} */ ([
  ["IndexedDB", new IDBFactory()],
  ["memory", undefined],
])) {
  test(`${name}: what was written is read, by owner and board`, async () => {
    const store = await JournalStore.open(factory);
    await store.write("u1", "n7", "page", { put: [entry("a"), entry("b")], remove: [] });
    await store.write("u1", "n8", "page", { put: [entry("a")], remove: [] });
    await store.write("u2", "n7", "page", { put: [entry("c")], remove: [] });
    const ops = async (/** @type {string} */ owner, /** @type {string|undefined} */ board) =>
      (await store.read(owner, board)).map((record) => record.entry.op).sort();
    assert.deepEqual(await ops("u1", "n7"), ["a", "b"]);
    assert.deepEqual(await ops("u1", undefined), ["a", "a", "b"]);
    assert.deepEqual(await ops("u2", "n7"), ["c"]);
    await store.write("u1", "n7", "page", { put: [], remove: ["a"] });
    assert.deepEqual(await ops("u1", "n7"), ["b"]);
    assert.deepEqual(await ops("u1", "n8"), ["a"]);
  });

  test(`${name}: a stored entry is a copy`, async () => {
    const store = await JournalStore.open(factory);
    const one = entry("copy");
    await store.write("u5", "n1", "page", { put: [one], remove: [] });
    one.state = "refused";
    assert.equal((await store.read("u5", "n1"))[0].entry.state, "waiting");
  });

  test(`${name}: ink made before sign-up moves, and nothing stays behind`, async () => {
    const store = await JournalStore.open(factory);
    await store.write("browser", "local", "page", { put: [entry("x"), entry("y", 2)], remove: [] });
    await store.move(await store.read("browser", "local"), "u3", "n1");
    assert.deepEqual(await store.read("browser", "local"), []);
    assert.deepEqual((await store.read("u3", "n1")).map((record) => record.entry.op).sort(), ["x", "y"]);
  });

  test(`${name}: logging out erases one owner's entries alone`, async () => {
    const store = await JournalStore.open(factory);
    await store.write("u8", "n1", "page", { put: [entry("x")], remove: [] });
    await store.write("u9", "n1", "page", { put: [entry("y")], remove: [] });
    await store.erase(await store.read("u8"));
    assert.deepEqual(await store.read("u8"), []);
    assert.equal((await store.read("u9")).length, 1);
  });
}

test("where there is no database the page knows that nothing survives a reload", async () => {
  assert.equal((await JournalStore.open(undefined)).durable, false);
  assert.equal((await JournalStore.open(new IDBFactory())).durable, true);
});

class FakeStorage {
  /** @type {Map<string, string>} */ values = new Map();
  /** @param {string} key */
  getItem(key) {
    return this.values.get(key) ?? null;
  }
  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.values.set(key, value);
  }
  /** @param {string} key */
  removeItem(key) {
    this.values.delete(key);
  }
  clear() {
    this.values.clear();
  }
}

/** @returns {Storage} */
const fakeStorage = () => /** @type {any} */ (new FakeStorage());

test("damaged preferences are as good as none", () => {
  const storage = fakeStorage();
  storage.setItem("notebooks.user", "{not json");
  assert.equal(new Memory(storage, fakeStorage()).user, null);
});

test("one id in presence for all tabs of a browser, and a sign-up is taken once", () => {
  const storage = fakeStorage();
  const memory = new Memory(storage, fakeStorage());
  assert.equal(
    memory.client(() => "first"),
    "first",
  );
  assert.equal(
    new Memory(storage, fakeStorage()).client(() => "second"),
    "first",
  );
  memory.noteSignUp();
  assert.deepEqual([memory.takeSignUp(), memory.takeSignUp()], [true, false]);
});

test("logging out forgets the user and the undo stacks", () => {
  const memory = new Memory(fakeStorage(), fakeStorage());
  memory.setUser({ id: 1, username: "Dana" });
  memory.keepUndo("n1", { done: [["op.1"]], undone: [] });
  assert.deepEqual(memory.undo("n1"), { done: [["op.1"]], undone: [] });
  memory.forgetUser();
  assert.equal(memory.user, null);
  assert.equal(memory.undo("n1"), undefined);
});
