import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf, SHORTCUTS } from "../../../public/js/core/shortcuts.js";

const key = (/** @type {string} */ code, more = {}) => ({
  code,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
});

test("no two shortcuts share a key", () => {
  const keys = SHORTCUTS.map(({ code, command, shift }) => `${code} ${!!command} ${!!shift}`);
  assert.equal(new Set(keys).size, keys.length);
});

test("keys are found by their place, with Ctrl or Command", () => {
  assert.equal(actionOf(key("KeyZ", { ctrlKey: true })), "undo");
  assert.equal(actionOf(key("KeyZ", { metaKey: true, shiftKey: true })), "redo");
  assert.equal(actionOf(key("KeyE")), "tool:eraser");
  assert.equal(actionOf(key("KeyE", { altKey: true })), null);
  assert.equal(actionOf(key("KeyQ")), null);
});
