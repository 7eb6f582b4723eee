import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FragmentError,
  formatFragment,
  formatStroke,
  parseFragment,
  withId,
  withoutId,
} from "../../../public/js/core/fragment.js";
import { scribble } from "./ink_samples.js";

test("test_c1 a new stroke is in canonical form", () => {
  const text = formatStroke({ points: [10, 10, 30, 60, 10, 30], width: 50, tool: "pen", fill: "#1a2b3c" });
  assert.match(
    text,
    /^<g data-p="[^"]+" data-v="1" data-w="50" data-t="pen"><path d="M[^"]+z" fill="#1a2b3c"\/><\/g>$/,
  );
});

test("what is read is written the same", () => {
  const texts = [
    formatStroke({ points: scribble(1), width: 30, tool: "marker", fill: "#ffee00" }),
    '<g id="17"><path d="M0 0L5 5" fill="none" stroke="#000000" stroke-width="2.5" stroke-linecap="round" opacity="0.5"/></g>',
    '<g id="3" data-p="AAAA" data-v="1" data-w="50" data-t="pen" data-cuts="16-41.160-412" data-tilt="00ff"></g>',
  ];
  for (const text of texts) assert.equal(formatFragment(parseFragment(text)), text);
});

test("anything outside the vocabulary is refused", () => {
  const bad = [
    "",
    "<g",
    "<g></g><g></g>",
    '<g onload="x"></g>',
    '<g id="x"></g>',
    '<g id="1" id="2"></g>',
    '<g data-href="a"></g>',
    '<g constructor="a"></g>',
    '<g><path d="M0 0" style="x"/></g>',
    '<g><path d="url(x)"/></g>',
    '<g><path d="M0 0" fill="url(#x)"/></g>',
    '<g><path d="M0 0" fill="red"/></g>',
    "<g><script/></g>",
    '<g><path d="M0 0"></path></g>',
    '<g><path d="M0 0"/>text</g>',
  ];
  for (const text of bad) assert.throws(() => parseFragment(text), FragmentError, text);
});

test("ids are put in and taken out", () => {
  assert.equal(withId('<g data-v="1"></g>', "5"), '<g id="5" data-v="1"></g>');
  assert.equal(withId('<g id="4" data-v="1"></g>', "5"), '<g id="5" data-v="1"></g>');
  assert.equal(withoutId('<g id="4" data-v="1"></g>'), '<g data-v="1"></g>');
});
