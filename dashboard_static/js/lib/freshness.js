// @ts-check
/**
 * Whether a meter is in contact and whether its value is still current. The only place that decides.
 *
 * Contact comes from the newest of devices.last_seen and the reading's received_at; the age of a value
 * comes from created_at, when the meter was read.
 */
import { parseInstant } from "./time.js";

/** @typedef {import("../types.js").Device} Device */
/** @typedef {import("../types.js").Reading} Reading */

const SHORTEST_STALE_MS = 60_000;
const SHORTEST_QUIET_MS = 10_000;

/**
 * [ms] newest contact; NaN if there was none.
 *
 * @param {Pick<Device, "last_seen">} device
 * @param {Pick<Reading, "received_at"> | undefined} reading
 */
export function lastContact(device, reading) {
  const seen = parseInstant(device.last_seen);
  const received = parseInstant(reading?.received_at);
  if (Number.isNaN(seen)) return received;
  return Number.isNaN(received) ? seen : Math.max(seen, received);
}

/**
 * @param {number} contact [ms], NaN for none
 * @param {number} now [ms]
 * @param {number} onlineWindowS [s] from /config.json
 * @returns {"online" | "offline" | "never"}
 */
export function contactState(contact, now, onlineWindowS) {
  if (Number.isNaN(contact)) return "never";
  return now - contact <= onlineWindowS * 1000 ? "online" : "offline";
}

/**
 * [ms] age from which a value is no longer shown as current: two missed readings, at least a minute, and
 * never longer than the online window.
 *
 * @param {number | null} expectedIntervalS [s]
 * @param {number} onlineWindowS [s]
 */
export function staleAfterMs(expectedIntervalS, onlineWindowS) {
  const limit = onlineWindowS * 1000;
  if (expectedIntervalS === null || !(expectedIntervalS > 0)) return limit;
  return Math.min(limit, Math.max(SHORTEST_STALE_MS, 2 * expectedIntervalS * 1000));
}

/**
 * [ms] without any event after which something is wrong with the events: two readings missed by the device
 * that sends most often, of those whose value is current. Infinity when no device is expected to send.
 *
 * @param {Device[]} devices
 * @param {Map<string, Reading>} readings  by device_id
 * @param {number} now [ms]
 * @param {number} onlineWindowS [s] from /config.json
 */
export function quietAfterMs(devices, readings, now, onlineWindowS) {
  let shortest = Number.POSITIVE_INFINITY;
  for (const { device_id, expected_interval_s: interval } of devices) {
    if (interval === null || !(interval > 0)) continue;
    const age = now - parseInstant(readings.get(device_id)?.created_at);
    if (age <= staleAfterMs(interval, onlineWindowS)) shortest = Math.min(shortest, interval);
  }
  return Math.max(SHORTEST_QUIET_MS, 2 * shortest * 1000);
}
