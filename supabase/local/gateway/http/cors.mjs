// @ts-check

const METHODS = "GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS";
/** What a page may read of an answer. */
const EXPOSED =
  "Content-Range, Content-Location, Link, Location, Preference-Applied, Retry-After, X-Total-Count";
const MAX_AGE_S = "3600";

/**
 * The answer to a browser's preflight, or null if `request` is none. Supabase allows every origin: what
 * protects the data is the key and the token, which a foreign page does not have.
 *
 * @param {Request} request
 * @returns {Response | null}
 */
export function answerPreflight(request) {
  if (request.method !== "OPTIONS" || !request.headers.has("access-control-request-method")) return null;
  const headers = new Headers({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": METHODS,
    "access-control-max-age": MAX_AGE_S,
    vary: "Access-Control-Request-Headers",
  });
  const asked = request.headers.get("access-control-request-headers");
  if (asked) headers.set("access-control-allow-headers", asked);
  return new Response(null, { status: 204, headers });
}

/**
 * `response`, readable by a page of any origin.
 *
 * @param {Response} response
 * @returns {Response}
 */
export function allowEveryOrigin(response) {
  const headers = new Headers(response.headers);
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-expose-headers", EXPOSED);
  headers.delete("access-control-allow-credentials");
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
