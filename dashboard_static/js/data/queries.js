// @ts-check
/** Everything the page reads from and writes to Supabase's REST interface. Row security decides what comes. */
import { orThrow } from "../lib/errors.js";
import { readAll } from "./pages.js";

/** @typedef {import("../lib/supabase.js").SupabaseClient} SupabaseClient */
/** @typedef {import("../types.js").Reading} Reading */
/** @typedef {import("../types.js").Alert} Alert */

const DEVICE_COLUMNS = "device_id,device_name,location,status,expected_interval_s,last_seen,site_id";
const READING_COLUMNS =
  "device_id,created_at,received_at,flow_rate,totalizer,temperature,pressure,level,velocity,battery_level,signal_strength,quality";
const ALERT_COLUMNS =
  "id,device_id,alert_type,severity,message,threshold_value,actual_value,measured_at,created_at,acknowledged_at,is_resolved";

/**
 * Devices, their latest readings and the open alerts of the person's organization.
 *
 * @param {SupabaseClient} client
 * @returns {Promise<import("../types.js").Snapshot>}
 * @throws {import("../lib/errors.js").RestError}
 */
export async function loadFleet(client) {
  const [devices, sites, readings, alerts] = await Promise.all([
    readAll((from, to) => client.from("devices").select(DEVICE_COLUMNS).order("device_id").range(from, to)),
    readAll((from, to) => client.from("sites").select("id,name,time_zone").order("id").range(from, to)),
    readAll((from, to) =>
      client.from("latest_readings").select(READING_COLUMNS).order("device_id").range(from, to),
    ),
    readAll((from, to) =>
      client.from("alerts").select(ALERT_COLUMNS).eq("is_resolved", false).order("id").range(from, to),
    ),
  ]);
  const siteOf = new Map(sites.map((site) => [site.id, site]));
  return {
    devices: devices.map(({ site_id, ...device }) => ({
      ...device,
      site: siteOf.get(site_id)?.name ?? null,
      time_zone: siteOf.get(site_id)?.time_zone ?? null,
    })),
    readings: /** @type {Reading[]} */ (readings),
    alerts: /** @type {Alert[]} */ (alerts),
  };
}

/**
 * Who the signed-in person is; null when the account belongs to no organization.
 *
 * @param {SupabaseClient} client
 * @param {string} userId
 * @returns {Promise<import("../types.js").Profile | null>}
 * @throws {import("../lib/errors.js").RestError}
 */
export async function loadProfile(client, userId) {
  const user = orThrow(
    await client
      .from("users")
      .select("id,email,role,full_name,organization_id")
      .eq("id", userId)
      .maybeSingle(),
  );
  if (user === null || user.organization_id === null) return null;
  const organization = orThrow(
    await client.from("organizations").select("name,time_zone").eq("id", user.organization_id).maybeSingle(),
  );
  return {
    id: user.id,
    email: user.email,
    role: user.role,
    full_name: user.full_name,
    organization_id: user.organization_id,
    organization: organization?.name ?? null,
    time_zone: organization?.time_zone ?? "UTC",
  };
}

/**
 * Resolves an open alert; the database stamps who and when.
 *
 * @param {SupabaseClient} client
 * @param {string} alertId
 * @param {string} note  empty for none
 * @returns {Promise<boolean>} false: there is no such alert for this person, or not with this right
 * @throws {import("../lib/errors.js").RestError}
 */
export async function resolveAlert(client, alertId, note) {
  const rows = orThrow(
    await client
      .from("alerts")
      .update({ is_resolved: true, resolution_note: note === "" ? null : note })
      .eq("id", alertId)
      .select("id"),
  );
  return rows !== null && rows.length > 0;
}
