/** The colour of an author, the same on every page: from the author id of the log. */

/** @param {string} author id: "u12", "g..." or "" @returns {string} */
export function personColour(author) {
  let hash = 7;
  for (const letter of author) hash = (hash * 137 + letter.charCodeAt(0)) % 997;
  return `hsl(${Math.round((hash * 222.5) % 360)} 68% 45%)`;
}
