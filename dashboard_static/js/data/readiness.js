// @ts-check
/** Whether the API answers. */

/** [ms] */
const PATIENCE_MS = 5000;

/**
 * An API that answers without its database is not away: what is missing then is told by who misses it.
 *
 * @param {string} baseUrl  empty: the page's own origin
 * @param {typeof fetch} [get]
 * @returns {Promise<"ok" | "away">}
 */
export async function probeApi(baseUrl, get = (url, options) => globalThis.fetch(url, options)) {
  try {
    const answer = await get(`${baseUrl}/readyz`, {
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (answer.status < 500) return "ok";
    const problem = await answer.json();
    return problem?.code === "not_ready" ? "ok" : "away";
  } catch {
    return "away";
  }
}
