import { BindingError, parseBinding } from "./filters.mjs";

/**
 * @typedef {import("./filters.mjs").Binding} Binding
 * @typedef {{error: string} | {bindings: {binding: Binding, relations: number[]}[]}} Outcome
 */

/** Names of the SQLSTATEs that a client's parameters lead to, as the hosted service writes them. */
const CONDITIONS = new Map([
  ["P0001", "raise_exception"],
  ["22P02", "invalid_text_representation"],
  ["22003", "numeric_value_out_of_range"],
  ["22007", "invalid_datetime_format"],
  ["22008", "datetime_field_overflow"],
  ["42704", "undefined_object"],
]);

/**
 * Asks the database about each binding of a channel. One that is refused refuses them all.
 *
 * @param {import("./questions.mjs").Questions} questions
 * @param {import("./feed.mjs").Wish} wish
 * @returns {Promise<Outcome>}
 * @throws what says that the session is lost
 */
export async function subscribe(questions, { claims, asked }) {
  let bindings;
  try {
    bindings = asked.map(parseBinding);
  } catch (error) {
    if (error instanceof BindingError) return { error: error.message };
    throw error;
  }
  const covered = [];
  for (const binding of bindings) {
    let relations;
    try {
      relations = await questions.checkBinding(binding, claims.role);
    } catch (error) {
      if (error.severity !== "ERROR") throw error;
      const condition = CONDITIONS.get(error.code) ?? "error";
      return {
        error: `Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: [${describe(binding)}]. Exception: ERROR ${error.code} (${condition}) ${error.message}`,
      };
    }
    if (relations.length === 0) {
      return {
        error: `Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [${describe(binding)}]`,
      };
    }
    covered.push({ binding, relations });
  }
  return { bindings: covered };
}

/** @param {Binding} binding */
function describe({ event, schema, table, filters, select }) {
  const conditions = filters.map(
    ({ column, operator, operand }) =>
      `{${[column, operator, operand].map((part) => JSON.stringify(part)).join(", ")}, false}`,
  );
  const columns = select ? `[${select.map((column) => JSON.stringify(column)).join(", ")}]` : "nil";
  return `event: ${event}, schema: ${schema}, table: ${table}, filters: [${conditions.join(", ")}], select: ${columns}`;
}
