// @ts-check
/** /config.json: where Supabase is, and the settings the API shares with the page. */
import { serverOffset } from "./clock.js";

/**
 * @typedef {object} Config
 * @property {string} supabase_url
 * @property {string} supabase_anon_key
 * @property {number} online_window_s [s] a device without contact for longer is offline
 * @property {string} version
 * @property {string} api_url  where the API is, without a slash at its end; empty: the page's own origin
 */

/**
 * Checks the served settings.
 *
 * @param {unknown} body
 * @returns {Config}
 * @throws {TypeError} naming the setting that is missing or of the wrong kind
 */
export function parseConfig(body) {
  const settings = /** @type {Record<string, unknown>} */ (
    body !== null && typeof body === "object" ? body : {}
  );
  const { supabase_url, supabase_anon_key, online_window_s, version, api_url } = settings;
  if (typeof supabase_url !== "string" || !/^https?:\/\//.test(supabase_url)) {
    throw new TypeError("config.json: supabase_url is not an address");
  }
  if (typeof supabase_anon_key !== "string" || supabase_anon_key === "") {
    throw new TypeError("config.json: supabase_anon_key is missing");
  }
  if (typeof online_window_s !== "number" || !(online_window_s > 0)) {
    throw new TypeError("config.json: online_window_s is not a positive number");
  }
  const api = api_url ?? "";
  if (typeof api !== "string" || !/^(https?:\/\/.+)?$/.test(api)) {
    throw new TypeError("config.json: api_url is not an address");
  }
  return {
    supabase_url,
    supabase_anon_key,
    online_window_s,
    version: String(version ?? ""),
    api_url: api.replace(/\/+$/, ""),
  };
}

/**
 * Reads the settings that lie beside the page.
 *
 * @param {typeof fetch} [get]
 * @returns {Promise<{config: Config, clockOffset: number}>} clockOffset: [ms] server's clock less ours
 * @throws {Error} when it cannot be read or is not valid
 */
export async function loadConfig(get = fetch) {
  const sentAt = Date.now();
  const answer = await get("config.json", { cache: "no-store", credentials: "omit" });
  const receivedAt = Date.now();
  if (!answer.ok) throw new Error(`config.json: the server answered ${answer.status}`);
  const config = parseConfig(await answer.json());
  return { config, clockOffset: serverOffset(answer.headers.get("date"), sentAt, receivedAt) };
}
