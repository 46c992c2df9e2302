// @ts-check
/** The page's words in one language. Set once at start; a change of language loads the page anew. */
import { WORDS } from "../words.js";

/** @typedef {keyof typeof WORDS} Language */
/** @typedef {keyof typeof WORDS["en"]} Key */

export const LANGUAGES = /** @type {Language[]} */ (Object.keys(WORDS));

let language = /** @type {Language} */ ("en");
let plurals = new Intl.PluralRules(language);
let numbers = new Intl.NumberFormat(language);

/**
 * The language and the locale of numbers and times.
 *
 * The person's choice wins, else the first of the browser's languages that there are words in, else English.
 * Numbers follow the browser, unless the choice is another language than it speaks.
 *
 * @param {unknown} chosen  a language, or anything else for no choice
 * @param {readonly string[]} browser  navigator.languages
 * @returns {{language: Language, locale: string}}
 */
export function chooseLanguage(chosen, browser) {
  /** @param {string} tag */
  const base = (tag) => /** @type {Language} */ (tag.toLowerCase().split("-")[0]);
  const choice = LANGUAGES.find((known) => known === chosen);
  const spoken = choice ?? browser.map(base).find((each) => LANGUAGES.includes(each)) ?? "en";
  const locale = choice === undefined ? browser[0] : browser.find((tag) => base(tag) === choice);
  return { language: spoken, locale: locale ?? spoken };
}

/**
 * @param {Language} next
 * @param {string} locale  of the numbers in a text
 */
export function setLanguage(next, locale) {
  language = next;
  plurals = new Intl.PluralRules(next);
  numbers = new Intl.NumberFormat(locale);
}

/**
 * A text. `{name}` in it is replaced by the value of that name; numbers are written in the locale. A text with
 * plurals is chosen by `count`.
 *
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const word = /** @type {string | Record<string, string>} */ (WORDS[language][key]);
  const text = typeof word === "string" ? word : (word[plurals.select(Number(values.count))] ?? word.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}
