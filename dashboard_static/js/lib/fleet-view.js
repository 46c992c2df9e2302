// @ts-check
/** What the table and the totals show, from the fleet's state at one instant. Pure. */
import { contactState, lastContact, staleAfterMs } from "./freshness.js";
import { numberOrNull } from "./quantity.js";
import { parseInstant } from "./time.js";
import { t } from "./translate.js";

/** @typedef {import("../types.js").Device} Device */
/** @typedef {import("../types.js").Reading} Reading */
/** @typedef {import("../types.js").Alert} Alert */

/**
 * @typedef {object} DeviceView
 * @property {Device} device
 * @property {string} name
 * @property {Reading | undefined} reading
 * @property {"online" | "offline" | "never"} contact
 * @property {number} contactAt [ms] NaN: never
 * @property {number} measuredAt [ms] NaN: no reading
 * @property {boolean} stale  there is a reading, and it is too old to be shown as current
 * @property {number} alerts  open ones
 * @property {Alert["severity"] | null} worst  of the open alerts
 */

/** @type {Record<string, number>} */
const RANK = { critical: 3, warning: 2, info: 1 };

/** @param {string} severity */
export const severityRank = (severity) => RANK[severity] ?? 0;

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** @param {Device} device */
const nameOf = (device) => device.device_name || device.device_id;

/** The last order by name: devices change with a reload, and are asked for several times a second. */
let ordered = { from: /** @type {Device[]} */ ([]), to: /** @type {Device[]} */ ([]) };

/** @param {Device[]} devices */
function byName(devices) {
  const same = devices.length === ordered.from.length && devices.every((each, i) => each === ordered.from[i]);
  if (!same) {
    const to = devices.toSorted(
      (a, b) => collator.compare(nameOf(a), nameOf(b)) || collator.compare(a.device_id, b.device_id),
    );
    ordered = { from: devices, to };
  }
  return ordered.to;
}

/**
 * One entry a device, by name.
 *
 * @param {{devices: Device[], readings: Map<string, Reading>, alerts: Alert[]}} fleet
 * @param {number} now [ms]
 * @param {number} onlineWindowS [s]
 * @returns {DeviceView[]}
 */
export function viewDevices(fleet, now, onlineWindowS) {
  /** @type {Map<string, {count: number, worst: Alert["severity"]}>} */
  const alerts = new Map();
  for (const { device_id, severity } of fleet.alerts) {
    if (device_id === null) continue;
    const known = alerts.get(device_id);
    const worst = known && severityRank(known.worst) >= severityRank(severity) ? known.worst : severity;
    alerts.set(device_id, { count: (known?.count ?? 0) + 1, worst });
  }
  return byName(fleet.devices).map((device) => {
    const reading = fleet.readings.get(device.device_id);
    const contactAt = lastContact(device, reading);
    const measuredAt = parseInstant(reading?.created_at);
    const open = alerts.get(device.device_id);
    return {
      device,
      name: nameOf(device),
      reading,
      contact: contactState(contactAt, now, onlineWindowS),
      contactAt,
      measuredAt,
      stale: now - measuredAt > staleAfterMs(device.expected_interval_s, onlineWindowS),
      alerts: open?.count ?? 0,
      worst: open?.worst ?? null,
    };
  });
}

/**
 * The totals. `flow` is the sum over online devices whose value is current, null when there is none.
 *
 * @param {DeviceView[]} views
 * @param {Alert[]} alerts
 */
export function totalsOf(views, alerts) {
  const current = views
    .filter((view) => view.contact === "online" && !view.stale)
    .map((view) => numberOrNull(view.reading?.flow_rate))
    .filter((flow) => flow !== null);
  return {
    devices: views.length,
    online: views.filter((view) => view.contact === "online").length,
    alerts: alerts.length,
    critical: alerts.filter((alert) => alert.severity === "critical").length,
    flow: current.length === 0 ? null : current.reduce((sum, flow) => sum + flow, 0),
    flowOf: current.length,
  };
}

/**
 * Open alerts, worst first, then newest first.
 *
 * @param {Alert[]} alerts
 */
export function sortAlerts(alerts) {
  return alerts.toSorted(
    (a, b) =>
      severityRank(b.severity) - severityRank(a.severity) ||
      parseInstant(b.created_at) - parseInstant(a.created_at) ||
      (a.id < b.id ? -1 : 1),
  );
}

/**
 * What to say of alerts that just opened: one in full, several as a count.
 *
 * @param {Alert[]} opened  at least one
 */
export function newsText(opened) {
  const [{ severity, message }] = sortAlerts(opened);
  if (opened.length === 1) return t(`alerts.new.${severity}`, { message });
  return t(`alerts.news.${severity}`, { count: opened.length, message });
}
