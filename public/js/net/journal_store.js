/**
 * The journal on disk: IndexedDB, one record per change, bound to its owner ("u12", "guest:...",
 * "browser") and its board ("n7", "s<share code>", "local"). Owns the database and nothing else; what an entry means
 * is core/journal.js. Where IndexedDB is refused (some private windows) the journal lives in memory and
 * `durable` says so.
 */

/** @typedef {import("../core/journal.js").Entry} Entry */
/** @typedef {import("../core/journal.js").Writes} Writes */
/** @typedef {{key: string, owner: string, board: string, page: string, entry: Entry}} StoredEntry */

const DATABASE = "shared-notebooks";
const STORE = "entries";

export class JournalStore {
  /** @type {IDBDatabase|null} */ #database;
  /** @type {Map<string, StoredEntry>} */ #memory = new Map();

  /** @param {IDBDatabase|null} database */
  constructor(database) {
    this.#database = database;
  }

  /** Whether entries survive a reload. */
  get durable() {
    return this.#database !== null;
  }

  /**
   * @param {IDBFactory|undefined} factory
   * @returns {Promise<JournalStore>}
   */
  static async open(factory) {
    if (!factory) return new JournalStore(null);
    try {
      const request = factory.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        const store = request.result.createObjectStore(STORE, { keyPath: "key" });
        store.createIndex("owner", "owner");
      };
      const database = await settled(request);
      database.onversionchange = () => database.close();
      return new JournalStore(database);
    } catch {
      return new JournalStore(null);
    }
  }

  /**
   * @param {string} owner
   * @param {string} [board] all boards of the owner when left out
   * @returns {Promise<StoredEntry[]>}
   */
  async read(owner, board) {
    const all = this.#database
      ? await settled(this.#transaction("readonly").index("owner").getAll(owner))
      : [...this.#memory.values()].filter((record) => record.owner === owner);
    return all.filter((record) => board === undefined || record.board === board);
  }

  /**
   * Returns once the writes are in the database.
   *
   * @param {string} owner
   * @param {string} board
   * @param {string} page id of the tab that sends these entries
   * @param {Writes} writes
   */
  async write(owner, board, page, writes) {
    const keyOf = (/** @type {string} */ op) => `${owner}|${board}|${op}`;
    const records = writes.put.map((entry) => ({ key: keyOf(entry.op), owner, board, page, entry }));
    await this.#change(records, writes.remove.map(keyOf));
  }

  /**
   * Hands entries to another owner and board (ink made before sign-up, an unsaved board that gets a name).
   *
   * @param {StoredEntry[]} records
   * @param {string} owner
   * @param {string} board
   */
  async move(records, owner, board) {
    const moved = records.map((record) => ({
      ...record,
      key: `${owner}|${board}|${record.entry.op}`,
      owner,
      board,
      page: "",
    }));
    await this.#change(
      moved,
      records.map((record) => record.key),
    );
  }

  /** @param {StoredEntry[]} records */
  async erase(records) {
    await this.#change(
      [],
      records.map((record) => record.key),
    );
  }

  /** @param {StoredEntry[]} put @param {string[]} remove keys */
  async #change(put, remove) {
    if (put.length === 0 && remove.length === 0) return;
    if (!this.#database) {
      for (const key of remove) this.#memory.delete(key);
      for (const record of put) this.#memory.set(record.key, structuredClone(record));
      return;
    }
    const store = this.#transaction("readwrite");
    for (const key of remove) store.delete(key);
    for (const record of put) store.put(record);
    await finished(store.transaction);
  }

  /** @param {IDBTransactionMode} mode */
  #transaction(mode) {
    if (!this.#database) throw new Error("the journal has no database");
    return this.#database.transaction(STORE, mode).objectStore(STORE);
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}
