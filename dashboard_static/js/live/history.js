// @ts-check
/**
 * The series behind the chart: one device, one sliding window.
 *
 * Reads the whole window when it is chosen and after every gap in the connection; each minute again while
 * that is cheap, else only the newest minutes of it, and the whole every five. Live points are appended, and
 * those that arrive while the window is read are not lost.
 */
import { numberOrNull } from "../lib/quantity.js";
import { mergePoints, toPoints } from "../lib/series.js";
import { parseInstant } from "../lib/time.js";

/** @typedef {import("../types.js").Point} Point */

/** Pages that may be read again each minute. */
const CHEAP_PAGES = 3;
const WHOLE_EVERY_MS = 300_000;
const TAIL_MS = 600_000;

/**
 * @param {object} options
 * @param {(deviceId: string, from: number) => ReturnType<typeof import("../data/queries.js").loadSeries>} options.load
 * @param {Pick<import("../types.js").Clock, "now">} options.clock
 */
export function createHistory({ load, clock }) {
  let deviceId = "";
  let windowMs = 0;
  let request = 0;
  let wholeAt = Number.NEGATIVE_INFINITY;
  let loaded = false;
  let pages = 0;
  let complete = true;
  /** @type {Point[]} */
  let points = [];
  /** @type {Point[]} live ones since the running request began */
  let arrived = [];

  /**
   * Another device or window: nothing is known until `refresh`.
   *
   * @param {string} nextDevice
   * @param {number} nextWindowMs
   */
  function choose(nextDevice, nextWindowMs) {
    if (nextDevice !== deviceId) points = [];
    deviceId = nextDevice;
    windowMs = nextWindowMs;
    loaded = false;
    invalidate();
    request += 1;
    arrived = [];
  }

  /** Something may have been missed: the next `refresh` reads the whole window. */
  function invalidate() {
    wholeAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * Reads the window again. False: a later call or another choice has overtaken this one.
   *
   * @throws {import("../lib/errors.js").RestError}
   */
  async function refresh() {
    request += 1;
    const mine = request;
    const startedAt = clock.now();
    const from = startedAt - windowMs;
    const all = pages <= CHEAP_PAGES || startedAt - wholeAt > WHOLE_EVERY_MS;
    arrived = [];
    const answer = await load(deviceId, all ? from : Math.max(from, startedAt - TAIL_MS));
    if (mine !== request) return false;
    const read = toPoints(answer.rows);
    if (all) {
      wholeAt = startedAt;
      loaded = true;
      pages = answer.pages;
      complete = answer.complete;
    }
    points = mergePoints(all ? read : mergePoints(points, read, from), arrived, from);
    return true;
  }

  /**
   * A live reading; others than of this device are ignored.
   *
   * @param {import("../types.js").Reading} reading
   */
  function append(reading) {
    const t = parseInstant(reading.created_at);
    if (reading.device_id !== deviceId || Number.isNaN(t) || reading.quality === "bad") return false;
    const point = { t, v: numberOrNull(reading.flow_rate) };
    arrived = mergePoints(arrived, [point], clock.now() - windowMs);
    points = mergePoints(points, [point], clock.now() - windowMs);
    return true;
  }

  return {
    choose,
    invalidate,
    refresh,
    append,
    deviceId: () => deviceId,
    points: () => points,
    /** False: the window holds more readings than are read, and its beginning is missing. */
    isComplete: () => complete,
    /** Whether the window was read at all. */
    isLoaded: () => loaded,
  };
}
