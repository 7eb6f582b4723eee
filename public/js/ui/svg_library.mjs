/**
 * The one door to svg.js, so that its types stand beside it (`svg_library.d.mts`). Loaded with the first edit.
 */
export { Matrix, SVG } from "../../../node_modules/@svgdotjs/svg.js/dist/svg.esm.js";
