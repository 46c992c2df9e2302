// @ts-check
import { backoffMs } from "./backoff.js";

/**
 * The one place that reads the global which vendor/supabase.js makes (it is published as UMD only).
 *
 * @typedef {import("@supabase/supabase-js").SupabaseClient} SupabaseClient
 */

/** [ms] longest pause between two attempts to open the socket again. */
const RECONNECT_MS = 5000;
/** [ms] after which a request without an answer has failed; else one lost packet stops all reloads. */
const REQUEST_MS = 20_000;
/** Key of the session in localStorage. */
export const SESSION_KEY = "fluxio-session";

/**
 * @param {import("./config.js").Config} config
 * @param {{isBeside?: boolean}} [options]  isBeside: for one question, beside the session that is kept
 * @returns {SupabaseClient}
 */
export function createSupabase(config, { isBeside = false } = {}) {
  const { createClient } = /** @type {{supabase: typeof import("@supabase/supabase-js")}} */ (
    /** @type {unknown} */ (globalThis)
  ).supabase;
  return createClient(config.supabase_url, config.supabase_anon_key, {
    auth: {
      storageKey: isBeside ? `${SESSION_KEY}-beside` : SESSION_KEY,
      persistSession: !isBeside,
      autoRefreshToken: !isBeside,
      // lib/arrival.js reads such an address; here the tokens would stay in the browser's history.
      detectSessionInUrl: false,
    },
    // Who asks repeats; retries inside the client would only delay the news of an outage.
    db: { timeout: REQUEST_MS, retry: false },
    realtime: { reconnectAfterMs: (tries) => Math.min(RECONNECT_MS, backoffMs(tries - 1)) },
  });
}
