/**
 * The one door to perfect-freehand, so that its types stand beside it (`freehand.d.mts`).
 *
 * The relative path is the same under `/v/<hash>/` in the browser and in the repository under node.
 */
export {
  getStroke,
  getStrokeOutlinePoints,
} from "../../../node_modules/perfect-freehand/dist/esm/index.mjs";
