/**
 * What a client asks for with postgres_changes.
 *
 * @typedef {{column: string, operator: string, operand: string}} Filter For `in`, operand is an array literal.
 * @typedef {object} Binding
 * @property {number} id what the client knows it by
 * @property {"*" | "INSERT" | "UPDATE" | "DELETE"} event
 * @property {string} schema `*` for every schema
 * @property {string} table `*` for every table
 * @property {Filter[]} filters all must hold
 * @property {string[] | null} select only these columns
 */

/** A binding that the client got wrong; its message goes to the client. */
export class BindingError extends Error {}

const OPERATORS = new Set(["eq", "neq", "lt", "lte", "gt", "gte", "in"]);
const EVENTS = new Set(["INSERT", "UPDATE", "DELETE"]);

/**
 * @param {Record<string, any>} params as the client sent them
 * @returns {Binding}
 * @throws {BindingError}
 */
export function parseBinding(params) {
  const select = parseSelect(params.select);
  const { schema, table, filter } = withDefaults(params);
  if (select !== null && (schema === "*" || table === "*")) {
    throw new BindingError(
      "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.",
    );
  }
  const event = String(params.event ?? "*").toUpperCase();
  return {
    id: bindingId(params),
    event: /** @type {Binding["event"]} */ (EVENTS.has(event) ? event : "*"),
    schema,
    table,
    filters: parseFilters(filter),
    select,
  };
}

/**
 * A schema alone is all its tables, a table alone is one in public; a filter needs both.
 *
 * @param {Record<string, any>} params
 * @returns {{schema: string, table: string, filter: string}}
 */
function withDefaults(params) {
  const lone = !("filter" in params) && "schema" in params !== "table" in params;
  const { schema = lone ? "public" : null, table = lone ? "*" : null, filter = "" } = params;
  if (typeof schema === "string" && typeof table === "string" && typeof filter === "string") {
    return { schema, table, filter };
  }
  throw new BindingError(
    `No subscription params provided. Please provide at least a \`schema\` or \`table\` to subscribe to: ${JSON.stringify(params)}`,
  );
}

/** @param {unknown} select @returns {string[] | null} */
function parseSelect(select) {
  if (typeof select === "string") {
    throw new BindingError(
      'Error parsing `select` params: expected a list of column name strings, e.g. select: ["col1", "col2"]',
    );
  }
  const columns = Array.isArray(select) ? select.filter((column) => typeof column === "string") : [];
  return columns.length > 0 ? columns : null;
}

/**
 * The same parameters have the same id, as on the hosted service; never 0, which the Python client drops.
 *
 * @param {unknown} params
 */
export function bindingId(params) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify(params))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 5) + 1;
}

/** @param {string} filter `column=operator.operand`, several separated by commas @returns {Filter[]} */
function parseFilters(filter) {
  if (filter.trim() === "") return [];
  return splitTopLevel(filter).map((segment) => {
    const [, column, operator, operand] = /^([^=]*)=([^.]*)\.(.*)$/s.exec(segment.trim()) ?? [];
    if (column === undefined) throw filterError(JSON.stringify([segment.trim()]));
    if (!OPERATORS.has(operator)) throw filterError(JSON.stringify([operator, operand]));
    if (operator !== "in") return { column, operator, operand: unquote(operand) };
    if (!/^\(.*\)$/s.test(operand)) throw filterError("`in` filter value must be wrapped by parentheses");
    return { column, operator, operand: `{${operand.slice(1, -1)}}` };
  });
}

/** @param {string} reason */
const filterError = (reason) => new BindingError(`Error parsing \`filter\` params: ${reason}`);

/** Parts between commas that stand neither in parentheses nor in quotes. @param {string} filter */
function splitTopLevel(filter) {
  // A quote opens only at the start of a value or of an element of a list.
  const tokens = filter.match(/(?<=[.(,])"(?:[^"\\]|\\.)*"|./gs) ?? [];
  const parts = [""];
  let depth = 0;
  for (const token of tokens) {
    if (token === "(") depth += 1;
    if (token === ")") depth = Math.max(0, depth - 1);
    if (token === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts;
}

/** PostgREST's quoting: `"a,b"` is a,b; anything else is taken as it is. @param {string} operand */
function unquote(operand) {
  const inner = /^"((?:[^"\\]|\\.)*)"$/s.exec(operand);
  return inner ? inner[1].replace(/\\(.)/gs, "$1") : operand;
}
