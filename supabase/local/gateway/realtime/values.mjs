/**
 * PostgreSQL's text of a value as the JSON text that Realtime sends: to_jsonb's, with NaN as null and bytea as
 * bare hexadecimal digits.
 */

const number = (/** @type {string} */ text) => (/^-?\d/.test(text) ? text : "null");
const string = (/** @type {string} */ text) => JSON.stringify(text);
const instant = (/** @type {string} */ text) =>
  JSON.stringify(text.replace(/^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?/, isoInstant));
const isoInstant = (/** @type {string[]} */ ...[, date, time, zone]) =>
  `${date}T${time}${zone ? "+00:00" : ""}`;

/** @type {ReadonlyMap<number, (text: string) => string>} by the type's oid, which PostgreSQL never changes */
const RENDERERS = new Map([
  [16, (text) => (text === "t" ? "true" : "false")], // bool
  [17, (text) => JSON.stringify(text.slice(2))], // bytea
  [19, string], // name
  [20, number], // int8
  [21, number], // int2
  [23, number], // int4
  [25, string], // text
  [114, (text) => text], // json
  [700, number], // float4
  [701, number], // float8
  [1042, string], // bpchar
  [1043, string], // varchar
  [1082, string], // date
  [1083, string], // time
  [1114, instant], // timestamp
  [1184, instant], // timestamptz
  [1700, number], // numeric
  [2950, string], // uuid
  [3802, (text) => text], // jsonb
]);

/**
 * @param {number} typeOid
 * @param {string | null} text
 * @returns {string | undefined} JSON text; undefined for a type that only PostgreSQL can render
 */
export function toJson(typeOid, text) {
  return text === null ? "null" : RENDERERS.get(typeOid)?.(text);
}
