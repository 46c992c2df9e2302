// @ts-check
/**
 * Calls of the Flask API with the person's access token.
 *
 * Every failure is an ApiProblem: a problem document, an answer that is none, or no answer at all.
 */
import { ApiProblem } from "../lib/errors.js";

/** [ms] after which a call without an answer has failed. */
const CALL_MS = 20_000;

/** @typedef {Record<string, string | number | boolean | null | undefined>} Query  null, undefined: left out */

/**
 * @typedef {object} CallOptions
 * @property {Query} [query]
 * @property {unknown} [body]  sent as JSON
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]  ends the call from outside; then an AbortError is thrown
 * @property {number} [timeoutMs]
 */

/**
 * @param {object} options
 * @param {string} options.baseUrl  empty: the page's own origin
 * @param {{auth: Pick<import("../lib/supabase.js").SupabaseClient["auth"], "getSession" | "refreshSession">}}
 *   options.client
 * @param {typeof fetch} [options.get]
 */
export function createApi({ baseUrl, client, get = (url, options) => globalThis.fetch(url, options) }) {
  /** @returns {Promise<string>} empty: nobody is signed in */
  async function currentToken() {
    const { data } = await client.auth.getSession();
    return data.session?.access_token ?? "";
  }

  /** A token other than the refused one. @param {string} refused */
  async function anotherToken(refused) {
    const now = await currentToken();
    if (now !== "" && now !== refused) return now;
    const { data } = await client.auth.refreshSession();
    return data.session?.access_token ?? "";
  }

  /**
   * @param {string} method
   * @param {string} path  "/api/devices"
   * @param {CallOptions} options
   * @param {string} token
   */
  async function send(method, path, { query = {}, body, headers = {}, signal, timeoutMs = CALL_MS }, token) {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined) search.set(name, String(value));
    }
    const late = AbortSignal.timeout(timeoutMs);
    /** @type {Record<string, string>} */
    const sent = { accept: "application/json", ...headers };
    if (token !== "") sent.authorization = `Bearer ${token}`;
    if (body !== undefined) sent["content-type"] = "application/json";
    try {
      return await get(`${baseUrl}${path}${search.size === 0 ? "" : `?${search}`}`, {
        method,
        headers: sent,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        signal: signal ? AbortSignal.any([signal, late]) : late,
      });
    } catch (error) {
      throw translated(error, signal);
    }
  }

  /**
   * The answer of a call that succeeded, for downloads. A refused token is renewed once.
   *
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} [options]
   * @returns {Promise<Response>}
   * @throws {ApiProblem}
   */
  async function fetchAnswer(method, path, options = {}) {
    const token = await currentToken();
    let answer = await send(method, path, options, token);
    if (answer.status === 401) {
      const other = await anotherToken(token);
      if (other !== "") answer = await send(method, path, options, other);
    }
    if (!answer.ok) throw await problemOf(answer);
    return answer;
  }

  /**
   * The JSON of a call that succeeded; null when it has no body.
   *
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} [options]
   * @returns {Promise<any>}
   * @throws {ApiProblem}
   */
  async function call(method, path, options = {}) {
    const answer = await fetchAnswer(method, path, options);
    try {
      const text = await answer.text();
      return text === "" ? null : JSON.parse(text);
    } catch (error) {
      if (error instanceof SyntaxError) throw new ApiProblem({ status: 502, code: "not-json" });
      throw translated(error, options.signal);
    }
  }

  return {
    call,
    fetchAnswer,
    /** @param {string} path @param {Query} [query] @param {Omit<CallOptions, "query">} [options] */
    get: (path, query, options) => call("GET", path, { ...options, query }),
    /** @param {string} path @param {unknown} body @param {CallOptions} [options] */
    post: (path, body, options) => call("POST", path, { ...options, body }),
    /** @param {string} path @param {unknown} body @param {CallOptions} [options] */
    patch: (path, body, options) => call("PATCH", path, { ...options, body }),
    /** @param {string} path @param {CallOptions} [options] */
    delete: (path, options) => call("DELETE", path, options),
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */

/** @param {unknown} error @param {AbortSignal} [signal] @returns {unknown} */
function translated(error, signal) {
  if (signal?.aborted) return error;
  const timeout = error instanceof Error && error.name === "TimeoutError";
  return new ApiProblem({ status: 0, code: timeout ? "timeout" : "unreachable" });
}

/** @param {Response} answer @returns {Promise<ApiProblem>} */
async function problemOf(answer) {
  const after = Number(answer.headers.get("retry-after") ?? Number.NaN);
  const retryAfterS = Number.isFinite(after) ? after : null;
  /** @type {Record<string, unknown>} */
  let body = {};
  try {
    const read = await answer.json();
    if (read !== null && typeof read === "object") body = read;
  } catch {
    // A proxy's page, or a body that broke off: the status is all there is.
  }
  /** @param {unknown} value */
  const text = (value) => (typeof value === "string" ? value : "");
  return new ApiProblem({
    status: answer.status,
    code: text(body.code),
    detail: text(body.detail),
    errors: Array.isArray(body.errors) ? body.errors : [],
    requestId: text(body.request_id),
    retryAfterS,
  });
}
