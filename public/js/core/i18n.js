/**
 * Words of the page in one language: look-up, placeholders, plurals, direction.
 * Owns no text (see js/i18n/*.js), no DOM and no storage: the page hands in catalogue and language.
 * A key that is missing comes back as itself, so that a gap is seen and never hides a control.
 */

/** @typedef {Record<string, string>} Catalogue */
/** @typedef {"en"|"he"} Language */
/** @typedef {(key: string, values?: Record<string, string|number>) => string} Translate */

/** The languages the page speaks, the first being the one for everybody else. */
export const LANGUAGES = /** @type {readonly Language[]} */ (["en", "he"]);

/**
 * The language for a visitor: what they chose before, else the first of their browser's that we speak.
 *
 * @param {string|null} remembered
 * @param {readonly string[]} wanted BCP 47 tags, best first
 * @returns {Language}
 */
export function chooseLanguage(remembered, wanted) {
  for (const tag of remembered ? [remembered, ...wanted] : wanted) {
    const base = tag.toLowerCase().split("-")[0].replace(/^iw$/, "he");
    const known = LANGUAGES.find((language) => language === base);
    if (known) return known;
  }
  return LANGUAGES[0];
}

/** @param {Language} language @returns {"rtl"|"ltr"} */
export function directionOf(language) {
  return language === "he" ? "rtl" : "ltr";
}

/**
 * A translator over one catalogue. With a value `n`, the key `<key>.one`, `<key>.two` or `<key>.other` is
 * preferred by the language's plural rules; `{name}` is replaced by the value of that name.
 *
 * @param {Catalogue} catalogue
 * @param {Language} language
 * @returns {Translate}
 */
export function translator(catalogue, language) {
  const plurals = new Intl.PluralRules(language);
  return (key, values = {}) => {
    const n = values.n;
    const form = typeof n === "number" ? catalogue[`${key}.${plurals.select(n)}`] : undefined;
    const text = form ?? catalogue[`${key}.other`] ?? catalogue[key];
    if (text === undefined) return key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}

/**
 * A name that stands in a sentence before a comma or a date: in the other script it would carry them over to its own
 * side, so it stands between the marks FSI and PDI.
 *
 * @param {string} name
 */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

/**
 * The sentence for a failure: by its `reason`, else the server's own sentence, else the general one.
 *
 * @param {Translate} t
 * @param {{reason?: string, sentence?: string}} failure
 */
export function failureText(t, failure) {
  const key = `failure.${failure.reason ?? ""}`;
  const text = failure.reason ? t(key) : key;
  if (text !== key) return text;
  return failure.sentence || t("failure.unknown");
}
