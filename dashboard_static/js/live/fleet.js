// @ts-check
/**
 * The page's state: devices, their latest readings, open alerts.
 *
 * Two sources write it, reloads (the truth, but as of when they began) and Realtime events (newer, but
 * unordered and sometimes lost). Every event and every reload takes the next number of one counter; an
 * entry touched by an event after a reload began is kept unless the reload brings a newer reading.
 */
import { numberOrNull, QUANTITIES } from "../lib/quantity.js";
import { parseInstant } from "../lib/time.js";

/** @typedef {import("../types.js").Device} Device */
/** @typedef {import("../types.js").Reading} Reading */
/** @typedef {import("../types.js").Alert} Alert */
/** @typedef {import("../types.js").Change} Change */
/** @typedef {import("../types.js").Snapshot} Snapshot */
/** @typedef {"applied" | "ignored" | "reload"} Outcome  reload: the event says less than the database */

/** Ids of resolved alerts that are remembered, so that a late event cannot open one again. */
const REMEMBERED = 5000;

/**
 * Whether reading `a` is older than `b`, or the same one with fewer values.
 *
 * @param {Reading} a
 * @param {Reading} b
 */
export function isOlder(a, b) {
  const difference = parseInstant(a.created_at) - parseInstant(b.created_at);
  return difference < 0 || (difference === 0 && valueCount(a) < valueCount(b));
}

/** @param {Reading} reading */
function valueCount(reading) {
  const keys = /** @type {(keyof typeof QUANTITIES)[]} */ (Object.keys(QUANTITIES));
  return keys.filter((key) => numberOrNull(reading[key]) !== null).length;
}

export function createFleet() {
  let counter = 0;
  let lastApplied = 0;
  let loaded = false;
  /** @type {Map<string, Device>} */
  let devices = new Map();
  /** @type {Map<string, {row: Reading | null, at: number}>} null: deleted by an event */
  let readings = new Map();
  /** @type {Map<string, {row: Alert | null, at: number}>} null: resolved or deleted by an event */
  let alerts = new Map();
  /** @type {Set<string>} */
  const resolved = new Set();

  /** Call before a reload's first request; hand the number to `applySnapshot`. */
  function beginReload() {
    counter += 1;
    return counter;
  }

  /**
   * Returns false, and changes nothing, when a reload that began later was applied already.
   *
   * @param {number} ticket  of `beginReload`
   * @param {Snapshot} snapshot
   */
  function applySnapshot(ticket, snapshot) {
    if (ticket <= lastApplied) return false;
    lastApplied = ticket;
    loaded = true;
    devices = new Map(snapshot.devices.map((device) => [device.device_id, device]));

    const previousReadings = readings;
    readings = new Map(snapshot.readings.map((row) => [row.device_id, { row, at: ticket }]));
    for (const [id, entry] of previousReadings) {
      const fresh = readings.get(id)?.row;
      const overtaken = fresh && entry.row && isOlder(entry.row, fresh);
      if (entry.at > ticket && !overtaken) readings.set(id, entry);
    }

    const previousAlerts = alerts;
    alerts = new Map(
      snapshot.alerts.filter((row) => !row.is_resolved).map((row) => [row.id, { row, at: ticket }]),
    );
    for (const [id, entry] of previousAlerts) if (entry.at > ticket) alerts.set(id, entry);
    for (const id of alerts.keys())
      if (resolved.has(id) && alerts.get(id)?.at === ticket) resolved.delete(id);
    return true;
  }

  /**
   * @param {Change} change  of public.latest_readings
   * @returns {Outcome}
   */
  function applyReading(change) {
    counter += 1;
    if (change.eventType === "DELETE") {
      const id = String(change.old.device_id);
      if (!readings.has(id)) return "ignored";
      readings.set(id, { row: null, at: counter });
      return "applied";
    }
    const row = /** @type {Reading} */ (change.new);
    if (typeof row.device_id !== "string" || Number.isNaN(parseInstant(row.created_at))) return "reload";
    const shown = readings.get(row.device_id)?.row;
    if (shown && isOlder(row, shown)) return "ignored";
    readings.set(row.device_id, { row, at: counter });
    return devices.has(row.device_id) ? "applied" : "reload";
  }

  /**
   * @param {Change} change  of public.alerts
   * @returns {Outcome}
   */
  function applyAlert(change) {
    counter += 1;
    const removed = change.eventType === "DELETE";
    const row = /** @type {Alert} */ (removed ? change.old : change.new);
    if (typeof row.id !== "string" || (!removed && typeof row.is_resolved !== "boolean")) return "reload";
    if (removed || row.is_resolved) {
      const wasOpen = alerts.get(row.id)?.row != null;
      alerts.set(row.id, { row: null, at: counter });
      remember(row.id);
      return wasOpen ? "applied" : "ignored";
    }
    if (resolved.has(row.id)) return "ignored";
    alerts.set(row.id, { row, at: counter });
    return "applied";
  }

  /** @param {string} id */
  function remember(id) {
    resolved.add(id);
    if (resolved.size > REMEMBERED) resolved.delete(resolved.values().next().value ?? "");
  }

  return {
    beginReload,
    applySnapshot,
    applyReading,
    applyAlert,
    /** False until the first reload: then nothing is known, not "no devices". */
    isLoaded: () => loaded,
    /** @param {string} id */
    device: (id) => devices.get(id),
    devices: () => [...devices.values()],
    /** @returns {Map<string, Reading>} */
    readings: () => {
      /** @type {Map<string, Reading>} */
      const rows = new Map();
      for (const [id, { row }] of readings) if (row) rows.set(id, row);
      return rows;
    },
    /** @returns {Alert[]} the open ones */
    alerts: () => [...alerts.values()].flatMap(({ row }) => (row ? [row] : [])),
  };
}

/** @typedef {ReturnType<typeof createFleet>} Fleet */
