/**
 * What the ink benchmark watches in a page, ours or a peer's; put in before any script of the page.
 *
 * Owns marks (first ink, ready), the time from a pointer sample to the end of the frame that could show it, the cost
 * of the page's own drawing per frame, and the times of frames. All times are milliseconds of the page's clock.
 */
(() => {
  const nativeFrame = window.requestAnimationFrame.bind(window);
  const channel = new MessageChannel();
  /** @type {(() => void)[]} */
  const ended = [];
  channel.port1.onmessage = () => ended.shift()?.();

  /** Calls back when the frame that is due next has been laid out and painted. @param {() => void} then */
  function afterFrame(then) {
    nativeFrame(() => {
      ended.push(then);
      channel.port2.postMessage(0);
    });
  }

  const probe = {
    /** @type {Record<string, number>} */ marks: {},
    /** @type {number[]} sample to end of frame */ latencies: [],
    /** @type {[number, number][]} samples seen so far, and what drawing the frame cost */ draws: [],
    /** @type {number[]} */ frames: [],
    /** @type {{at: number, text: string}[]} strokes that came into the page */ arrivals: [],
    samples: 0,
    cost: 0,
    liftedAt: 0,

    /** @param {string} name */
    mark(name) {
      if (!(name in probe.marks)) probe.marks[name] = performance.now();
    },

    reset() {
      probe.latencies = [];
      probe.draws = [];
      probe.samples = 0;
      probe.cost = 0;
    },

    /** Times of frames until `stopFrames`. */
    watchFrames() {
      probe.frames = [];
      const look = (/** @type {number} */ at) => {
        probe.frames.push(at);
        if (probe.watching) nativeFrame(look);
      };
      probe.watching = true;
      nativeFrame(look);
    },
    watching: false,

    /** Every path that comes onto our board from now on, with the time its frame was done. */
    watchArrivals() {
      const board = /** @type {Element} */ (document.querySelector("#board"));
      new MutationObserver((records) => {
        const added = records.flatMap((record) => [...record.addedNodes]);
        const paths = added.flatMap((node) => {
          if (node.nodeName === "path") return [node];
          return node instanceof Element ? [...node.querySelectorAll("path")] : [];
        });
        if (paths.length === 0) return;
        afterFrame(() => {
          for (const path of paths) {
            const text = /** @type {Element} */ (path).getAttribute("d") ?? "";
            probe.arrivals.push({ at: performance.timeOrigin + performance.now(), text });
          }
        });
      }).observe(board, { childList: true, subtree: true });
    },
  };

  /** @type {number[]} */
  let due = [];
  let asked = false;
  window.addEventListener(
    "pointermove",
    (event) => {
      if (event.buttons === 0) return;
      probe.cost -= performance.now();
      const all = event.getCoalescedEvents?.() ?? [];
      const samples = all.length ? all : [event];
      probe.samples += samples.length;
      due.push(...samples.map((sample) => sample.timeStamp));
      if (asked) return;
      asked = true;
      nativeFrame(() => {
        const done = due;
        due = [];
        asked = false;
        ended.push(() => {
          const now = performance.now();
          for (const at of done) probe.latencies.push(now - at);
          probe.draws.push([probe.samples, probe.cost]);
          probe.cost = 0;
        });
        channel.port2.postMessage(0);
      });
    },
    { capture: true, passive: true },
  );
  window.addEventListener("pointermove", (event) => {
    if (event.buttons !== 0) probe.cost += performance.now();
  });
  window.addEventListener(
    "pointerup",
    (event) => {
      probe.liftedAt = performance.timeOrigin + event.timeStamp;
    },
    true,
  );
  // The page's own work in a frame.
  window.requestAnimationFrame = (callback) =>
    nativeFrame((at) => {
      const began = performance.now();
      callback(at);
      probe.cost += performance.now() - began;
    });

  /** @param {Document} root */
  function watchOurs(root) {
    const html = root.documentElement;
    new MutationObserver(() => {
      if (html.dataset.readySeq === String(window.inkWanted)) probe.mark("ready");
    }).observe(html, { attributeFilter: ["data-ready-seq"] });
    const first = new MutationObserver(() => {
      if (!root.querySelector("#board [data-key]")) return;
      first.disconnect();
      afterFrame(() => probe.mark("first"));
    });
    first.observe(root, { childList: true, subtree: true });
  }

  window.inkProbe = probe;
  if (document.documentElement) watchOurs(document);
  else
    new MutationObserver((_, self) => {
      if (!document.documentElement) return;
      self.disconnect();
      watchOurs(document);
    }).observe(document, { childList: true });
})();
