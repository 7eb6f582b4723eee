/** What of svg.js the page uses; types for `svg_library.mjs`. */
export { Matrix, SVG } from "../../../node_modules/@svgdotjs/svg.js/svg.js.d.ts";
