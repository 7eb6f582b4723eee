/** The page's way to the server: addresses, envelope, failures, Retry-After. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  addressOf,
  call,
  documentPath,
  exchange,
  Failure,
  pollPath,
  targetOf,
  writePath,
} from "../../../public/js/net/api.js";

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** @param {number} status @param {string} body @param {Record<string, string>} [headers] */
function serve(status, body, headers = {}) {
  /** @type {any[]} */
  const calls = [];
  globalThis.fetch = /** @type {any} */ (
    async (/** @type {string} */ path, /** @type {any} */ options) => {
      calls.push({ path, ...options });
      return new Response(body, { status, headers });
    }
  );
  return calls;
}

test("a success is its envelope", async () => {
  const calls = serve(200, '{"code":0,"data":{"id":7}}');
  assert.deepEqual((await call("POST", "/SAVENEWNB", { title: "t" })).data, { id: 7 });
  assert.equal(calls[0].headers["Content-Type"], "application/json");
  assert.equal(calls[0].body, '{"title":"t"}');
});

test("h3 a refusal is a Failure with status, reason, sentence and the rest", async () => {
  serve(409, '{"code":1,"data":"Choose another.","reason":"name_taken","op":"x"}');
  await assert.rejects(call("POST", "/SIGNUP", {}), (/** @type {Failure} */ failure) => {
    assert.ok(failure instanceof Failure);
    assert.deepEqual(
      [failure.status, failure.reason, failure.sentence, failure.extra.op],
      [409, "name_taken", "Choose another.", "x"],
    );
    return true;
  });
});

test("no answer is status 0 and the reason offline", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("network");
  };
  assert.deepEqual(await exchange("GET", "/LOGIN"), { status: 0 });
  await assert.rejects(call("GET", "/LOGIN"), { reason: "offline" });
});

test("a page that is not JSON is a failure, not an exception of another kind", async () => {
  serve(502, "<html>bad gateway</html>");
  await assert.rejects(call("GET", "/NotebookList"), { status: 502, reason: "unknown" });
});

test("a5 Retry-After comes back in milliseconds", async () => {
  serve(429, '{"code":1,"data":"Wait.","reason":"too_many_tries"}', { "Retry-After": "7" });
  assert.equal((await exchange("POST", "/LOGIN", {})).retryAfterMs, 7000);
});

test("n3 c2 p1 addresses of an own notebook and of a share", () => {
  /** @type {import("../../../public/js/net/api.js").Target} */
  const own = { kind: "own", id: 12 };
  /** @type {import("../../../public/js/net/api.js").Target} */
  const share = { kind: "share", code: "a_b-c" };
  assert.deepEqual([documentPath(own), documentPath(share)], ["/Notebook/12.svg", "/Notebook.svg?nb=a_b-c"]);
  assert.deepEqual([writePath("SAVE", own), writePath("LIVE", share)], ["/SAVE/12", "/LIVE/?nb=a_b-c"]);
  assert.equal(pollPath(own, { since: 3, epoch: "ee" }), "/UPDATE?id=12&since=3&epoch=ee");
  assert.equal(
    pollPath(share, { since: 3, epoch: "ee", client: "c1", live: 9 }),
    "/UPDATE?code=a_b-c&since=3&epoch=ee&client=c1&live=9",
  );
});

test("the page's address says which notebook; anything else is the unsaved board", () => {
  assert.deepEqual(targetOf({ search: "?nb=abc" }), { kind: "share", code: "abc" });
  assert.deepEqual(targetOf({ search: "?id=12" }), { kind: "own", id: 12 });
  for (const search of ["", "?id=0", "?id=x", "?id=-3", "?id=1.5", "?nb="])
    assert.equal(targetOf({ search }), null);
  for (const search of ["?nb=abc", "?id=12"]) assert.equal(addressOf(targetOf({ search })), `/${search}`);
  assert.equal(addressOf(null), "/");
});
