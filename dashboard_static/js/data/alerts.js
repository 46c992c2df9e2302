// @ts-check
/** Alerts of the past, one alert with all that is known of it, and what people do to alerts. */
import { orThrow } from "../lib/errors.js";
import { readAll } from "./pages.js";

/** @typedef {import("../lib/supabase.js").SupabaseClient} SupabaseClient */
/** @typedef {import("../types.js").Alert} Alert */
/** @typedef {"acknowledge" | "resolve"} Deed */

/**
 * @typedef {object} AlertRecord  what only a whole row says
 * @property {string | null} acknowledgement_note
 * @property {string | null} resolution_note
 * @property {string | null} rule_id
 *
 * @typedef {Alert & AlertRecord} WholeAlert
 *
 * @typedef {object} PastQuestion
 * @property {string} device  empty: every one, as with the others
 * @property {string} severity
 * @property {string} type
 * @property {number | null} from [ms] opened at this instant or later
 * @property {number | null} to [ms] opened before it
 */

export const PAST_ROWS = 50;
/** Ids of one change; more would make the address too long for some proxies. */
const CHANGED_AT_ONCE = 100;

/**
 * Resolved alerts, the newest first, as of when they opened.
 *
 * @param {SupabaseClient} client
 * @param {PastQuestion} question
 * @param {Pick<Alert, "id" | "created_at"> | null} after  the last one known; null: from the newest
 * @returns {Promise<{rows: Alert[], complete: boolean}>} complete: there are no older ones
 * @throws {import("../lib/errors.js").RestError}
 */
export async function loadPast(client, { device, severity, type, from, to }, after) {
  let query = client.from("alerts").select("*").eq("is_resolved", true);
  if (device !== "") query = query.eq("device_id", device);
  if (severity !== "") query = query.eq("severity", severity);
  if (type !== "") query = query.eq("alert_type", type);
  if (from !== null) query = query.gte("created_at", new Date(from).toISOString());
  if (to !== null) query = query.lt("created_at", new Date(to).toISOString());
  if (after !== null) {
    const at = `"${after.created_at}"`;
    query = query.or(`created_at.lt.${at},and(created_at.eq.${at},id.lt.${after.id})`);
  }
  const newest = query.order("created_at", { ascending: false }).order("id", { ascending: false });
  const rows = /** @type {Alert[]} */ (orThrow(await newest.limit(PAST_ROWS + 1)));
  return { rows: rows.slice(0, PAST_ROWS), complete: rows.length <= PAST_ROWS };
}

/**
 * @param {SupabaseClient} client
 * @param {string} id
 * @returns {Promise<WholeAlert | null>} null: there is none for this person
 * @throws {import("../lib/errors.js").RestError}
 */
export async function loadAlert(client, id) {
  return orThrow(await client.from("alerts").select("*").eq("id", id).maybeSingle());
}

/**
 * What the people of the organization are called, by id.
 *
 * @param {SupabaseClient} client
 * @returns {Promise<Map<string, string>>}
 * @throws {import("../lib/errors.js").RestError}
 */
export async function loadNames(client) {
  const people = await readAll((from, to) =>
    client.from("users").select("id,email,full_name").order("id").range(from, to),
  );
  return new Map(people.map(({ id, email, full_name }) => [id, full_name || email]));
}

/**
 * Acknowledges or resolves open alerts; the database stamps who and when. One that somebody was quicker with is
 * left as it is, so that nobody's note is lost.
 *
 * @param {SupabaseClient} client
 * @param {Deed} deed
 * @param {string[]} ids
 * @param {string} note  empty for none
 * @returns {Promise<Alert[]>} those that were changed, as they are now
 * @throws {import("../lib/errors.js").RestError}
 */
export async function changeAlerts(client, deed, ids, note) {
  /** @type {Record<string, string | boolean>} */
  const values = deed === "resolve" ? { is_resolved: true } : { acknowledged_at: new Date().toISOString() };
  if (note !== "") values[deed === "resolve" ? "resolution_note" : "acknowledgement_note"] = note;
  /** @type {Alert[]} */
  const changed = [];
  for (let at = 0; at < ids.length; at += CHANGED_AT_ONCE) {
    const some = client
      .from("alerts")
      .update(values)
      .in("id", ids.slice(at, at + CHANGED_AT_ONCE))
      .eq("is_resolved", false);
    const asked = deed === "acknowledge" ? some.is("acknowledged_at", null) : some;
    changed.push(.../** @type {Alert[]} */ (orThrow(await asked.select("*"))));
  }
  return changed;
}
