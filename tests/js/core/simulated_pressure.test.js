import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedPressure, tiltByte } from "../../../public/js/ui/pointer_input.js";

/** @param {number} speed CSS pixels a millisecond */
function after(speed) {
  const model = new SimulatedPressure();
  let pressure = 0;
  for (let atMs = 0; atMs < 600; atMs += 8) pressure = model.next(atMs * speed, 0, atMs);
  return pressure;
}

test("slow is heavy, fast is light, always within 0 and 1", () => {
  const pressures = [0, 0.3, 1, 3, 20].map(after);
  for (let i = 1; i < pressures.length; i++) assert.ok(pressures[i] < pressures[i - 1]);
  assert.ok(pressures.every((pressure) => pressure > 0.1 && pressure < 0.8));
});

test("it does not jump: the line's width changes smoothly", () => {
  const model = new SimulatedPressure();
  let last = model.next(0, 0, 0);
  for (let atMs = 8; atMs < 400; atMs += 8) {
    const pressure = model.next(atMs < 200 ? 0 : (atMs - 200) * 8, 0, atMs);
    assert.ok(Math.abs(pressure - last) < 0.08);
    last = pressure;
  }
});

test("tilt is a byte: how far from upright, and where to", () => {
  assert.equal(tiltByte({}), 0);
  assert.equal(tiltByte({ tiltX: 1, tiltY: -1 }), 0);
  assert.equal(tiltByte({ tiltX: 45, tiltY: 0 }).toString(16), "80");
  assert.equal(tiltByte({ tiltX: 0, tiltY: 45 }).toString(16), "84");
  assert.equal(tiltByte({ tiltX: -45, tiltY: 0 }).toString(16), "88");
  assert.equal(tiltByte({ tiltX: 0, tiltY: -45 }).toString(16), "8c");
  assert.equal(tiltByte({ tiltX: 90, tiltY: 0 }).toString(16), "f0");
});
