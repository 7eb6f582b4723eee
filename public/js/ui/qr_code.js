/** A QR code as a drawing: light and dark modules out of uqr, one path, always black on white. */

import { element, svgElement } from "./dom.js";

/**
 * @param {string} text what it says
 * @param {string} label its accessible name
 * @param {string} [kind] class beside "qr"
 */
export async function qrCode(text, label, kind = "") {
  const { encode } = await import("../../../node_modules/uqr/dist/index.mjs");
  const { data, size } = encode(text, { ecc: "M", border: 1 });
  let d = "";
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) if (data[y][x]) d += `M${x} ${y}h1v1h-1z`;
  }
  const drawing = svgElement(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    svgElement("path", { d, fill: "#000" }),
  );
  return element("div", { class: `qr ${kind}`.trim() }, drawing);
}
