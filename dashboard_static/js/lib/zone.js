// @ts-check
/** The clock of a time zone: offsets, local days, and where the ticks of a time axis belong. Pure. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const QUARTER = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** An offset never changes but at a quarter of an hour; this many are remembered. */
const REMEMBERED = 20_000;

const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200].map(
  (s) => s * SECOND,
);
const DAYS = [1, 2, 7, 14];
const MONTHS = [1, 2, 3, 6, 12, 24];

/** @param {string | undefined} timeZone */
export function createZone(timeZone) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  /** @type {Map<number, number>} */
  const offsets = new Map();

  /** [ms] local time minus UTC. @param {number} instant [ms] */
  function offset(instant) {
    const quarter = Math.floor(instant / QUARTER) * QUARTER;
    const known = offsets.get(quarter);
    if (known !== undefined) return known;
    /** @type {Record<string, number>} */
    const part = {};
    for (const { type, value } of format.formatToParts(quarter)) part[type] = Number(value);
    const local = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
    if (offsets.size >= REMEMBERED) offsets.clear();
    offsets.set(quarter, local - quarter);
    return local - quarter;
  }

  /** The instant of a local time, counted as if it were UTC. @param {number} local [ms] */
  function instantOf(local) {
    const guess = local - offset(local);
    return local - offset(guess);
  }

  return {
    offset,
    instantOf,
    /** "2026-11-28" @param {number} instant [ms] */
    date: (instant) => new Date(instant + offset(instant)).toISOString().slice(0, 10),
  };
}

/** @typedef {ReturnType<typeof createZone>} Zone */

/**
 * Where a time axis is marked: at round local times, also in nights when the clocks change.
 *
 * @param {Zone} zone
 * @param {number} from [ms]
 * @param {number} to [ms]
 * @param {number} most
 * @returns {{ticks: number[], unit: "second" | "minute" | "day" | "month"}}
 */
export function timeTicks(zone, from, to, most) {
  const fits = (/** @type {number} */ step) => (to - from) / step <= most;
  const step = STEPS.find(fits);
  if (step !== undefined) {
    const grid = Math.min(step, QUARTER);
    /** @type {number[]} */
    const ticks = [];
    for (let at = Math.ceil(from / grid) * grid; at <= to; at += grid) {
      if ((at + zone.offset(at)) % step === 0) ticks.push(at);
    }
    return { ticks, unit: step < MINUTE ? "second" : "minute" };
  }
  const inside = (/** @type {number} */ at) => at >= from && at <= to;
  const days = DAYS.find((count) => fits(count * DAY));
  if (days !== undefined) {
    const first = Math.floor((from + zone.offset(from)) / DAY);
    const count = Math.ceil((to - from) / DAY) + 2;
    const ticks = Array.from({ length: count }, (_, i) => first + i)
      // Weeks begin on Mondays; 1970 began on a Thursday.
      .filter((day) => (day + 3) % days === 0)
      .map((day) => zone.instantOf(day * DAY))
      .filter(inside);
    return { ticks, unit: "day" };
  }
  const months = MONTHS.find((count) => fits(count * 30 * DAY)) ?? 120;
  const start = new Date(from + zone.offset(from));
  const first = start.getUTCFullYear() * 12 + start.getUTCMonth();
  const count = Math.ceil((to - from) / (28 * DAY)) + 2;
  const ticks = Array.from({ length: count }, (_, i) => first + i)
    .filter((month) => month % months === 0)
    .map((month) => zone.instantOf(Date.UTC(Math.floor(month / 12), month % 12)))
    .filter(inside);
  return { ticks, unit: "month" };
}

/**
 * Writes what `timeTicks` marks: times, and the date at midnight.
 *
 * @param {string | undefined} locale
 * @param {string | undefined} timeZone
 */
export function createTickLabels(locale, timeZone) {
  const zone = createZone(timeZone);
  const minute = new Intl.DateTimeFormat(locale, { timeStyle: "short", timeZone });
  const second = new Intl.DateTimeFormat(locale, { timeStyle: "medium", timeZone });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone });
  const month = new Intl.DateTimeFormat(locale, { month: "short", year: "2-digit", timeZone });
  const formats = { second, minute, day, month };

  return {
    zone,
    /** @param {number} at [ms] @param {keyof typeof formats} unit */
    label(at, unit) {
      const midnight = (at + zone.offset(at)) % DAY === 0;
      return (midnight && unit !== "month" ? day : formats[unit]).format(at);
    },
  };
}
