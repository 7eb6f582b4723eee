/**
 * Parts of the board whose modules come after the first paint, and what is asked of them before they are there.
 *
 * Owns the waiting: a gesture, a key or a paste that comes before its part is done when the part comes, in the order
 * it was asked, and whoever waits for one that cannot be had (no network) is told so and may ask again. Fetches the
 * rest while nothing happens. What the parts do is their own, when they are needed the board's to say.
 */
import { PenTool } from "./wet_layer.js";

/** @typedef {import("./board.js").Board} Board */
/** @typedef {import("./board_extras.js").BoardExtras} BoardExtras */
/** @typedef {import("./live_layer.js").LiveLayer} LiveLayer */
/** @typedef {import("./paper.js").PaperLayer} PaperLayer */
/** @typedef {import("./surface.js").Tool} Tool */
/** @typedef {import("./surface.js").ToolName} ToolName */

/** What the first screen does not need is fetched this long after it was painted, or when somebody moves, ms. */
const FETCH_REST_MS = 1000;
/** Keys that mean nothing by themselves. */
const MODIFIERS = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"]);

/**
 * Something that is made when it is first wanted, because its module comes later.
 *
 * @template Made
 */
export class Late {
  /**
   * @param {() => Promise<Made>} make
   * @param {(error: unknown) => void} missing told when what somebody waits for could not be had
   */
  constructor(make, missing) {
    this.make = make;
    this.missing = missing;
    /** @type {Made | null} */
    this.made = null;
    /** @type {Promise<Made> | null} on its way, or there */
    this.asked = null;
  }

  /** @returns {Promise<Made>} */
  get() {
    this.asked ??= this.make().then(
      (made) => {
        this.made = made;
        return made;
      },
      (error) => {
        // Without a network now: the next one who wants it tries again.
        this.asked = null;
        throw error;
      },
    );
    return this.asked;
  }

  /** @param {(made: Made) => unknown} work done now if it is there, else when it comes, in the order of the calls */
  use(work) {
    if (this.made) work(this.made);
    else this.get().then(work, this.missing);
  }
}

/** A tool whose module may be on its way while its first gesture is made: the gesture is repeated to it. */
export class LateTool {
  /**
   * @param {() => Promise<Tool>} load
   * @param {(error: unknown) => void} missing told when a gesture was lost because the tool could not be had
   */
  constructor(load, missing) {
    this.load = load;
    this.missing = missing;
    /** @type {Tool | null} */
    this.tool = null;
    /** @type {((tool: Tool) => void)[]} */
    this.missed = [];
    /** @type {Promise<void> | null} when the tool has got all of it */
    this.repeated = null;
  }

  /** @param {(tool: Tool) => void} call */
  pass(call) {
    if (this.tool) call(this.tool);
    else this.missed.push(call);
  }

  /** @type {Tool["begin"]} */
  begin(sample, contact) {
    this.missed = [];
    this.pass((tool) => tool.begin(sample, contact));
    if (this.tool) return;
    this.repeated = this.load().then((tool) => {
      this.tool = tool;
      for (const call of this.missed.splice(0)) call(tool);
    }, this.missing);
  }

  /** @type {Tool["extend"]} */
  extend(samples, predicted) {
    this.pass((tool) => tool.extend(samples, predicted));
  }

  frame() {
    this.tool?.frame();
  }

  finish() {
    this.pass((tool) => tool.finish());
  }

  discard() {
    this.pass((tool) => tool.discard());
  }
}

export class BoardParts {
  /**
   * @param {Board} board
   * @param {(error: unknown) => void} missing told when a part that somebody wanted could not be had
   */
  constructor(board, missing) {
    this.board = board;
    this.missing = missing;
    /** @type {Late<BoardExtras>} */
    this.extras = new Late(() => this.makeExtras(), missing);
    /** @type {Late<LiveLayer>} */
    this.live = new Late(() => this.makeLive(), missing);
    /** @type {Late<PaperLayer>} */
    this.paper = new Late(() => this.makePaper(), missing);
    /** @type {Promise<unknown> | null} a key that came before what it means was known */
    this.keyPending = null;
    this.fetchTimer = 0;
    this.fetching = false;
  }

  async makeExtras() {
    const { BoardExtras } = await import("./board_extras.js");
    const { view } = this.board;
    const extras = new BoardExtras(this.board, view.shown);
    view.ring.before(extras.selectionLayer.node);
    return extras;
  }

  async makeLive() {
    const { LiveLayer } = await import("./live_layer.js");
    const { view, document } = this.board;
    const live = new LiveLayer(view.viewport, document, view.shown);
    view.wet.node.before(live.node);
    live.resize();
    return live;
  }

  async makePaper() {
    const { PaperLayer } = await import("./paper.js");
    const { view } = this.board;
    const paper = new PaperLayer(view.viewport);
    view.page.after(paper.node);
    return paper;
  }

  /** @returns {Record<ToolName, Tool>} all tools; those behind the first screen fetch themselves when they are used */
  makeTools() {
    const { board } = this;
    const late = (/** @type {ToolName} */ name) =>
      new LateTool(async () => /** @type {Tool} */ ((await this.extras.get()).tools[name]), this.missing);
    return {
      pen: new PenTool(board, "pen"),
      fine: new PenTool(board, "fine"),
      constant: new PenTool(board, "constant"),
      highlighter: new PenTool(board, "highlighter"),
      eraser: late("eraser"),
      partial_eraser: late("partial_eraser"),
      lasso: late("lasso"),
      rectangle: late("rectangle"),
      hand: late("hand"),
    };
  }

  /**
   * @param {() => Tool} chosen the tool for a gesture that begins now
   * @returns {Tool} that one, or one that waits for the key pressed before, which may choose another
   */
  toolFor(chosen) {
    const { keyPending } = this;
    return keyPending ? new LateTool(() => keyPending.then(chosen), this.missing) : chosen();
  }

  /** @param {AbortSignal} signal ends it */
  listen(signal) {
    window.addEventListener("keydown", (event) => this.key(event), { signal });
    for (const name of ["copy", "cut", "paste"]) {
      const told = (/** @type {Event} */ event) => this.clipboard(/** @type {ClipboardEvent} */ (event));
      document.addEventListener(name, told, { signal });
    }
    // Somebody is there, or can be served again.
    for (const name of ["pointermove", "pointerdown", "keydown", "online"]) {
      const options = { signal, passive: true, once: name !== "online" };
      window.addEventListener(name, () => this.fetchRest(), options);
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.defaultPrevented || isTyping(event.target) || MODIFIERS.has(event.key)) return;
    const { extras } = this;
    if (extras.made) {
      if (extras.made.key(event)) event.preventDefault();
      return;
    }
    const done = extras.get().then((made) => made.key(event));
    this.keyPending = done.finally(() => {
      this.keyPending = null;
    });
    this.keyPending.catch(this.missing);
  }

  /** @param {ClipboardEvent} event copy, cut or paste */
  clipboard(event) {
    if (isTyping(event.target) || !event.clipboardData || this.board.settings.role === "view") return;
    if (event.type !== "paste") {
      this.extras.made?.copy(event);
      return;
    }
    // The text is read now: the event is over when the rest has come.
    const text = event.clipboardData.getData("text/plain");
    this.extras.use((extras) => extras.paste(text));
    event.preventDefault();
  }

  /** The first screen is painted: the rest may come. */
  fetchRestSoon() {
    this.fetchTimer ||= window.setTimeout(() => this.fetchRest(), FETCH_REST_MS);
  }

  /** Fetch everything else while nothing happens, so that it is there at once and without a network, too. */
  async fetchRest() {
    if (this.fetching) return;
    this.fetching = true;
    const parts = [
      () => this.extras.get(),
      () => this.live.get(),
      () => import("../core/document_reader.js"),
      () => import("./exporting.js"),
      () => import("./paper.js"),
      () => import("./svg_library.mjs"),
    ];
    try {
      for (const fetchPart of parts) {
        await idle();
        if (this.board.ending.signal.aborted) return;
        await fetchPart();
      }
    } catch {
      // Asked for again when the network is back, or when it is wanted: who wants it then is told of a failure.
      this.fetching = false;
    }
  }

  close() {
    window.clearTimeout(this.fetchTimer);
  }
}

/** @returns {Promise<void>} when the browser has nothing else to do */
function idle() {
  return new Promise((resolve) => {
    if (window.requestIdleCallback) window.requestIdleCallback(() => resolve());
    else window.setTimeout(resolve, 50);
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest("input, textarea, select, [role=dialog]") !== null;
}
