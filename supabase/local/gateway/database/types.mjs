// @ts-check

/**
 * How values travel between PostgreSQL and JSON, as PostgREST has it. `to` and `from` are type OIDs, as
 * postgres.js takes them.
 */
export const POSTGREST_TYPES = {
  // @supabase/lite has turned some values into JSON text already, others not.
  json: { to: 114, from: [114], serialize: toJsonText, parse: JSON.parse },
  jsonb: { to: 3802, from: [3802], serialize: toJsonText, parse: JSON.parse },
  // An object sent for a text column is its JSON text.
  text: { to: 25, from: [25, 1042, 1043], serialize: toText, parse: String },
  bigint: { to: 20, from: [20], serialize: String, parse: orNull(toInteger) },
  // numeric and the floats are numbers, except for what JSON has no number for: NaN, Infinity.
  numeric: { to: 1700, from: [1700], serialize: String, parse: orNull(toNumber) },
  float: { to: 701, from: [700, 701], serialize: String, parse: orNull(toNumber) },
  // bytea is PostgreSQL's own text form, \x00ff, in both directions.
  bytea: { to: 17, from: [17], serialize: String, parse: String },
  timestamp: { to: 1114, from: [1114], serialize: String, parse: orNull(toIsoTimestamp) },
  timestamptz: { to: 1184, from: [1184], serialize: String, parse: orNull(toIsoTimestamp) },
  date: { to: 1082, from: [1082], serialize: String, parse: orNull(String) },
};

/**
 * In an array postgres.js hands over a null as the text NULL; no number and no time is written so.
 *
 * @template T
 * @param {(text: string) => T} parse
 * @returns {(text: string) => T | null}
 */
function orNull(parse) {
  return (text) => (text === "NULL" ? null : parse(text));
}

/** @param {unknown} value */
function toJsonText(value) {
  return typeof value === "string" && isJson(value) ? value : JSON.stringify(value);
}

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @param {unknown} value */
function toText(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * A number, or a bigint where a number would be another integer.
 *
 * @param {string} text
 */
function toInteger(text) {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** @param {string} text */
function toNumber(text) {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/**
 * `2026-11-22 08:22:50.07+00` becomes `2026-11-22T08:22:50.07+00:00`: strict parsers (pydantic) refuse an
 * offset without minutes. `infinity` stays.
 *
 * @param {string} text
 */
function toIsoTimestamp(text) {
  return text.replace(" ", "T").replace(/([+-]\d\d)(?=$| BC$)/, "$1:00");
}
