// @ts-check
/** What the device view reads from Supabase's REST interface. Every failure is a RestError. */
import { orThrow } from "../lib/errors.js";
import { PAGE_ROWS, readBackwards } from "./pages.js";

/** @typedef {import("../lib/supabase.js").SupabaseClient} SupabaseClient */
/** @typedef {{from: number, to: number}} Window  [ms] from inclusive, to exclusive */
/** @typedef {Record<string, unknown>[]} Rows */

/** Most pages of readings behind a chart; more are read in buckets. */
const SERIES_PAGES = 3;
/** Most alerts that are marked in a chart. */
export const MOST_ALERTS = 100;

const READING_COLUMNS =
  "created_at,flow_rate,totalizer,level,velocity,temperature,pressure,battery_level,signal_strength,quality,flags";

/** @param {number} instant [ms] */
const iso = (instant) => new Date(instant).toISOString();

/** @param {string} deviceId @param {Window} window */
const asked = (deviceId, { from, to }) => ({
  device_id: deviceId,
  start_time: iso(from),
  end_time: iso(to),
});

/**
 * The readings that have a quantity, newest first.
 *
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {string} quantity
 * @param {Window} window
 */
export function loadReadings(client, deviceId, quantity, { from, to }) {
  return readBackwards((before) => {
    const query = client
      .from("flow_data")
      .select(`created_at,quality,${quantity}`)
      .eq("device_id", deviceId)
      .gte("created_at", iso(from))
      .lt("created_at", before ?? iso(to))
      .not(quantity, "is", null)
      .order("created_at", { ascending: false })
      .limit(PAGE_ROWS);
    return /** @type {PromiseLike<import("./pages.js").Answer<any>>} */ (query);
  }, SERIES_PAGES);
}

/**
 * One page of the readings of a window, newest first.
 *
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {Window} window
 * @param {string | null} before  the `created_at` that the page before ended with
 * @param {number} count
 * @returns {Promise<Rows>}
 */
export async function loadPage(client, deviceId, { from, to }, before, count) {
  const query = client
    .from("flow_data")
    .select(READING_COLUMNS)
    .eq("device_id", deviceId)
    .gte("created_at", iso(from))
    .lt("created_at", before ?? iso(to))
    .order("created_at", { ascending: false })
    .limit(count);
  return orThrow(await query) ?? [];
}

/**
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {Window} window
 * @param {number} points
 * @returns {Promise<Rows>}
 */
export async function loadFlow(client, deviceId, window, points) {
  const answer = await client.rpc("get_flow_series", { ...asked(deviceId, window), max_points: points });
  return orThrow(answer) ?? [];
}

/**
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {string} quantity
 * @param {Window} window
 * @param {number} points
 * @returns {Promise<Rows>}
 */
export async function loadQuantity(client, deviceId, quantity, window, points) {
  const query = { ...asked(deviceId, window), quantity, max_points: points };
  return orThrow(await client.rpc("get_quantity_series", query)) ?? [];
}

/**
 * Days as the device's site counts them.
 *
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {string} firstDay  "2026-11-28"
 * @param {string} lastDay
 * @returns {Promise<Rows>}
 */
export async function loadDays(client, deviceId, firstDay, lastDay) {
  const query = { device_id: deviceId, first_day: firstDay, last_day: lastDay };
  return orThrow(await client.rpc("get_daily_flow", query)) ?? [];
}

/**
 * @typedef {object} Statistics  of one device and window
 * @property {number | null} avg_flow_rate
 * @property {number | null} min_flow_rate
 * @property {number | null} max_flow_rate
 * @property {number | null} total_volume  [m³]
 * @property {number} resets
 * @property {number} rollovers
 * @property {number} expected_points
 * @property {number} received_points
 * @property {number} bad_points
 */

/**
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {Window} window
 * @returns {Promise<Statistics | null>}
 */
export async function loadStatistics(client, deviceId, window) {
  const rows = orThrow(await client.rpc("get_flow_statistics", asked(deviceId, window)));
  return (Array.isArray(rows) ? rows[0] : rows) ?? null;
}

/** [ms] The longest window whose quality the database tells. */
const LONGEST_QUALITY = 168 * 3_600_000;

/**
 * @typedef {object} Quality  null: not known
 * @property {number | null} suspect_points
 * @property {Record<string, number> | null} flags  readings by flag
 * @property {number | null} longest_gap_s
 * @property {string | null} longest_gap_starts_at
 * @property {number | null} median_lag_s  from measured to received
 * @property {number | null} longest_lag_s
 */

/**
 * Null: the window is too long, or the database is too old to tell.
 *
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {Window} window
 * @returns {Promise<Quality | null>}
 */
export async function loadQuality(client, deviceId, window) {
  if (window.to - window.from > LONGEST_QUALITY) return null;
  const answer = await client.rpc("get_data_quality", asked(deviceId, window));
  return answer.status === 404 ? null : (orThrow(answer)?.[0] ?? null);
}

/**
 * The alerts that were open in a window, newest first: at most MOST_ALERTS.
 *
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {Window} window
 * @returns {Promise<(import("../types.js").Alert & {resolved_at: string | null})[]>}
 */
export async function loadAlerts(client, deviceId, { from, to }) {
  const query = client
    .from("alerts")
    .select(
      "id,device_id,alert_type,severity,message,measured_at,created_at,acknowledged_at,is_resolved,resolved_at,threshold_value,actual_value",
    )
    .eq("device_id", deviceId)
    .lt("created_at", iso(to))
    .or(`resolved_at.is.null,resolved_at.gte.${iso(from)}`)
    .order("created_at", { ascending: false })
    .limit(MOST_ALERTS);
  return orThrow(await query) ?? [];
}

/**
 * @typedef {object} TotalizerEvent
 * @property {string} occurred_at
 * @property {"reset" | "rollover"} kind
 * @property {number | null} totalizer_before  [m³]
 * @property {number | null} totalizer_after  [m³]
 * @property {boolean} is_exact  false: it happened in the hour from then on
 */

/**
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {Window} window
 * @returns {Promise<TotalizerEvent[]>}
 */
export async function loadEvents(client, deviceId, window) {
  return orThrow(await client.rpc("get_totalizer_events", asked(deviceId, window))) ?? [];
}

/**
 * What belongs to a device and seldom changes.
 *
 * @param {SupabaseClient} client
 * @param {string} deviceId
 */
export async function loadCard(client, deviceId) {
  const rules = () =>
    client.from("alert_rules").select("id", { count: "exact", head: true }).eq("is_enabled", true);
  const [device, own, common] = await Promise.all([
    client.from("devices").select("device_type,profile,gateway_id").eq("device_id", deviceId).maybeSingle(),
    rules().eq("device_id", deviceId),
    rules().is("device_id", null),
  ]);
  orThrow(own);
  orThrow(common);
  const row = orThrow(device);
  const gateway =
    row?.gateway_id &&
    orThrow(await client.from("gateways").select("name,serial").eq("id", row.gateway_id).maybeSingle());
  return {
    type: row?.device_type || "",
    profile: row?.profile || "",
    gateway: gateway?.name || gateway?.serial || "",
    rules: (own.count ?? 0) + (common.count ?? 0),
  };
}
