import assert from "node:assert/strict";
import { test } from "node:test";
import { PointerMachine } from "../../../public/js/core/pointer_machine.js";

function machine(policy = {}) {
  return new PointerMachine({
    penOnly: false,
    readOnly: false,
    panTool: false,
    spaceHeld: false,
    fingerDraws: false,
    ...policy,
  });
}

/** @param {PointerMachine} machine @param {string} type @param {string} kind */
function send(machine, type, kind, { id = 1, x = 0, y = 0, atMs = 1000, button = 0, buttons = 1 } = {}) {
  return machine.handle({ type, kind, id, x, y, atMs, button, buttons }).map((command) => command.does);
}

test("a mouse draws with its left button, pans with its middle one, and its right one does nothing", () => {
  const m = machine();
  assert.deepEqual(send(m, "down", "mouse"), ["begin"]);
  assert.deepEqual(send(m, "move", "mouse", { x: 5 }), ["extend"]);
  assert.deepEqual(send(m, "up", "mouse"), ["finish"]);
  assert.deepEqual(send(m, "down", "mouse", { button: 2 }), []);
  assert.deepEqual(send(m, "up", "mouse", { button: 2 }), []);
  assert.deepEqual(send(m, "down", "mouse", { button: 1 }), []);
  assert.deepEqual(send(m, "move", "mouse", { x: 9 }), ["pan"]);
});

test("touch within 500 ms of a pen is a palm, also a hovering pen's", () => {
  const m = machine();
  send(m, "move", "pen", { id: 7, atMs: 1000, buttons: 0 });
  assert.deepEqual(send(m, "down", "touch", { id: 2, atMs: 1499 }), []);
  assert.deepEqual(send(m, "move", "touch", { id: 2, atMs: 1510, x: 50 }), []);
  assert.deepEqual(send(m, "up", "touch", { id: 2, atMs: 1600 }), []);
});

test("with a pen in use one finger pans", () => {
  const m = machine();
  send(m, "down", "pen", { id: 7, atMs: 1000 });
  send(m, "up", "pen", { id: 7, atMs: 1100 });
  assert.deepEqual(send(m, "down", "touch", { id: 2, atMs: 2000 }), []);
  assert.deepEqual(send(m, "move", "touch", { id: 2, atMs: 2010, x: 10 }), ["pan"]);
});

test("a finger draws where no pen was seen, pans in pen-only mode", () => {
  assert.deepEqual(send(machine(), "down", "touch"), ["begin"]);
  const m = machine({ penOnly: true });
  assert.deepEqual(send(m, "down", "touch"), []);
  assert.deepEqual(send(m, "move", "touch", { x: 3 }), ["pan"]);
});

test("a pen that comes while a palm draws takes over", () => {
  const m = machine();
  send(m, "down", "touch", { id: 2 });
  assert.deepEqual(send(m, "down", "pen", { id: 3, atMs: 1050 }), ["discard", "begin"]);
  assert.deepEqual(send(m, "move", "touch", { id: 2, atMs: 1060, x: 90 }), []);
  assert.deepEqual(send(m, "up", "pen", { id: 3, atMs: 1100 }), ["finish"]);
});

test("a second finger turns a short touch stroke into a pinch", () => {
  const m = machine();
  send(m, "down", "touch", { id: 1, x: 0, atMs: 0 });
  assert.deepEqual(send(m, "down", "touch", { id: 2, x: 100, atMs: 100 }), ["discard"]);
  const [pinch] = m.handle({
    type: "move",
    kind: "touch",
    id: 2,
    x: 200,
    y: 0,
    atMs: 120,
    button: 0,
    buttons: 1,
  });
  assert.deepEqual(pinch, { does: "pinch", x: 100, y: 0, dx: 50, dy: 0, factor: 2 });
  assert.deepEqual(send(m, "up", "touch", { id: 2 }), []);
  assert.deepEqual(send(m, "move", "touch", { id: 1, x: 4 }), ["pan"]);
  assert.deepEqual(send(m, "up", "touch", { id: 1 }), ["release"]);
});

test("a second finger leaves a long touch stroke alone", () => {
  const m = machine();
  send(m, "down", "touch", { id: 1, atMs: 0 });
  send(m, "move", "touch", { id: 1, x: 80, atMs: 400 });
  assert.deepEqual(send(m, "down", "touch", { id: 2, x: 100, atMs: 500 }), []);
  assert.deepEqual(send(m, "up", "touch", { id: 1, atMs: 600 }), ["finish"]);
});

test("pointercancel discards", () => {
  const m = machine();
  send(m, "down", "pen");
  assert.deepEqual(send(m, "cancel", "pen"), ["discard"]);
  assert.equal(m.phase, "idle");
});

test("the eraser end and the barrel button erase", () => {
  for (const down of [
    { button: 5, buttons: 32 },
    { button: 2, buttons: 2 },
    { button: 0, buttons: 3 },
  ]) {
    const m = machine();
    const [begin] = m.handle({ type: "down", kind: "pen", id: 1, x: 0, y: 0, atMs: 0, ...down });
    assert.deepEqual(begin, { does: "begin", id: 1, use: "eraser" });
  }
});

test("readers, the hand and the space bar pan", () => {
  for (const policy of [{ readOnly: true }, { panTool: true }, { spaceHeld: true }]) {
    const m = machine(policy);
    assert.deepEqual(send(m, "down", "pen"), []);
    assert.deepEqual(send(m, "move", "pen", { x: 5 }), ["pan"]);
  }
});
