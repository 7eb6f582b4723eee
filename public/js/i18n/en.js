/**
 * The words of the first screen in English; all others are in en_more.js. Keys are shared with every other
 * catalogue (a test compares them). The accessible names of the tools are fixed: outside checks use them.
 */

/** @type {import("../core/i18n.js").Catalogue} */
export const catalogue = {
  "app.name": "Shared Notebooks",

  "greeting.user": "Hello, {name}",
  "greeting.guest": "Hello! Go ahead and draw.",

  "board.label": "Board",

  "tool.pen": "Pen",
  "tool.eraser": "Eraser",
  "tool.size": "Size",
  "tool.colour": "Colour",
  "tool.undo": "Undo",
  "tool.redo": "Redo",
  "tool.clear": "Clear",
  "tool.save": "Save",
  "tool.share": "Share",
  "toolbar.draw": "Drawing",
  "toolbar.keep": "Keep and share",

  "hint.how": "Draw with a pen, a finger or the mouse. It stays on this device until you give it a name.",
  "hint.notebook": "Draw with a pen, a finger or the mouse. Everything is stored as you go.",

  "list.label": "Notebooks",
  "list.handle": "Notebooks",
  "list.new": "New notebook",
  "list.empty": "Your notebooks will be listed here. Draw something and give it a name.",
  "list.loggedOut": "Sign up to keep your notebooks here and share them. What you draw now comes along.",
  "list.nothingFound": "No notebook by these words.",
  "list.search": "Find a notebook",
  "list.unsaved": "Unsaved board",
  "list.unsavedNote": "Kept on this device only",
  "list.news": "Something new",
  "list.more": "More for {title}",

  "status.stored": "Stored",
  "status.lookOnly": "Look only",
  "status.sending": "Sending…",
  "status.loading": "Loading…",
  "status.offline": "Offline",
  "status.offlineWaiting.one": "Offline, 1 stroke waiting",
  "status.offlineWaiting.other": "Offline, {n} strokes waiting",
  "status.diskFull.one": "Server full, 1 stroke waiting",
  "status.diskFull.other": "Server full, {n} strokes waiting",
  "status.storageDown.one": "Server cannot store, 1 stroke waiting",
  "status.storageDown.other": "Server cannot store, {n} strokes waiting",
  "status.local": "Nothing drawn yet",
  "status.localInk": "On this device",
  "status.login": "Log in again",
  "status.gone": "No longer available",
  "status.missing": "Not loaded yet: it comes with the network",
  "status.refused.one": "1 change not stored",
  "status.refused.other": "{n} changes not stored",

  "people.guest": "Guest",

  "account.label": "Account",
  "account.title": "Your account",
  "account.logIn": "Log in",
  "account.signUp": "Sign up",
  "account.logOut": "Log out",
};
