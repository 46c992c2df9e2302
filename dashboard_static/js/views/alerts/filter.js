// @ts-check
/** Which alerts are asked for, as the address says it. Pure. */
import { dayStart, nextDay } from "../../lib/day-start.js";
import { parseInstant } from "../../lib/time.js";

/** @typedef {import("../../types.js").Alert} Alert */
/** @typedef {{device: string, severity: string, type: string, from: string, to: string}} Filter  empty: any */

export const SEVERITIES = /** @type {const} */ (["critical", "warning", "info"]);
export const TYPES = /** @type {const} */ ([
  "high_flow",
  "low_flow",
  "zero_flow",
  "no_data",
  "device_offline",
  "battery_low",
  "rate_of_change",
  "stuck_value",
  "gateway_offline",
  "job_failed",
  "job_silent",
]);

/**
 * What of an address can be used; the rest of it is dropped.
 *
 * @param {import("../../types.js").Params} params
 * @returns {Filter}
 */
export function readFilter({ device = "", severity = "", type = "", from = "", to = "" }) {
  /** @param {string} day */
  const dayOrNone = (day) => (Number.isNaN(dayStart(day, "UTC")) ? "" : day);
  return {
    device,
    severity: SEVERITIES.some((known) => known === severity) ? severity : "",
    type: /^[a-z_]+$/.test(type) ? type : "",
    from: dayOrNone(from),
    to: dayOrNone(to),
  };
}

/** For `address()`. @param {Filter} filter @returns {Record<string, string | null>} */
export const queryOf = (filter) =>
  Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, value === "" ? null : value]));

/**
 * The question to the database; `from` and `to` are whole days of the zone.
 *
 * @param {Filter} filter
 * @param {string} timeZone
 * @returns {import("../../data/alerts.js").PastQuestion}
 */
export function questionOf({ from, to, ...rest }, timeZone) {
  return {
    ...rest,
    from: from === "" ? null : dayStart(from, timeZone),
    to: to === "" ? null : dayStart(nextDay(to), timeZone),
  };
}

/**
 * Whether an alert is asked for.
 *
 * @param {Alert} alert
 * @param {import("../../data/alerts.js").PastQuestion} question
 */
export function matches(alert, { device, severity, type, from, to }) {
  const opened = parseInstant(alert.created_at);
  return (
    (device === "" || alert.device_id === device) &&
    (severity === "" || alert.severity === severity) &&
    (type === "" || alert.alert_type === type) &&
    (from === null || opened >= from) &&
    (to === null || opened < to)
  );
}
