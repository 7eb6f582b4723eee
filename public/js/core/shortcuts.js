/**
 * The keyboard shortcuts of the board, in one table.
 *
 * Owns keys and action names; what an action does is the board's, its words are the catalogues' (`label` is
 * their key). Letters are compared by the physical key, so that they work on a Hebrew layout too.
 */

/**
 * @typedef {Object} Shortcut
 * @property {string} action
 * @property {string} label key in the language catalogues
 * @property {string} code KeyboardEvent.code
 * @property {boolean} [command] with Ctrl (Command on a Mac)
 * @property {boolean} [shift]
 * @property {string} shown how the list of them writes it
 */

/** @type {readonly Shortcut[]} */
export const SHORTCUTS = Object.freeze([
  { action: "undo", label: "tool.undo", code: "KeyZ", command: true, shown: "Ctrl+Z" },
  { action: "redo", label: "tool.redo", code: "KeyZ", command: true, shift: true, shown: "Ctrl+Shift+Z" },
  { action: "redo", label: "tool.redo", code: "KeyY", command: true, shown: "Ctrl+Y" },
  { action: "tool:pen", label: "kind.pen", code: "KeyP", shown: "P" },
  { action: "tool:fine", label: "kind.fine", code: "KeyF", shown: "F" },
  { action: "tool:constant", label: "kind.constant", code: "KeyC", shown: "C" },
  { action: "tool:highlighter", label: "kind.highlighter", code: "KeyM", shown: "M" },
  { action: "tool:eraser", label: "kind.eraser", code: "KeyE", shown: "E" },
  {
    action: "tool:partial_eraser",
    label: "kind.partial_eraser",
    code: "KeyE",
    shift: true,
    shown: "Shift+E",
  },
  { action: "tool:lasso", label: "kind.lasso", code: "KeyL", shown: "L" },
  { action: "tool:rectangle", label: "kind.rectangle", code: "KeyR", shown: "R" },
  { action: "tool:hand", label: "kind.hand", code: "KeyH", shown: "H" },
  { action: "select:all", label: "keys.selectAll", code: "KeyA", command: true, shown: "Ctrl+A" },
  { action: "select:copy", label: "selection.copy", code: "KeyC", command: true, shown: "Ctrl+C" },
  { action: "select:cut", label: "keys.cut", code: "KeyX", command: true, shown: "Ctrl+X" },
  { action: "select:paste", label: "keys.paste", code: "KeyV", command: true, shown: "Ctrl+V" },
  { action: "select:duplicate", label: "selection.duplicate", code: "KeyD", command: true, shown: "Ctrl+D" },
  { action: "select:delete", label: "selection.delete", code: "Delete", shown: "Del" },
  { action: "select:delete", label: "selection.delete", code: "Backspace", shown: "Backspace" },
  { action: "select:none", label: "keys.selectNone", code: "Escape", shown: "Esc" },
  { action: "size:smaller", label: "keys.thinner", code: "BracketLeft", shown: "[" },
  { action: "size:larger", label: "keys.thicker", code: "BracketRight", shown: "]" },
  { action: "zoom:in", label: "keys.zoomIn", code: "Equal", command: true, shown: "Ctrl++" },
  { action: "zoom:out", label: "keys.zoomOut", code: "Minus", command: true, shown: "Ctrl+-" },
  { action: "zoom:one", label: "keys.zoomOne", code: "Digit0", command: true, shown: "Ctrl+0" },
  { action: "zoom:fit", label: "menu.fit", code: "Digit1", shift: true, shown: "Shift+1" },
  { action: "pan:left", label: "keys.move", code: "ArrowLeft", shown: "←" },
  { action: "pan:right", label: "keys.move", code: "ArrowRight", shown: "→" },
  { action: "pan:up", label: "keys.move", code: "ArrowUp", shown: "↑" },
  { action: "pan:down", label: "keys.move", code: "ArrowDown", shown: "↓" },
  { action: "pan:page_up", label: "keys.page", code: "PageUp", shown: "PgUp" },
  { action: "pan:page_down", label: "keys.page", code: "PageDown", shown: "PgDn" },
  { action: "pan:start", label: "keys.start", code: "Home", shown: "Home" },
]);

/**
 * @param {{code: string, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altKey: boolean}} event
 * @returns {string | null} the action
 */
export function actionOf(event) {
  if (event.altKey) return null;
  const command = event.ctrlKey || event.metaKey;
  const found = SHORTCUTS.find(
    (one) => one.code === event.code && !!one.command === command && !!one.shift === event.shiftKey,
  );
  return found ? found.action : null;
}
