// @ts-check

/**
 * @param {number} status
 * @param {object} body
 * @param {Record<string, string>} [headers]
 */
export function json(status, body, headers = {}) {
  return Response.json(body, { status, headers });
}

/**
 * An error in the form of Auth (GoTrue) below /auth/v1 and of PostgREST elsewhere, so that the official
 * clients show its message.
 *
 * @param {string} path
 * @param {{status: number, code: string, message: string, details?: string | null}} problem
 * @param {Record<string, string>} [headers]
 */
export function problem(path, { status, code, message, details = null }, headers = {}) {
  const body = path.startsWith("/auth/v1")
    ? { code: status, error_code: code, msg: message }
    : { code, message, details, hint: null };
  return json(status, body, headers);
}

/** @param {string} path */
export function databaseAway(path) {
  const auth = path.startsWith("/auth/v1");
  return problem(
    path,
    {
      status: 503,
      code: auth ? "database_unavailable" : "PGRST001",
      message: "Database connection error. Retrying the connection.",
      details: "PostgreSQL is away; the same request may be sent again.",
    },
    { "retry-after": "1" },
  );
}
