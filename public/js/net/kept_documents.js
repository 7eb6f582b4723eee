/**
 * Copies of the notebooks one opened last, for a start without a network: IndexedDB, one record per notebook,
 * bound to its owner ("u12", "guest:...") like the journal, and erased with the owner's log-out. Never the truth:
 * the server's document replaces a copy as soon as it can be reached.
 */

/**
 * @typedef {object} Kept
 * @property {number} seq
 * @property {string} epoch
 * @property {{paper: string, margin: string}} paper
 * @property {string[]} strokes canonical fragments with their ids
 * @property {{role: string, title: string, description: string}} head
 */

/** @typedef {{key: string, owner: string, usedMs: number, value: any}} KeptRecord */

const DATABASE = "shared-notebooks-copies";
const STORE = "copies";
/** Copies of one owner. */
const MOST_COPIES = 12;
/** Notebooks above this many characters are not copied. */
const MOST_CHARACTERS = 16_000_000;

export class KeptDocuments {
  /** @param {IDBDatabase|null} database null where IndexedDB is refused: then nothing is kept */
  constructor(database) {
    this.database = database;
  }

  /** @param {IDBFactory|undefined} factory @returns {Promise<KeptDocuments>} */
  static async open(factory) {
    try {
      if (!factory) return new KeptDocuments(null);
      const request = factory.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(STORE, { keyPath: "key" }).createIndex("owner", "owner");
      };
      return new KeptDocuments(await settled(request));
    } catch {
      return new KeptDocuments(null);
    }
  }

  /** @param {string} owner @param {string} board @returns {Promise<any>} what was kept under this name */
  async read(owner, board) {
    const record = await this.#do("readonly", (store) => store.get(`${owner}|${board}`));
    return record?.value;
  }

  /**
   * @param {string} owner
   * @param {string} board
   * @param {any} value plain data; a notebook's is a Kept
   * @param {number} nowMs
   */
  async keep(owner, board, value, nowMs) {
    const length = (value.strokes ?? []).reduce(
      (/** @type {number} */ sum, /** @type {string} */ one) => sum + one.length,
      0,
    );
    if (length > MOST_CHARACTERS) return;
    const record = { key: `${owner}|${board}`, owner, usedMs: nowMs, value };
    await this.#do("readwrite", (store) => store.put(record));
    const all = await this.#of(owner);
    all.sort((a, b) => b.usedMs - a.usedMs);
    for (const old of all.slice(MOST_COPIES)) await this.#do("readwrite", (store) => store.delete(old.key));
  }

  /** @param {string} owner @param {string} [board] all of the owner's when left out */
  async erase(owner, board) {
    for (const { key } of await this.#of(owner)) {
      if (board !== undefined && key !== `${owner}|${board}`) continue;
      await this.#do("readwrite", (store) => store.delete(key));
    }
  }

  close() {
    this.database?.close();
  }

  /** @param {string} owner @returns {Promise<KeptRecord[]>} */
  async #of(owner) {
    return (await this.#do("readonly", (store) => store.index("owner").getAll(owner))) ?? [];
  }

  /**
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest} ask
   * @returns {Promise<any>} undefined where nothing can be kept
   */
  async #do(mode, ask) {
    if (!this.database) return undefined;
    return settled(ask(this.database.transaction(STORE, mode).objectStore(STORE)));
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
