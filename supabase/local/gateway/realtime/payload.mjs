import { limits } from "./limits.mjs";
import { toJson } from "./values.mjs";

/**
 * The `data` of a postgres_changes message, as JSON text with its members in the hosted service's order.
 *
 * @typedef {import("./log-decoder.mjs").Change} Change
 * @typedef {import("./judge.mjs").TableFacts} TableFacts
 * @typedef {import("./judge.mjs").Column} Column
 */

/** Values of one batch rendered by PostgreSQL, for types that have no rule here. */
export class RenderedValues {
  /** @type {Map<string, string>} */
  #texts = new Map();

  /**
   * @param {import("./questions.mjs").Questions} questions
   * @param {TableFacts} facts
   * @param {Change[]} changes
   */
  async fetch(questions, facts, changes) {
    const columns = facts.columns.filter((column) => toJson(column.type_oid, "") === undefined);
    if (columns.length === 0) return;
    const wanted = new Map();
    for (const { row, identity } of changes) {
      for (const { name, type_oid } of columns) {
        for (const text of [row[name], identity[name]]) {
          if (typeof text === "string") wanted.set(`${type_oid} ${text}`, { type: type_oid, text });
        }
      }
    }
    if (wanted.size === 0) return;
    const texts = await questions.asJson([...wanted.values()]);
    [...wanted.keys()].forEach((key, place) => void this.#texts.set(key, texts[place]));
  }

  /** @param {Column} column @param {string | null} text */
  json(column, text) {
    return toJson(column.type_oid, text) ?? this.#texts.get(`${column.type_oid} ${text}`) ?? "null";
  }
}

/**
 * @param {TableFacts} facts
 * @param {Change} change
 * @param {{role: string, select: string[] | null}} reader what is shown depends on these two
 * @param {RenderedValues} rendered
 */
export function changePayload(facts, change, { role, select }, rendered) {
  const isTooLarge = change.bytes > limits.recordBytes;
  const shown = facts.columns.filter(
    ({ name, key, roles }) =>
      roles.includes(role) && (select === null || key !== null || select.includes(name)),
  );
  const object = (
    /** @type {Column[]} */ columns,
    /** @type {(name: string) => string | null | undefined} */ value,
  ) => {
    const members = [];
    for (const column of columns) {
      const text = value(column.name);
      if (text === undefined) continue;
      const json = rendered.json(column, text);
      if (isTooLarge && Buffer.byteLength(json) > limits.keptValueBytes) continue;
      members.push(`${JSON.stringify(column.name)}:${json}`);
    }
    return `{${members.join(",")}}`;
  };
  // Row security cannot be asked about a row that is gone: its key is all that is told.
  const isKeyOnly = change.type === "DELETE" && facts.has_row_security;
  return data(facts, change.type, {
    columns: JSON.stringify(shown.map(({ name, type }) => ({ name, type }))),
    committedAt: change.committedAt,
    errors: isTooLarge ? ["Error 413: Payload Too Large"] : null,
    record: object(shown, (name) => {
      const value = change.row[name];
      return value === undefined ? change.identity[name] : value;
    }),
    oldRecord: object(
      isKeyOnly ? shown.filter(({ key }) => key !== null) : shown,
      (name) => change.identity[name],
    ),
  });
}

/**
 * What a reader is told instead of a change.
 *
 * @param {TableFacts} facts
 * @param {Change["type"]} type
 * @param {string} error
 */
export function errorPayload(facts, type, error) {
  return data(facts, type, {
    columns: "[]",
    committedAt: null,
    errors: [error],
    record: "{}",
    oldRecord: "{}",
  });
}

/**
 * @param {TableFacts} facts
 * @param {Change["type"]} type
 * @param {{columns: string, committedAt: string | null, errors: string[] | null, record: string, oldRecord: string}} parts
 */
function data(facts, type, { columns, committedAt, errors, record, oldRecord }) {
  const members = [
    `"columns":${columns}`,
    `"commit_timestamp":${JSON.stringify(committedAt)}`,
    `"errors":${JSON.stringify(errors)}`,
  ];
  if (type !== "INSERT") members.push(`"old_record":${oldRecord}`);
  if (type !== "DELETE") members.push(`"record":${record}`);
  members.push(
    `"schema":${JSON.stringify(facts.schema)}`,
    `"table":${JSON.stringify(facts.table)}`,
    `"type":"${type}"`,
  );
  return `{${members.join(",")}}`;
}
