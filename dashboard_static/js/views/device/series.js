// @ts-check
/**
 * The series behind the chart: readings where the window has few enough, buckets of the database where not.
 *
 * Live readings are added, those that arrive while the window is read too.
 */
import { loadDays, loadFlow, loadQuantity, loadReadings } from "../../data/device.js";
import { parseInstant } from "../../lib/time.js";
import { addLive, bucketRows, readingRow, readingRows } from "./columns.js";

/** @typedef {import("./columns.js").Row} Row */
/** @typedef {import("./span.js").Shown} Shown */
/** @typedef {import("../../data/device.js").Window} Window */

/**
 * @typedef {object} Series
 * @property {Row[]} rows  oldest first
 * @property {"readings" | "buckets" | "days"} kind
 * @property {{start: number, step: number} | null} grid [ms] of buckets
 * @property {number | null} keptFrom [ms] readings before are not kept; null: they are
 */

/** Most readings that are drawn as they are. */
const MOST_READINGS = 1000;
const MOST_BUCKETS = 720;
const MOST_BARS = 36;
const DAY = 86_400_000;
/** [ms] from which on volumes are told by day. */
const DAYS_FROM = 4 * DAY;

/**
 * @param {object} options
 * @param {import("../../lib/supabase.js").SupabaseClient} options.client
 * @param {import("../../types.js").Device} options.device
 * @param {import("../../lib/zone.js").Zone} options.zone  the site's
 */
export function createSeries({ client, device, zone }) {
  const id = device.device_id;
  const interval = Math.max(1, device.expected_interval_s ?? 60) * 1000;
  /** @type {Shown} */
  let shown = "flow_rate";
  /** @type {Series | null} */
  let series = null;
  let request = 0;
  /** @type {Row[]} live ones since the running request began */
  let arrived = [];

  /** @param {Window} window @returns {Promise<Series>} */
  async function volumes(window) {
    const names = { mean: "total_volume" };
    if (window.to - window.from >= DAYS_FROM) {
      // A site's day may begin after midnight.
      const days = await loadDays(client, id, zone.date(window.from - DAY), zone.date(window.to));
      const rows = bucketRows(days, names).filter((row) => row.to > window.from && row.from < window.to);
      return { rows, kind: "days", grid: null, keptFrom: null };
    }
    const most = Math.floor((window.to - window.from) / interval / 2);
    const answer = await loadFlow(client, id, window, Math.max(1, Math.min(MOST_BARS, most)));
    return { rows: bucketRows(answer, names), kind: "buckets", grid: gridOf(answer), keptFrom: null };
  }

  /** @param {Window} window @returns {Promise<Series>} */
  async function read(window) {
    if (shown === "volume") return volumes(window);
    if ((window.to - window.from) / interval <= MOST_READINGS) {
      const answer = await loadReadings(client, id, shown, window);
      // None may mean that the readings of then are not kept any more; rollups are.
      if (answer.complete && answer.rows.length > 0) {
        return { rows: readingRows(answer.rows, shown), kind: "readings", grid: null, keptFrom: null };
      }
    }
    if (shown === "flow_rate") {
      const answer = await loadFlow(client, id, window, MOST_BUCKETS);
      const names = { min: "min_flow_rate", mean: "avg_flow_rate", max: "max_flow_rate" };
      return { rows: bucketRows(answer, names), kind: "buckets", grid: gridOf(answer), keptFrom: null };
    }
    const answer = await loadQuantity(client, id, shown, window, MOST_BUCKETS);
    const names =
      shown === "totalizer"
        ? { mean: "last_value" }
        : { min: "min_value", mean: "avg_value", max: "max_value" };
    const lacking = answer.findLast((row) => row.is_complete === false);
    return {
      rows: bucketRows(answer, names),
      kind: "buckets",
      grid: gridOf(answer),
      keptFrom: lacking ? parseInstant(lacking.ends_at) : null,
    };
  }

  return {
    /** What was read is not of the window that is shown. */
    forget: () => {
      series = null;
    },
    /** Another quantity: nothing of it is known until `load`. @param {Shown} next */
    choose(next) {
      if (next !== shown) series = null;
      shown = next;
      request += 1;
      arrived = [];
    },
    /**
     * Reads the window. False: a later call or another choice has overtaken this one.
     *
     * @param {Window} window
     */
    async load(window) {
      request += 1;
      const mine = request;
      arrived = [];
      const answer = await read(window);
      if (mine !== request) return false;
      series = answer;
      for (const live of arrived) add(live);
      return true;
    },
    /** A live reading of this device. @param {import("../../types.js").Reading} reading */
    append(reading) {
      if (shown === "volume") return false;
      const live = readingRow({ ...reading }, shown);
      const missing = live.mean === null && reading.quality !== "bad";
      if (Number.isNaN(live.from) || missing) return false;
      arrived.push(live);
      return add(live);
    },
    /** Null: not read yet. */
    current: () => series,
  };

  /** @param {Row} live */
  function add(live) {
    if (series === null || series.kind === "days") return false;
    addLive(series.rows, live, series.grid, shown === "totalizer");
    return true;
  }
}

/** @param {Record<string, unknown>[]} answer  every bucket, by time */
function gridOf(answer) {
  if (answer.length === 0) return null;
  const start = parseInstant(answer[0].starts_at);
  return { start, step: parseInstant(answer[0].ends_at) - start };
}
