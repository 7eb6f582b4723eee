/** What the board, its tools and the page know of each other: types alone, nothing of it is loaded. */
import type { NotebookDocument } from "../core/document.js";
import type { Stroke } from "../core/stroke.js";
import type { LiveStroke } from "./live_layer.js";
import type { Contact, Sample } from "./pointer_input.js";
import type { Viewport } from "./viewport.js";
import type { WetLayer } from "./wet_layer.js";

/** Fields of a `/LIVE` post (P6). */
export interface LiveInfo {
  cursor?: number[];
  stroke?: LiveStroke;
  points?: string;
}

export interface BoardSettings {
  /** The sheet starts at its right edge. */
  rightToLeft: boolean;
  /** `#rrggbb`. */
  colour: string;
  /** 1 to 10. */
  size: number;
  /** No thinning by pressure. */
  constantWidth: boolean;
  /** Fingers never draw. */
  penOnly: boolean;
  /** Fingers draw even where a pen has been used. */
  fingerDraws: boolean;
  /** "owner", "edit", "add" or "view". */
  role: string;
  /** What `undoState` gave earlier. */
  undo: unknown;
}

export type ToolName =
  | "pen"
  | "fine"
  | "constant"
  | "highlighter"
  | "eraser"
  | "partial_eraser"
  | "lasso"
  | "rectangle"
  | "hand";

/** What tools may use of the board. */
export interface Surface {
  document: NotebookDocument;
  viewport: Viewport;
  wet: WetLayer;
  settings: BoardSettings;
  change(command: string, data: unknown): string;
  /** Ends a gesture: its changes are one undo entry. */
  commit(): void;
  requestFrame(): void;
  sendLive(stroke: LiveStroke, points?: string): void;
  /** In sheet units. */
  eraserRadius(): number;
  mayAlter(stroke: Stroke): boolean;
  veil(stroke: Stroke): void;
  unveil(stroke: Stroke): void;
  /** Until the document changes the stroke; null for what the document has. */
  showPaths(stroke: Stroke, paths: string[] | null): void;
  tell(event: string): void;
}

export interface Tool {
  begin(sample: Sample, contact: Contact): void;
  extend(samples: Sample[], predicted: Sample[]): void;
  frame(): void;
  finish(): void;
  discard(): void;
  /** Of a tool whose module may be on its way: when it has got all of the last gesture; null before the first. */
  repeated?: Promise<void> | null;
}
