/**
 * The journal of one author's changes to one notebook: what waits, what the server has acknowledged,
 * what it refused. Pure: every method returns the entries that the store must write or erase, and touches
 * neither clock, network nor disk. Implements C3 on the client's side and INK.md "Client journal": an entry
 * leaves only when its op is seen in the log (or acknowledged with a number the loaded document includes).
 */

/** At most this many changes and this many bytes of JSON go into one POST (C2, INK.md). */
export const BATCH_CHANGES = 64;
export const BATCH_BYTES = 512 * 1024;

/** @typedef {"waiting"|"acknowledged"|"refused"} EntryState */

/**
 * @typedef {object} Entry
 * @property {string} op
 * @property {number} order position in the journal, growing
 * @property {string} command
 * @property {any} data
 * @property {EntryState} state
 * @property {number} [seq] the server's number, once acknowledged
 * @property {string} [epoch] the epoch that number belongs to
 * @property {string} [reason] why it was refused
 * @property {string} [sentence] the server's sentence with it
 */

/**
 * What the store has to do so that a reload finds the same journal.
 * @typedef {object} Writes
 * @property {Entry[]} put
 * @property {string[]} remove ops
 */

/** @returns {Writes} */
const nothing = () => ({ put: [], remove: [] });

/**
 * Ops are random per page and counted: unique in the notebook, 1 to 64 of `A-Za-z0-9._-` (C1).
 *
 * @param {() => string} randomText at least 10 characters of `A-Za-z0-9_-`
 * @returns {() => string}
 */
export function opMaker(randomText) {
  const stem = randomText();
  let count = 0;
  return () => {
    count += 1;
    return `${stem}.${count.toString(36)}`;
  };
}

export class Journal {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  #lastOrder = 0;
  #batchLimit = BATCH_CHANGES;

  /** @param {Entry[]} [entries] as read from the store, in any order */
  constructor(entries = []) {
    this.adopt(entries);
  }

  /**
   * Takes over entries that another page or an earlier run left behind.
   *
   * @param {Entry[]} entries
   * @returns {Entry[]} those that were new here, in order
   */
  adopt(entries) {
    const fresh = entries.filter((entry) => !this.#entries.has(entry.op)).sort((a, b) => a.order - b.order);
    const all = [...this.#entries.values(), ...fresh].sort((a, b) => a.order - b.order);
    this.#entries = new Map(all.map((entry) => [entry.op, entry]));
    this.#lastOrder = all.length ? all[all.length - 1].order : this.#lastOrder;
    return fresh;
  }

  /**
   * @param {string} op
   * @param {string} command
   * @param {any} data
   * @param {number} nowMs orders entries of several pages among each other
   * @returns {Writes}
   */
  add(op, command, data, nowMs) {
    this.#lastOrder = Math.max(this.#lastOrder + 1, nowMs);
    /** @type {Entry} */
    const entry = { op, order: this.#lastOrder, command, data, state: "waiting" };
    this.#entries.set(op, entry);
    return { put: [entry], remove: [] };
  }

  /** @param {string} op @returns {Entry|undefined} */
  entry(op) {
    return this.#entries.get(op);
  }

  /** @param {EntryState} state @returns {Entry[]} in order */
  inState(state) {
    return [...this.#entries.values()].filter((entry) => entry.state === state);
  }

  /** Entries whose effect belongs on the board: all but the refused, in order. */
  live() {
    return [...this.#entries.values()].filter((entry) => entry.state !== "refused");
  }

  /** How many changes the server has not acknowledged yet. */
  get waiting() {
    return this.inState("waiting").length;
  }

  get refused() {
    return this.inState("refused").length;
  }

  /**
   * The next changes to post, oldest first.
   *
   * @returns {[string, any, string][]}
   */
  nextBatch() {
    /** @type {[string, any, string][]} */
    const batch = [];
    let bytes = 2;
    for (const entry of this.#entries.values()) {
      if (entry.state !== "waiting") continue;
      /** @type {[string, any, string]} */
      const change = [entry.command, entry.data, entry.op];
      bytes += utf8Length(JSON.stringify(change)) + 1;
      if (batch.length > 0 && bytes > BATCH_BYTES) break;
      batch.push(change);
      if (batch.length >= this.#batchLimit) break;
    }
    return batch;
  }

  /**
   * C2's answer: stored durably, under these numbers.
   *
   * @param {{op: string, seq: number}[]} changes
   * @param {string} epoch
   * @param {number} loadedSeq number up to which the document on the page includes the log
   * @returns {Writes}
   */
  acknowledge(changes, epoch, loadedSeq) {
    const writes = nothing();
    this.#batchLimit = BATCH_CHANGES;
    for (const { op, seq } of changes) {
      const entry = this.#entries.get(op);
      if (!entry) continue;
      if (seq <= loadedSeq) {
        this.#entries.delete(op);
        writes.remove.push(op);
      } else {
        Object.assign(entry, { state: "acknowledged", seq, epoch });
        writes.put.push(entry);
      }
    }
    return writes;
  }

  /**
   * These ops were seen in the log.
   *
   * @param {Iterable<string>} ops
   * @returns {Writes}
   */
  seen(ops) {
    const writes = nothing();
    for (const op of ops) {
      if (this.#entries.delete(op)) writes.remove.push(op);
    }
    return writes;
  }

  /**
   * The document was loaded (again): what it includes leaves, what it does not is sent again.
   *
   * @param {number} seq
   * @param {string} epoch
   * @returns {Writes}
   */
  loaded(seq, epoch) {
    const writes = nothing();
    for (const entry of this.inState("acknowledged")) {
      if (entry.epoch === epoch && (entry.seq ?? Infinity) <= seq) {
        this.#entries.delete(entry.op);
        writes.remove.push(entry.op);
      } else {
        entry.state = "waiting";
        delete entry.seq;
        delete entry.epoch;
        writes.put.push(entry);
      }
    }
    return writes;
  }

  /**
   * Sets one change aside (the tray).
   *
   * @param {string} op
   * @param {string} reason
   * @param {string} sentence
   * @returns {Writes}
   */
  refuse(op, reason, sentence) {
    const entry = this.#entries.get(op);
    if (!entry) return nothing();
    Object.assign(entry, { state: "refused", reason, sentence });
    this.#batchLimit = BATCH_CHANGES;
    return { put: [entry], remove: [] };
  }

  /**
   * Puts a refused change back into the queue, at its end.
   *
   * @param {string} op
   * @param {number} nowMs
   * @returns {Writes}
   */
  retry(op, nowMs) {
    const entry = this.#entries.get(op);
    if (entry?.state !== "refused") return nothing();
    this.#entries.delete(op);
    return this.add(op, entry.command, entry.data, nowMs);
  }

  /**
   * Gives a refused change up for good.
   *
   * @param {string} op
   * @returns {Writes}
   */
  discard(op) {
    return this.entry(op)?.state === "refused" ? this.seen([op]) : nothing();
  }

  /** A whole batch was refused without a name: send smaller ones until the culprit stands alone. */
  halveBatch() {
    this.#batchLimit = Math.max(1, Math.floor(Math.min(this.#batchLimit, this.waiting) / 2));
  }
}

/** @param {string} text */
function utf8Length(text) {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7ff) bytes += 2;
    else if (unit > 0x7f) bytes += 1;
  }
  return bytes;
}
