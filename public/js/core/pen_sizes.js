/**
 * Pen sizes 1 to 10 and ink colours, as the tools use them.
 *
 * Owns the step from the size on the slider to a line width, the marker's pale colour, and how stored colours look
 * on dark paper. Stored ink never changes with the theme.
 */

/** Widths of the pen by size, tenths of a pixel: every step about a third thicker than the one before. */
const PEN_WIDTHS = [8, 12, 17, 23, 30, 40, 54, 72, 96, 128];
/** Widths of the marker by size. */
const MARKER_WIDTHS = [60, 80, 105, 135, 170, 210, 255, 305, 360, 420];

/** Size a new page starts with. */
export const START_SIZE = 5;

/**
 * @param {number} size 1 to 10
 * @param {string} tool "marker" or a pen
 * @returns {number} `data-w`, tenths of a pixel
 */
export function widthOf(size, tool) {
  const step = Math.min(10, Math.max(1, Math.round(size))) - 1;
  return tool === "marker" ? MARKER_WIDTHS[step] : PEN_WIDTHS[step];
}

/**
 * The marker's ink for a colour: pale and opaque, so that strokes over each other do not build up.
 *
 * @param {string} hex `#rrggbb`
 */
export function markerColour(hex) {
  const { l, a, b } = toLab(hex);
  const strength = Math.hypot(a, b);
  const wanted = strength < 0.03 ? 0 : Math.min(strength, 0.13) / strength;
  return toHex({ l: 0.86 + 0.08 * l, a: a * wanted, b: b * wanted });
}

/**
 * How a stored colour is shown on dark paper: its lightness turned over, its hue kept.
 *
 * @param {string} hex `#rrggbb`
 */
export function darkPaperColour(hex) {
  const { l, a, b } = toLab(hex);
  return toHex({ l: 0.94 - 0.72 * l, a, b });
}

/** @typedef {{l: number, a: number, b: number}} Lab Oklab (B. Ottosson, 2020) */

/** @param {string} hex @returns {Lab} */
function toLab(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) =>
    toLinear(Number.parseInt(hex.slice(at, at + 2), 16) / 255),
  );
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return {
    l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    a: 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    b: 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  };
}

/** @param {Lab} lab */
function toHex({ l: lightness, a, b }) {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return `#${channels.map((value) => hexByte(fromLinear(value))).join("")}`;
}

/** @param {number} value */
function hexByte(value) {
  const byte = Math.round(Math.min(1, Math.max(0, value)) * 255);
  return byte.toString(16).padStart(2, "0");
}

/** @param {number} value */
function toLinear(value) {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** @param {number} value */
function fromLinear(value) {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
}
