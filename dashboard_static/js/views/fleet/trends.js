// @ts-check
/**
 * Trend lines and volumes of the day, read for the devices in sight, and the volumes of all others behind them.
 *
 * One call at a time, at most 100 devices each. What is in sight comes first: volumes each minute, lines every
 * five. All volumes are read every five minutes, for the total. A failure leaves what is known, and is tried again.
 */
import { BATCH } from "../../data/fleet.js";
import { parseInstant } from "../../lib/time.js";

const VOLUME_MS = 60_000;
const SLOW_MS = 300_000;
/** [ms] after which a volume no longer looks current. */
const OLD_MS = 600_000;
/** [ms] of calm before a call, so that scrolling does not ask for every row it passes. */
const CALM_MS = 150;
const AGAIN_MS = 15_000;

/** @typedef {{at: number, endsAt: number, value: number | null}} Known  endsAt [ms]: of the day */

/**
 * @typedef {object} Memory  what was read, by device
 * @property {Map<string, {at: number, values: (number | null)[]}>} lines
 * @property {Map<string, Known>} amounts
 */

/**
 * @param {object} options
 * @param {Memory} options.memory
 * @param {(ids: string[], now: number) => Promise<import("../../data/fleet.js").Spark[]>} options.sparks
 * @param {(ids: string[]) => Promise<import("../../data/fleet.js").Volume[]>} options.volumes
 * @param {import("../../types.js").Clock} options.clock
 * @param {() => void} options.onChange
 */
export function createTrends({ memory: { lines, amounts }, sparks, volumes, clock, onChange }) {
  /** @type {string[]} */
  let all = [];
  /** @type {string[]} */
  let inSight = [];
  /** @type {unknown} */
  let timer = null;
  let running = false;
  let failed = false;
  let disposed = false;

  /** @param {string} id @param {number} now @param {number} age [ms] */
  function isDue(id, now, age) {
    const known = amounts.get(id);
    // A day that is over is asked for again, but not at once: the server's clock may say otherwise.
    return known === undefined || now - known.at >= (now < known.endsAt ? age : AGAIN_MS);
  }

  /** @returns {(() => Promise<void>) | null} the most urgent call; null: nothing is due */
  function next() {
    const now = clock.now();
    const lacking = inSight.filter((id) => now - (lines.get(id)?.at ?? Number.NEGATIVE_INFINITY) >= SLOW_MS);
    const dueInSight = inSight.filter((id) => isDue(id, now, VOLUME_MS));
    if (dueInSight.length > 0) return () => readVolumes(dueInSight.slice(0, BATCH), now);
    if (lacking.length > 0) return () => readLines(lacking.slice(0, BATCH), now);
    const due = all.filter((id) => isDue(id, now, SLOW_MS));
    return due.length > 0 ? () => readVolumes(due.slice(0, BATCH), now) : null;
  }

  /** @param {string[]} ids @param {number} now */
  async function readLines(ids, now) {
    const rows = new Map((await sparks(ids, now)).map((row) => [row.device_id, row.flow_rates]));
    for (const id of ids) lines.set(id, { at: now, values: rows.get(id) ?? [] });
  }

  /** @param {string[]} ids @param {number} now */
  async function readVolumes(ids, now) {
    const rows = new Map((await volumes(ids)).map((row) => [row.device_id, row]));
    for (const id of ids) {
      const row = rows.get(id);
      const endsAt = row === undefined ? Number.POSITIVE_INFINITY : parseInstant(row.ends_at);
      amounts.set(id, { at: now, endsAt, value: row?.total_volume ?? null });
    }
  }

  /** @param {number} ms */
  function schedule(ms) {
    if (disposed || running) return;
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => void run(), ms);
  }

  async function run() {
    const call = next();
    timer = null;
    if (call === null) return;
    running = true;
    try {
      await call();
      failed = false;
    } catch {
      failed = true;
    }
    running = false;
    if (disposed) return;
    onChange();
    schedule(failed ? AGAIN_MS : 0);
  }

  return {
    /**
     * Call with each drawing: it asks only when something is due.
     *
     * @param {string[]} everyId
     * @param {string[]} idsInSight
     */
    want(everyId, idsInSight) {
      all = everyId;
      inSight = idsInSight;
      if (timer === null && !running && next() !== null) schedule(CALM_MS);
    },
    /** Something may have been missed, or a call may succeed now. */
    refresh() {
      for (const known of amounts.values()) known.at = Math.min(known.at, clock.now() - VOLUME_MS);
      failed = false;
      schedule(CALM_MS);
    },
    /** Whether the last call failed; it is tried again. */
    failed: () => failed,
    /** [m³/h] undefined: not read yet @param {string} id */
    line: (id) => lines.get(id)?.values,
    /**
     * What went through today; undefined: not known, null: there is none.
     *
     * @param {string} id
     * @param {number} now
     * @returns {{value: number | null, old: boolean} | undefined}
     */
    volume(id, now) {
      const known = amounts.get(id);
      if (known === undefined || now >= known.endsAt) return undefined;
      return { value: known.value, old: now - known.at > OLD_MS };
    },
    /**
     * The sum over those that are known.
     *
     * @param {number} now
     * @returns {{sum: number | null, of: number, missing: number, at: number}} sum null: none has a volume;
     *   of: devices with one; missing: devices not read yet; at [ms]: when the oldest of them was read
     */
    total(now) {
      let sum = 0;
      let of = 0;
      let missing = 0;
      let at = now;
      for (const id of all) {
        const known = amounts.get(id);
        if (known === undefined || now >= known.endsAt) missing += 1;
        else {
          at = Math.min(at, known.at);
          if (known.value !== null) {
            sum += known.value;
            of += 1;
          }
        }
      }
      return { sum: of === 0 ? null : sum, of, missing, at };
    },
    dispose() {
      disposed = true;
      clock.clearTimeout(timer);
    },
  };
}

/** @typedef {ReturnType<typeof createTrends>} Trends */
