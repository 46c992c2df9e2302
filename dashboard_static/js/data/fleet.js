// @ts-check
/** What the fleet's table reads beside the live state, for at most 100 devices a call. */
import { orThrow } from "../lib/errors.js";

/** @typedef {import("../lib/supabase.js").SupabaseClient} SupabaseClient */

/** Most devices of one call. */
export const BATCH = 100;
/** Hours of a trend line; a point each. */
export const TREND_HOURS = 24;
const HOUR_MS = 3_600_000;

/**
 * @typedef {object} Spark  the trend line of a device
 * @property {string} device_id
 * @property {(number | null)[]} flow_rates [m³/h] one an hour, the last of the hour that runs; null is a gap
 */

/**
 * @typedef {object} Volume  of a device since its site's day began
 * @property {string} device_id
 * @property {string} ends_at  when the day will end
 * @property {number | null} total_volume [m³]
 */

/**
 * @param {SupabaseClient} client
 * @param {string[]} ids
 * @param {number} now [ms]
 * @returns {Promise<Spark[]>}
 * @throws {import("../lib/errors.js").RestError}
 */
export async function loadSparks(client, ids, now) {
  const first = Math.floor(now / HOUR_MS) - TREND_HOURS + 1;
  const answer = await client.rpc("get_flow_sparks", {
    device_ids: ids,
    start_time: new Date(first * HOUR_MS).toISOString(),
    end_time: new Date((first + TREND_HOURS) * HOUR_MS).toISOString(),
    max_points: TREND_HOURS,
  });
  return orThrow(answer) ?? [];
}

/**
 * @param {SupabaseClient} client
 * @param {string[]} ids
 * @returns {Promise<Volume[]>}
 * @throws {import("../lib/errors.js").RestError}
 */
export async function loadVolumes(client, ids) {
  return orThrow(await client.rpc("get_volumes_today", { device_ids: ids })) ?? [];
}
