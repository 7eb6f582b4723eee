/**
 * What this browser remembers between visits, under which names: language, hand, who was logged in last,
 * its id in presence, each board's undo stack. Preferences only; ink lives in net/journal_store.js.
 */

/** @typedef {{id: number, username: string}} User */

const KEYS = {
  language: "notebooks.language",
  leftHanded: "notebooks.leftHanded",
  user: "notebooks.user",
  client: "notebooks.client",
  signedUp: "notebooks.signedUp",
  guestName: "notebooks.guestName",
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

  /** @param {string} language */
  setLanguage(language) {
    this.storage.setItem(KEYS.language, language);
  }

  get leftHanded() {
    return this.storage.getItem(KEYS.leftHanded) === "yes";
  }

  /** @param {boolean} left */
  setLeftHanded(left) {
    this.storage.setItem(KEYS.leftHanded, left ? "yes" : "no");
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
    this.tabStorage.setItem(KEYS.undo + board, JSON.stringify(state));
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

  /** Forgets what belongs to the account that logs out. */
  forgetUser() {
    this.storage.removeItem(KEYS.user);
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
