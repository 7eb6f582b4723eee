/**
 * The keyboard shortcuts of the board, in one table.
 *
 * Owns keys and action names; what an action does is the board's, words for tooltips are the catalogues' (`label`
 * is their key). Letters are compared by the physical key, so that they work on a Hebrew layout too.
 */

/**
 * @typedef {Object} Shortcut
 * @property {string} action
 * @property {string} label key in the language catalogues
 * @property {string} code KeyboardEvent.code
 * @property {boolean} [command] with Ctrl (Command on a Mac)
 * @property {boolean} [shift]
 * @property {string} shown how tooltips write it
 */

/** @type {readonly Shortcut[]} */
export const SHORTCUTS = Object.freeze([
  { action: "undo", label: "shortcut.undo", code: "KeyZ", command: true, shown: "Ctrl+Z" },
  { action: "redo", label: "shortcut.redo", code: "KeyZ", command: true, shift: true, shown: "Ctrl+Shift+Z" },
  { action: "redo", label: "shortcut.redo", code: "KeyY", command: true, shown: "Ctrl+Y" },
  { action: "tool:pen", label: "shortcut.pen", code: "KeyP", shown: "P" },
  { action: "tool:fine", label: "shortcut.fine", code: "KeyF", shown: "F" },
  { action: "tool:constant", label: "shortcut.constant", code: "KeyC", shown: "C" },
  { action: "tool:highlighter", label: "shortcut.marker", code: "KeyM", shown: "M" },
  { action: "tool:eraser", label: "shortcut.eraser", code: "KeyE", shown: "E" },
  { action: "tool:partial_eraser", label: "shortcut.cutter", code: "KeyE", shift: true, shown: "Shift+E" },
  { action: "tool:lasso", label: "shortcut.lasso", code: "KeyL", shown: "L" },
  { action: "tool:rectangle", label: "shortcut.rectangle", code: "KeyR", shown: "R" },
  { action: "tool:hand", label: "shortcut.pan", code: "KeyH", shown: "H" },
  { action: "select:all", label: "shortcut.select_all", code: "KeyA", command: true, shown: "Ctrl+A" },
  { action: "select:copy", label: "shortcut.copy", code: "KeyC", command: true, shown: "Ctrl+C" },
  { action: "select:cut", label: "shortcut.cut", code: "KeyX", command: true, shown: "Ctrl+X" },
  { action: "select:paste", label: "shortcut.paste", code: "KeyV", command: true, shown: "Ctrl+V" },
  { action: "select:duplicate", label: "shortcut.duplicate", code: "KeyD", command: true, shown: "Ctrl+D" },
  { action: "select:delete", label: "shortcut.delete", code: "Delete", shown: "Del" },
  { action: "select:delete", label: "shortcut.delete", code: "Backspace", shown: "Backspace" },
  { action: "select:none", label: "shortcut.select_none", code: "Escape", shown: "Esc" },
  { action: "size:smaller", label: "shortcut.thinner", code: "BracketLeft", shown: "[" },
  { action: "size:larger", label: "shortcut.thicker", code: "BracketRight", shown: "]" },
  { action: "zoom:in", label: "shortcut.zoom_in", code: "Equal", command: true, shown: "Ctrl++" },
  { action: "zoom:out", label: "shortcut.zoom_out", code: "Minus", command: true, shown: "Ctrl+-" },
  { action: "zoom:one", label: "shortcut.zoom_one", code: "Digit0", command: true, shown: "Ctrl+0" },
  { action: "zoom:fit", label: "shortcut.zoom_fit", code: "Digit1", shift: true, shown: "Shift+1" },
  { action: "pan:left", label: "shortcut.pan_left", code: "ArrowLeft", shown: "←" },
  { action: "pan:right", label: "shortcut.pan_right", code: "ArrowRight", shown: "→" },
  { action: "pan:up", label: "shortcut.pan_up", code: "ArrowUp", shown: "↑" },
  { action: "pan:down", label: "shortcut.pan_down", code: "ArrowDown", shown: "↓" },
  { action: "pan:page_up", label: "shortcut.page_up", code: "PageUp", shown: "PgUp" },
  { action: "pan:page_down", label: "shortcut.page_down", code: "PageDown", shown: "PgDn" },
  { action: "pan:start", label: "shortcut.start", code: "Home", shown: "Home" },
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
