import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_ENTRIES, UndoStack } from "../../../public/js/core/own_changes.js";

test("undo goes newest first and takes a gesture's changes back last first", () => {
  const stack = new UndoStack();
  stack.push(["a", "b"]);
  stack.push(["c"]);
  assert.deepEqual([stack.undo(), stack.undo(), stack.undo()], [["c"], ["b", "a"], []]);
  assert.deepEqual([stack.redo(), stack.redo(), stack.redo()], [["a", "b"], ["c"], []]);
});

test("a new action empties only the redo stack", () => {
  const stack = new UndoStack();
  stack.push(["a"]);
  stack.push(["b"]);
  stack.undo();
  stack.push(["c"]);
  assert.equal(stack.canRedo, false);
  assert.deepEqual(stack.undo(), ["c"]);
  assert.deepEqual(stack.undo(), ["a"]);
});

test("it keeps 200 entries and lives through a reload", () => {
  const stack = new UndoStack();
  for (let i = 0; i < 250; i++) stack.push([`o${i}`]);
  stack.undo();
  const again = new UndoStack(JSON.parse(JSON.stringify(stack)));
  assert.equal(again.done.length, MAX_ENTRIES - 1);
  assert.deepEqual(again.redo(), ["o249"]);
});

test("damaged saved data is an empty stack, a refused change is forgotten", () => {
  assert.equal(new UndoStack({ done: [1, ["x", 2]], undone: "?" }).canUndo, false);
  const stack = new UndoStack();
  stack.push(["a", "b"]);
  stack.push(["c"]);
  stack.forget("c");
  stack.forget("b");
  assert.deepEqual(stack.undo(), ["a"]);
});
