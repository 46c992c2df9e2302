// @ts-check
/** Alert rules: read from Supabase, changed through the API. */
import { orThrow } from "../lib/errors.js";
import { PAGE_ROWS, readAll } from "./pages.js";

/** @typedef {import("../lib/supabase.js").SupabaseClient} SupabaseClient */
/** @typedef {import("./api.js").Api} Api */

/**
 * @typedef {"high_flow" | "low_flow" | "zero_flow" | "no_data" | "device_offline" | "battery_low"
 *   | "rate_of_change" | "stuck_value"} RuleType
 * @typedef {string | Record<string, unknown>} ChannelEntry  a channel's name, or an object that names one
 *
 * @typedef {object} Rule  a row of public.alert_rules
 * @property {string} id
 * @property {string | null} device_id  null: every device
 * @property {string} rule_name
 * @property {RuleType} rule_type
 * @property {number | null} threshold_value
 * @property {number} deadband
 * @property {number} duration_minutes
 * @property {"info" | "warning" | "critical"} severity
 * @property {boolean} is_enabled
 * @property {ChannelEntry[]} notification_channels
 *
 * @typedef {Omit<Rule, "id">} Draft
 *
 * @typedef {object} Tried  an alert that a rule would have opened
 * @property {string} opened_at
 * @property {string | null} resolved_at  null: still open
 * @property {number | null} peak_value  furthest beyond the threshold; of a silence, its minutes
 */

const COLUMNS =
  "id,device_id,rule_name,rule_type,threshold_value,deadband,duration_minutes,severity,is_enabled,notification_channels";

/** The REST interface answers no more of a back-test. */
export const MOST_TRIED = PAGE_ROWS;

/** @param {SupabaseClient} client @returns {Promise<Rule[]>} */
export async function loadRules(client) {
  const rows = await readAll((from, to) =>
    client.from("alert_rules").select(COLUMNS).order("id").range(from, to),
  );
  return /** @type {Rule[]} */ (rows);
}

/** Names of the channels that this person may read: none but an admin's. @param {SupabaseClient} client */
export async function loadChannelNames(client) {
  const rows = await readAll((from, to) =>
    client.from("notification_channels").select("name").order("name").range(from, to),
  );
  return rows.map(({ name }) => String(name));
}

/**
 * The alerts that a rule would have opened, by time; at most MOST_TRIED.
 *
 * @param {SupabaseClient} client
 * @param {string} deviceId
 * @param {Draft} draft
 * @param {import("./device.js").Window} window
 * @returns {Promise<Tried[]>}
 */
export async function tryRule(client, deviceId, draft, window) {
  const answer = await client.rpc("backtest_alert_rule", {
    device_id: deviceId,
    rule_type: draft.rule_type,
    threshold_value: draft.threshold_value,
    deadband: draft.deadband,
    duration_minutes: draft.duration_minutes,
    start_time: new Date(window.from).toISOString(),
    end_time: new Date(window.to).toISOString(),
  });
  return orThrow(answer) ?? [];
}

/** @param {Api} api @param {Draft} draft @returns {Promise<Rule>} */
export const createRule = (api, draft) => api.post("/api/alert-rules", draft);

/** @param {Api} api @param {string} id @param {Partial<Draft>} changes @returns {Promise<Rule>} */
export const changeRule = (api, id, changes) => api.patch(`/api/alert-rules/${id}`, changes);

/** @param {Api} api @param {string} id */
export const deleteRule = (api, id) => api.delete(`/api/alert-rules/${id}`);
