/**
 * Path data of stored strokes: reading, writing and measuring `d`.
 *
 * Owns the grammar of the path data the server renders (SVG 2 chapter 9, every command) as a list of segments,
 * the canonical way to write it and its bounds. Does not decide what is drawn. Numbers are integers where whole,
 * otherwise at most three decimals.
 */

/** @typedef {{letter: string, values: number[]}} Segment one command with the numbers of one repetition */
/** @typedef {{x0: number, y0: number, x1: number, y1: number}} Bounds */

/** Numbers each command takes. */
const ARITY = /** @type {Record<string, number>} */ ({
  M: 2,
  L: 2,
  H: 1,
  V: 1,
  C: 6,
  S: 4,
  Q: 4,
  T: 2,
  A: 7,
  Z: 0,
});

const TOKEN = /([MmLlHhVvCcSsQqTtAaZz])|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([\s,]+)/y;

/** Path data that is not one of ours. */
export class PathError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "PathError";
  }
}

/**
 * Read path data.
 *
 * @param {string} d
 * @returns {Segment[]} one segment per repetition; a move with more pairs is split into its lines
 * @throws {PathError}
 */
export function parsePath(d) {
  /** @type {Segment[]} */
  const segments = [];
  let letter = "";
  /** @type {number[]} */
  let values = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < d.length) {
    const match = TOKEN.exec(d);
    if (!match) throw new PathError("unexpected character in path data");
    at = TOKEN.lastIndex;
    if (match[3]) continue;
    if (match[1]) {
      if (values.length) throw new PathError("numbers are missing in path data");
      letter = match[1];
      if (letter === "z" || letter === "Z") segments.push({ letter, values: [] });
      continue;
    }
    const need = letter ? ARITY[letter.toUpperCase()] : 0;
    if (!need) throw new PathError("a number without a command in path data");
    values.push(Number(match[2]));
    if (values.length < need) continue;
    segments.push({ letter, values });
    values = [];
    if (letter === "M") letter = "L";
    else if (letter === "m") letter = "l";
  }
  if (values.length) throw new PathError("numbers are missing in path data");
  return segments;
}

/**
 * Write path data: a letter once for its repetitions, a space unless a minus separates.
 *
 * @param {Segment[]} segments
 * @returns {string}
 */
export function formatPath(segments) {
  let text = "";
  let last = "";
  for (const { letter, values } of segments) {
    let fresh = letter !== last || letter === "M" || letter === "m" || values.length === 0;
    if (fresh) text += letter;
    for (const value of values) {
      const number = formatNumber(value);
      text += fresh || number.startsWith("-") ? number : ` ${number}`;
      fresh = false;
    }
    last = letter;
  }
  return text;
}

/**
 * @param {number} value
 * @returns {string} an integer when whole, else at most three decimals, never an exponent
 */
export function formatNumber(value) {
  if (Number.isInteger(value)) return value === 0 ? "0" : String(value);
  const text = value.toFixed(3).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}

/**
 * Walk the segments with absolute end and control points.
 *
 * @param {Segment[]} segments
 * @param {(absolute: Segment, startX: number, startY: number) => void} visit
 */
export function walkAbsolute(segments, visit) {
  let x = 0;
  let y = 0;
  let startX = 0;
  let startY = 0;
  for (const segment of segments) {
    const absolute = toAbsolute(segment, x, y);
    visit(absolute, x, y);
    const v = absolute.values;
    switch (absolute.letter) {
      case "Z":
        x = startX;
        y = startY;
        break;
      case "H":
        x = v[0];
        break;
      case "V":
        y = v[0];
        break;
      default:
        x = v[v.length - 2];
        y = v[v.length - 1];
    }
    if (absolute.letter === "M") {
      startX = x;
      startY = y;
    }
  }
}

/**
 * @param {Segment} segment
 * @param {number} x current point
 * @param {number} y
 * @returns {Segment}
 */
function toAbsolute(segment, x, y) {
  const letter = segment.letter.toUpperCase();
  if (letter === segment.letter) return segment;
  const v = segment.values;
  if (letter === "H") return { letter, values: [v[0] + x] };
  if (letter === "V") return { letter, values: [v[0] + y] };
  if (letter === "A") return { letter, values: [...v.slice(0, 5), v[5] + x, v[6] + y] };
  return { letter, values: v.map((value, i) => value + (i % 2 ? y : x)) };
}

/**
 * Box around all end and control points (arcs: around their full ellipse).
 *
 * @param {Segment[]} segments
 * @returns {Bounds}
 */
export function pathBounds(segments) {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  /** @param {number} x @param {number} y @param {number} r */
  const cover = (x, y, r = 0) => {
    box.x0 = Math.min(box.x0, x - r);
    box.y0 = Math.min(box.y0, y - r);
    box.x1 = Math.max(box.x1, x + r);
    box.y1 = Math.max(box.y1, y + r);
  };
  walkAbsolute(segments, ({ letter, values: v }, x, y) => {
    if (letter === "H") cover(v[0], y);
    else if (letter === "V") cover(x, v[0]);
    else if (letter === "A") cover(v[5], v[6], 2 * Math.max(v[0], v[1]));
    else for (let i = 0; i < v.length; i += 2) cover(v[i], v[i + 1]);
  });
  return box;
}

/**
 * The path as polylines, curves cut into short pieces: for hit tests, not for drawing.
 *
 * @param {Segment[]} segments
 * @returns {number[][]} flat x, y per subpath
 */
export function flattenPath(segments) {
  /** @type {number[][]} */
  const lines = [];
  /** @type {number[]} */
  let line = [];
  let controlX = 0;
  let controlY = 0;
  let before = "";
  walkAbsolute(segments, ({ letter, values: v }, x, y) => {
    if (letter === "M" || line.length === 0) {
      line = letter === "M" ? [v[0], v[1]] : [x, y];
      lines.push(line);
    }
    const smooth =
      before === letter || (letter === "S" && before === "C") || (letter === "T" && before === "Q");
    const mirroredX = smooth ? 2 * x - controlX : x;
    const mirroredY = smooth ? 2 * y - controlY : y;
    if (letter === "L" || letter === "A") line.push(v[v.length - 2], v[v.length - 1]);
    else if (letter === "H") line.push(v[0], y);
    else if (letter === "V") line.push(x, v[0]);
    else if (letter === "Z") line.push(line[0], line[1]);
    else if (letter === "Q" || letter === "T") {
      [controlX, controlY] = letter === "Q" ? v : [mirroredX, mirroredY];
      const end = v.slice(-2);
      for (const t of [0.5, 1]) line.push(...quadratic(x, y, controlX, controlY, end[0], end[1], t));
    } else if (letter === "C" || letter === "S") {
      const c = letter === "C" ? v : [mirroredX, mirroredY, ...v];
      [controlX, controlY] = [c[2], c[3]];
      for (const t of [0.25, 0.5, 0.75, 1]) line.push(...cubic(x, y, c, t));
    }
    before = letter;
  });
  return lines;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} cx
 * @param {number} cy
 * @param {number} ex
 * @param {number} ey
 * @param {number} t
 */
function quadratic(x, y, cx, cy, ex, ey, t) {
  const u = 1 - t;
  return [u * u * x + 2 * u * t * cx + t * t * ex, u * u * y + 2 * u * t * cy + t * t * ey];
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number[]} c
 * @param {number} t
 */
function cubic(x, y, c, t) {
  const u = 1 - t;
  const at = (/** @type {number} */ s, /** @type {number} */ i) =>
    u * u * u * s + 3 * u * u * t * c[i] + 3 * u * t * t * c[i + 2] + t * t * t * c[i + 4];
  return [at(x, 0), at(y, 1)];
}
