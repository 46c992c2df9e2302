import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { page } from "./fakes.js";

const { WORDS } = await page("words.js");
const { chooseLanguage, setLanguage, t } = await page("lib/translate.js");

const PAGE = new URL("../../../dashboard_static/", import.meta.url);
const MODULES = readdirSync(new URL("js/", PAGE), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".js") && !/^words[./]/.test(name))
  .map((name) => ({ name, text: readFileSync(new URL(`js/${name}`, PAGE), "utf8") }));
const INDEX = readFileSync(new URL("index.html", PAGE), "utf8");

const KEYS = Object.keys(WORDS.en);
const LITERAL = /\bt\(\s*"([^"]+)"/g;
/** `t(`severity.${x}`)` uses every key that begins so. */
const TEMPLATE = /\bt\(\s*`([^`$]+)\$\{[^`]*`/g;

const used = (pattern, text) => [...text.matchAll(pattern)].map(([, key]) => key);
const forms = (word) => (typeof word === "string" ? [word] : Object.values(word));
const names = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test("both languages have the same keys, no text is empty, and both take the same values", () => {
  assert.deepEqual(Object.keys(WORDS.de).sort(), [...KEYS].sort());
  for (const key of KEYS) {
    const allowed = new Set(forms(WORDS.en[key]).flatMap(names));
    for (const language of ["en", "de"]) {
      const word = WORDS[language][key];
      assert.ok(
        forms(word).every((text) => text.trim() !== ""),
        `${language} ${key}`,
      );
      assert.ok(typeof word === "string" || "other" in word, `${language} ${key} has no plural`);
      assert.deepEqual(new Set(names(forms(word).at(-1))), allowed, `${language} ${key}`);
    }
  }
});

test("no two views write the same key", () => {
  const files = readdirSync(new URL("js/words/", PAGE));
  const written = files.flatMap((name) =>
    readFileSync(new URL(`js/words/${name}`, PAGE), "utf8")
      .split(/^ {2}de: /m)[0]
      .match(/^ {4}"[^"]+"(?=:)/gm),
  );
  assert.equal(new Set(written).size, written.length);
  assert.equal(written.length, KEYS.length);
});

test("every text that the page asks for exists", () => {
  const wanted = MODULES.flatMap(({ text }) => used(LITERAL, text));
  assert.ok(wanted.length > 50);
  const inHtml = used(/data-t(?:-label)?="([^"]+)"/g, INDEX);
  assert.ok(inHtml.length > 5);
  assert.deepEqual(
    [...wanted, ...inHtml].filter((key) => !KEYS.includes(key)),
    [],
  );
  const prefixes = MODULES.flatMap(({ text }) => used(TEMPLATE, text));
  assert.deepEqual(
    prefixes.filter((prefix) => !KEYS.some((key) => key.startsWith(prefix))),
    [],
  );
});

test("every text is used", () => {
  const all = MODULES.map(({ text }) => text).join("\n") + INDEX;
  const prefixes = MODULES.flatMap(({ text }) => used(TEMPLATE, text));
  assert.deepEqual(
    KEYS.filter((key) => !all.includes(`"${key}"`) && !prefixes.some((prefix) => key.startsWith(prefix))),
    [],
  );
});

test("the choice wins, then the browser's first language with words, then English", () => {
  assert.deepEqual(chooseLanguage("de", ["en-GB"]), { language: "de", locale: "de" });
  assert.deepEqual(chooseLanguage("de", ["en-GB", "de-AT"]), { language: "de", locale: "de-AT" });
  assert.deepEqual(chooseLanguage(undefined, ["de-CH", "en"]), { language: "de", locale: "de-CH" });
  assert.deepEqual(chooseLanguage("xx", ["fr-FR", "de"]), { language: "de", locale: "fr-FR" });
  assert.deepEqual(chooseLanguage(7, ["fr"]), { language: "en", locale: "fr" });
  assert.deepEqual(chooseLanguage(undefined, []), { language: "en", locale: "en" });
});

test("texts take values, numbers in the locale, and the plural of their count", () => {
  try {
    assert.equal(t("fleet.sumOf", { count: 1 }), "sum of 1 current reading");
    assert.equal(t("fleet.sumOf", { count: 1234 }), "sum of 1,234 current readings");
    setLanguage("de", "de-DE");
    assert.equal(t("fleet.sumOf", { count: 1234 }), "Summe aus 1.234 aktuellen Werten");
    assert.equal(t("device.heading", { name: "{name} $& <b>" }), "Durchfluss von {name} $& <b>");
    assert.equal(t("device.heading"), "Durchfluss von {name}");
  } finally {
    setLanguage("en", "en");
  }
});
