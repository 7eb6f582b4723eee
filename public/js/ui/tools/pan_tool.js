/**
 * The hand: every pointer moves the sheet.
 *
 * Owns nothing but its place in the table of tools; the pointer machine pans by itself while this tool is chosen.
 */

export class PanTool {
  begin() {}
  extend() {}
  frame() {}
  finish() {}
  discard() {}
}
