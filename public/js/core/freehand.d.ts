/** What of perfect-freehand the page uses: the file that is imported has no types beside it. */
declare module "*/perfect-freehand/dist/esm/index.mjs" {
  export interface StrokePoint {
    point: number[];
    pressure: number;
    vector: number[];
    distance: number;
    runningLength: number;
  }
  export interface StrokeOptions {
    size: number;
    thinning: number;
    smoothing: number;
    streamline: number;
    simulatePressure: boolean;
    last: boolean;
    start: { taper: number; cap: boolean };
    end: { taper: number; cap: boolean };
  }
  export function getStroke(points: number[][], options: StrokeOptions): number[][];
  export function getStrokeOutlinePoints(points: StrokePoint[], options: StrokeOptions): number[][];
}
