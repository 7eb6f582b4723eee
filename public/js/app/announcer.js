/**
 * Tells what others do, for who cannot see it: "Dana added 3 strokes". Owns the pace (gathered, never more often
 * than every few seconds, polite) and nothing else; the words are the page's.
 */

/** What happened is gathered this long before it is told; then nothing is told for at least as long again. */
const GATHER_MS = 2500;
/** More people than this at once are told as a number of strokes by several. */
const MOST_TOLD = 3;

/** @typedef {{name: string, kind: "added"|"erased"|"changed"|"cleared", n: number}} Told */

const KINDS = /** @type {Record<string, Told["kind"]>} */ ({ a: "added", e: "erased", c: "cleared" });

export class Announcer {
  /** @type {Map<string, Told>} */ #gathered = new Map();
  #timer = 0;

  /**
   * @param {HTMLElement} region an `aria-live` region
   * @param {(told: Told[]) => Promise<string[]>} words
   */
  constructor(region, words) {
    this.region = region;
    this.words = words;
  }

  /** @param {{command: string, author?: {id: string, name: string}}} change of somebody else */
  hear({ command, author }) {
    const kind = KINDS[command] ?? "changed";
    const key = `${author?.id}|${author?.name}|${kind}`;
    const told = this.#gathered.get(key) ?? { name: author?.name ?? "", kind, n: 0 };
    told.n += 1;
    this.#gathered.set(key, told);
    if (!this.#timer) this.#timer = window.setTimeout(() => this.#tell(), GATHER_MS);
  }

  close() {
    window.clearTimeout(this.#timer);
    this.#gathered.clear();
    this.region.textContent = "";
  }

  async #tell() {
    this.#timer = 0;
    const told = [...this.#gathered.values()].sort((a, b) => b.n - a.n).slice(0, MOST_TOLD);
    this.#gathered.clear();
    if (told.length) this.region.textContent = (await this.words(told)).join(". ");
  }
}
