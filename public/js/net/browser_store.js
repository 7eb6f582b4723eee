/**
 * What this browser keeps. `JournalStore` is the journal on disk: IndexedDB, one record per change, bound to
 * its owner ("u12", "guest:...", "browser") and its board ("n7", "s<share code>", "local"); what an entry means
 * is core/journal.js. Where IndexedDB is refused (some private windows) the journal lives in memory and
 * `durable` says so. `Memory` holds the small things: language, hand, who was logged in last, this browser's
 * id in presence, each board's undo stack.
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
    // Else the page would have to live until it hears that they are stored: who leaves at once would lose them.
    store.transaction.commit?.();
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

/** @typedef {{id: number, username: string}} User */

const KEYS = {
  language: "notebooks.language",
  leftHanded: "notebooks.leftHanded",
  user: "notebooks.user",
  client: "notebooks.client",
  signedUp: "notebooks.signedUp",
  guestName: "notebooks.guestName",
  touch: "notebooks.touch",
  list: "notebooks.list",
  name: "notebooks.name",
  place: "notebooks.place",
  undo: "notebooks.undo.",
};

export class Memory {
  /** @param {Storage} storage of the browser @param {Storage} tabStorage of this tab */
  constructor(storage, tabStorage) {
    this.storage = storage;
    this.tabStorage = tabStorage;
  }

  /** @returns {string|null} */
  get language() {
    return this.storage.getItem(KEYS.language);
  }

  /** The server has to know, too: it sends each page in its reader's language. @param {string} language */
  setLanguage(language) {
    this.storage.setItem(KEYS.language, language);
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API came to Firefox and Safari only in 2025
    document.cookie = `__Host-language=${language}; Path=/; Secure; SameSite=Lax; Max-Age=31536000`;
  }

  get leftHanded() {
    return this.storage.getItem(KEYS.leftHanded) === "yes";
  }

  /** @param {boolean} left */
  setLeftHanded(left) {
    this.storage.setItem(KEYS.leftHanded, left ? "yes" : "no");
  }

  /** @returns {{penOnly: boolean, fingerDraws: boolean}} what fingers may do on this device */
  get touch() {
    const { penOnly = false, fingerDraws = false } = this.#json(KEYS.touch, /** @type {any} */ ({}));
    return { penOnly: penOnly === true, fingerDraws: fingerDraws === true };
  }

  /** @param {{penOnly: boolean, fingerDraws: boolean}} touch */
  setTouch(touch) {
    this.storage.setItem(KEYS.touch, JSON.stringify(touch));
  }

  /** @returns {any[]} the user's notebooks as last heard from the server */
  get list() {
    return this.#json(KEYS.list, []);
  }

  /** @param {any[]} notebooks */
  keepList(notebooks) {
    this.storage.setItem(KEYS.list, JSON.stringify(notebooks));
  }

  /** @returns {User|null} who was logged in last: for a start without a network */
  get user() {
    return this.#json(KEYS.user, null);
  }

  /** @param {User|null} user */
  setUser(user) {
    this.storage.setItem(KEYS.user, JSON.stringify(user));
  }

  /**
   * This browser in presence (P6), one id for all its tabs.
   *
   * @param {() => string} make
   */
  client(make) {
    const known = this.storage.getItem(KEYS.client) ?? make();
    this.storage.setItem(KEYS.client, known);
    return known;
  }

  get guestName() {
    return this.storage.getItem(KEYS.guestName) ?? "";
  }

  /** @param {string} name */
  setGuestName(name) {
    this.storage.setItem(KEYS.guestName, name);
  }

  /** @param {string} board @returns {unknown} its undo stack, as kept by this tab */
  undo(board) {
    return this.#json(KEYS.undo + board, undefined, this.tabStorage);
  }

  /** @param {string} board @param {unknown} state */
  keepUndo(board, state) {
    if (state === undefined) this.tabStorage.removeItem(KEYS.undo + board);
    else this.tabStorage.setItem(KEYS.undo + board, JSON.stringify(state));
  }

  /** The account was made just now: ink drawn before becomes its first notebook. */
  noteSignUp() {
    this.storage.setItem(KEYS.signedUp, "yes");
  }

  /** @returns {boolean} whether an account was made since the last time this was asked */
  takeSignUp() {
    const fresh = this.storage.getItem(KEYS.signedUp) === "yes";
    this.storage.removeItem(KEYS.signedUp);
    return fresh;
  }

  /** A board was given a name before there was an account. @param {{title: string, description: string}} words */
  keepName(words) {
    this.tabStorage.setItem(KEYS.name, JSON.stringify(words));
  }

  /** @returns {{title: string, description: string}|null} the name given in this tab, once */
  takeName() {
    const words = this.#json(KEYS.name, null, this.tabStorage);
    this.tabStorage.removeItem(KEYS.name);
    return words;
  }

  /** Where this tab is: who goes away to log in comes back there. @param {string} address of the page */
  keepPlace(address) {
    this.tabStorage.setItem(KEYS.place, address);
  }

  /** @returns {string} */
  get place() {
    return this.tabStorage.getItem(KEYS.place) ?? "/";
  }

  /** Forgets what belongs to the account that logs out. */
  forgetUser() {
    this.storage.removeItem(KEYS.user);
    this.storage.removeItem(KEYS.list);
    this.tabStorage.clear();
  }

  /** @template T @param {string} key @param {T} otherwise @param {Storage} [storage] @returns {T} */
  #json(key, otherwise, storage = this.storage) {
    try {
      return JSON.parse(storage.getItem(key) ?? "null") ?? otherwise;
    } catch {
      return otherwise;
    }
  }
}
