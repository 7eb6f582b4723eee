import assert from "node:assert/strict";
import { test } from "node:test";
import { documentPath, targetOf } from "../../../public/js/net/api.js";
import { documentOf, takeDocument } from "../../../public/js/net/document_start.js";

test("the early request has the address that the page's own would have", () => {
  const code = "AbC_-9876543210abcdefg";
  for (const search of [
    "",
    "?id=7",
    `?nb=${code}`,
    `?id=7&nb=${code}`,
    "?nb=a%2Fb%26c",
    "?id=0",
    "?id=x",
    "?x=1",
  ]) {
    const target = targetOf({ search });
    assert.equal(documentOf(search), target && documentPath(target), search);
  }
});

test("with nothing begun a document is asked for when it is wanted", async () => {
  const asked = [];
  const fetching = globalThis.fetch;
  globalThis.fetch = async (path, options) => {
    asked.push([path, options.cache]);
    return new Response("");
  };
  try {
    await takeDocument("/Notebook/3.svg", new AbortController().signal);
  } finally {
    globalThis.fetch = fetching;
  }
  assert.deepEqual(asked, [["/Notebook/3.svg", "no-store"]]);
});
