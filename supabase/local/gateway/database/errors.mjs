// @ts-check

/** Codes with which the driver or the server says: no database just now. Class 08 belongs to them. */
const AWAY = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "57P01",
  "57P02",
  "57P03",
]);

/**
 * Whether `error` means that PostgreSQL is away or going away, so that the same request may succeed later.
 *
 * @param {unknown} error
 */
export function isDatabaseAway(error) {
  const code = codeOf(error);
  return AWAY.has(code) || /^08\w{3}$/.test(code);
}

/**
 * PostgREST's table of HTTP statuses by SQLSTATE; the first prefix that fits counts, 400 if none does.
 * https://docs.postgrest.org/en/v13/references/errors.html
 *
 * @type {readonly (readonly [string, number])[]}
 */
const STATUS_BY_SQLSTATE = [
  ["08", 503],
  ["09", 500],
  ["0L", 403],
  ["0P", 403],
  ["21", 500],
  ["23503", 409],
  ["23505", 409],
  ["25006", 405],
  ["25", 500],
  ["28", 403],
  ["2D", 500],
  ["38", 500],
  ["39", 500],
  ["3B", 500],
  ["40", 500],
  ["53400", 500],
  ["53", 503],
  ["54", 500],
  ["55", 500],
  ["57", 500],
  ["58", 500],
  ["F0", 500],
  ["HV", 500],
  ["P0001", 400],
  ["P0", 500],
  ["XX", 500],
];

/**
 * Classes that @supabase/lite answers as PostgREST does. 42501 depends on the caller, 42703 names the
 * table, PTnnn carries its own status.
 */
const RIGHT_IN_LITE = /^(22|42|PT|PGRST)/;

/**
 * `error` in the form of PostgreSQL's own `raise sqlstate 'PGRST'`, which @supabase/lite renders as exactly
 * PostgREST's body and status. Anything that is no error of the database is returned as it is.
 *
 * @param {unknown} error
 * @returns {unknown}
 */
export function toPostgrestError(error) {
  const code = codeOf(error);
  if (!(error instanceof Error) || !/^[0-9A-Z]{5}$/.test(code) || RIGHT_IN_LITE.test(code)) return error;
  const status = STATUS_BY_SQLSTATE.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 400;
  const { detail = null, hint = null } = /** @type {{detail?: string, hint?: string}} */ (error);
  return {
    code: "PGRST",
    message: JSON.stringify({ code, message: error.message, details: detail, hint }),
    detail: JSON.stringify({ status, headers: {} }),
  };
}

/**
 * @param {unknown} error
 * @returns {string}
 */
function codeOf(error) {
  const code = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "";
}
