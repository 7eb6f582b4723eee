/** The catalogues: complete, alike, and every key the page asks for is there. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  chooseLanguage,
  directionOf,
  failureText,
  LANGUAGES,
  translator,
} from "../../public/js/core/i18n.js";
import { SHORTCUTS } from "../../public/js/core/shortcuts.js";
import { catalogue as englishFirst } from "../../public/js/i18n/en.js";
import { catalogue as englishMore } from "../../public/js/i18n/en_more.js";
import { catalogue as hebrewFirst } from "../../public/js/i18n/he.js";
import { catalogue as hebrewMore } from "../../public/js/i18n/he_more.js";

const english = { ...englishFirst, ...englishMore };
const hebrew = { ...hebrewFirst, ...hebrewMore };
const PUBLIC = fileURLToPath(new URL("../../public/", import.meta.url));
const PLURAL = /\.(zero|one|two|few|many|other)$/;

/** @param {Record<string, string>} catalogue */
function stems(catalogue) {
  return new Set(Object.keys(catalogue).map((key) => key.replace(PLURAL, "")));
}

/** @param {string} folder @param {RegExp} ending @returns {string[]} */
function sources(folder, ending) {
  const names = readdirSync(folder, { recursive: true }).map(String);
  return names.filter((name) => ending.test(name)).map((name) => readFileSync(`${folder}/${name}`, "utf8"));
}

test("both catalogues have the same keys", () => {
  assert.deepEqual([...stems(english)].sort(), [...stems(hebrew)].sort());
});

test("both languages have the same words on the first screen, and none twice", () => {
  assert.deepEqual([...stems(englishFirst)].sort(), [...stems(hebrewFirst)].sort());
  assert.deepEqual(
    Object.keys(englishFirst).filter((key) => key in englishMore),
    [],
  );
});

test("no text is empty, and placeholders are the same in both", () => {
  for (const [key, text] of Object.entries(english)) {
    assert.ok(text.trim(), key);
    const other = hebrew[key];
    if (other === undefined || key.endsWith(".one")) continue;
    const names = (/** @type {string} */ from) =>
      [...from.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
    assert.deepEqual(names(other), names(text), key);
  }
});

test("every key written in the modules is in the catalogues", () => {
  const known = stems(english);
  const missing = new Set();
  for (const text of sources(`${PUBLIC}js`, /(app|ui|net)\/.*\.js$/)) {
    for (const [, key] of text.matchAll(/(?<![\w.])(?:this\.|app\.|toolbar\.)?t\(\s*"([^"]+)"/g)) {
      if (!known.has(key)) missing.add(key);
    }
    for (const [, prefix] of text.matchAll(/(?<![\w.])(?:this\.|app\.|toolbar\.)?t\(\s*`([a-zA-Z.]+)\$\{/g)) {
      if (![...known].some((key) => key.startsWith(prefix))) missing.add(`${prefix}*`);
    }
  }
  assert.deepEqual([...missing], []);
});

test("every shortcut has its words, and no two the same keys", () => {
  for (const { label } of SHORTCUTS) assert.ok(label in english, label);
  const keys = SHORTCUTS.map((one) => one.shown);
  assert.equal(new Set(keys).size, keys.length);
});

test("every key of the static pages is in the catalogues", () => {
  const known = stems(english);
  for (const text of sources(PUBLIC, /^[^/]*\.html$/)) {
    for (const [, key] of text.matchAll(/data-t(?:-\w+)?="([^"]+)"/g)) assert.ok(known.has(key), key);
  }
});

test("the English names of the controls are the ones outside checks use", () => {
  const names = ["pen", "eraser", "clear", "save", "share", "size", "colour", "undo", "redo"];
  assert.deepEqual(
    names.map((name) => english[`tool.${name}`]),
    ["Pen", "Eraser", "Clear", "Save", "Share", "Size", "Colour", "Undo", "Redo"],
  );
  assert.deepEqual(
    [english["list.new"], english["account.logIn"], english["account.logOut"], english["account.signUp"]],
    ["New notebook", "Log in", "Log out", "Sign up"],
  );
});

test("plurals follow the language", () => {
  const he = translator(hebrew, "he");
  const en = translator(english, "en");
  assert.equal(en("status.offlineWaiting", { n: 7 }), "Offline, 7 strokes waiting");
  assert.equal(en("status.offlineWaiting", { n: 1 }), "Offline, 1 stroke waiting");
  assert.equal(he("status.offlineWaiting", { n: 2 }), hebrew["status.offlineWaiting.two"]);
});

test("a missing key comes back as itself, a missing value stays visible", () => {
  const t = translator({ hello: "Hello, {name}" }, "en");
  assert.equal(t("nothing.here"), "nothing.here");
  assert.equal(t("hello"), "Hello, {name}");
  assert.equal(t("hello", { name: "{name}" }), "Hello, {name}");
});

test("a failure is told by its reason, else by the server's sentence", () => {
  const t = translator(english, "en");
  assert.equal(failureText(t, { reason: "name_taken" }), english["failure.name_taken"]);
  assert.equal(failureText(t, { reason: "brand_new", sentence: "Do this." }), "Do this.");
  assert.equal(failureText(t, {}), english["failure.unknown"]);
});

test("the language is the remembered one, else the browser's first that we speak", () => {
  assert.equal(chooseLanguage(null, ["fr-FR", "he-IL", "en"]), "he");
  assert.equal(chooseLanguage(null, ["iw"]), "he");
  assert.equal(chooseLanguage("en", ["he"]), "en");
  assert.equal(chooseLanguage(null, []), LANGUAGES[0]);
  assert.deepEqual([directionOf("he"), directionOf("en")], ["rtl", "ltr"]);
});
