/**
 * The codec of `data-p`: captured points as base64 of zig-zag LEB128 deltas (INK.md, "Stroke format").
 *
 * Owns the bytes only; what a point means belongs to `outline.js` and `cuts.js`. Points travel flat,
 * `[x0, y0, p0, x1, y1, p1, ...]`: x and y in tenths of a pixel, p (pressure) 0 to 63. Deltas start
 * from 0, 0, 0. The server's `points.py` writes and reads the same bytes.
 */

/** Most points a stroke may hold (C5). */
export const MAX_POINTS = 4096;
/** Highest pressure step. */
export const MAX_PRESSURE = 63;
/** Largest coordinate, in tenths of a pixel (C1). */
export const MAX_COORDINATE = 1_000_000;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SEXTETS = sextets();

function sextets() {
  const table = new Int8Array(128).fill(-1);
  for (let i = 0; i < 64; i++) table[ALPHABET.charCodeAt(i)] = i;
  return table;
}

/** A `data-p` that no encoder of ours wrote. */
export class PointsError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "PointsError";
  }
}

/**
 * Encode flat points as `data-p` text.
 *
 * @param {ArrayLike<number>} points flat x, y, pressure; integers
 * @returns {string} standard base64 with padding
 */
export function encodePoints(points) {
  /** @type {number[]} */
  const bytes = [];
  const last = [0, 0, 0];
  for (let i = 0; i < points.length; i++) {
    const axis = i % 3;
    const delta = points[i] - last[axis];
    last[axis] = points[i];
    let zigzag = delta < 0 ? -2 * delta - 1 : 2 * delta;
    while (zigzag > 127) {
      bytes.push((zigzag & 127) | 128);
      zigzag = Math.floor(zigzag / 128);
    }
    bytes.push(zigzag);
  }
  return base64(bytes);
}

/** @param {number[]} bytes */
function base64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0);
    text += ALPHABET[word >> 18] + ALPHABET[(word >> 12) & 63];
    text += left > 1 ? ALPHABET[(word >> 6) & 63] : "=";
    text += left > 2 ? ALPHABET[word & 63] : "=";
  }
  return text;
}

/**
 * Decode `data-p` text.
 *
 * @param {string} text standard base64
 * @returns {Int32Array} flat x, y, pressure
 * @throws {PointsError} when the text is not base64, is cut off, holds no point or a value out of range
 */
export function decodePoints(text) {
  const bytes = fromBase64(text);
  const values = new Int32Array(bytes.length);
  const last = [0, 0, 0];
  let count = 0;
  let zigzag = 0;
  let scale = 1;
  for (const byte of bytes) {
    zigzag += (byte & 127) * scale;
    if (byte & 128) {
      scale *= 128;
      if (scale > 268_435_456) throw new PointsError("a number of data-p is too long");
      continue;
    }
    const axis = count % 3;
    last[axis] += zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
    values[count++] = checked(last[axis], axis);
    zigzag = 0;
    scale = 1;
  }
  if (scale !== 1 || count % 3 || count === 0) throw new PointsError("data-p is cut off");
  return values.slice(0, count);
}

/**
 * @param {number} value
 * @param {number} axis 2 is the pressure
 */
function checked(value, axis) {
  const fits = axis === 2 ? value >= 0 && value <= MAX_PRESSURE : Math.abs(value) <= MAX_COORDINATE;
  if (!fits) throw new PointsError("a value of data-p is out of range");
  return value;
}

/**
 * @param {string} text
 * @returns {Uint8Array}
 */
function fromBase64(text) {
  if (text.length % 4) throw new PointsError("data-p is not base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const length = text.length - padding;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let word = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const sextet = SEXTETS[text.charCodeAt(i)] ?? -1;
    if (sextet < 0) throw new PointsError("data-p is not base64");
    word = ((word << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (word >> bits) & 255;
    }
  }
  return bytes;
}

/**
 * Box around all points of a `data-p`, in one pass over its letters: asked for every stroke that is loaded.
 *
 * @param {string} text holds the base64 text
 * @param {number} from where it begins
 * @param {number} to where it ends
 * @returns {{x0: number, y0: number, x1: number, y1: number}} of well-formed text; an empty box for an empty one
 */
export function boundsOfPoints(text, from, to) {
  let [x, y, x0, y0, x1, y1] = [0, 0, Infinity, Infinity, -Infinity, -Infinity];
  let [word, bits, axis, zigzag, shift] = [0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const sextet = SEXTETS[text.charCodeAt(i)];
    if (!(sextet >= 0)) break;
    word = ((word << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (word >> bits) & 255;
    zigzag |= (byte & 127) << shift;
    shift += 7;
    if (byte & 128) continue;
    const delta = (zigzag >>> 1) ^ -(zigzag & 1);
    zigzag = 0;
    shift = 0;
    if (axis === 0) {
      x += delta;
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      axis = 1;
    } else if (axis === 1) {
      y += delta;
      if (y < y0) y0 = y;
      if (y > y1) y1 = y;
      axis = 2;
    } else axis = 0;
  }
  return { x0, y0, x1, y1 };
}

/**
 * A pressure step for what the pointer reported.
 *
 * @param {number} pressure 0 to 1, as in Pointer Events
 * @returns {number} 0 to 63
 */
export function quantisePressure(pressure) {
  const step = Math.floor(pressure * MAX_PRESSURE + 0.5);
  return Math.min(MAX_PRESSURE, Math.max(0, step));
}
