// @ts-check
/** Instants and ages. Pure: the current time is always an argument. */
import { t } from "./translate.js";

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d(?::?\d\d)?)$/;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * [ms] since 1970 of a database timestamp, microseconds kept as the fraction.
 *
 * Takes every form that REST and Realtime send ("T" or blank, "Z", "+00", "+00:00").
 *
 * @param {unknown} text
 * @returns {number} NaN when it is no timestamp
 */
export function parseInstant(text) {
  const match = typeof text === "string" ? ISO.exec(text) : null;
  if (match === null) return Number.NaN;
  const [, day, time, fraction, zone] = match;
  const digits = zone === "Z" ? "" : zone.slice(1).replace(":", "").padEnd(4, "0");
  const offset = zone === "Z" ? "Z" : `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
  return Date.parse(`${day}T${time}${offset}`) + (fraction ? Number(`0${fraction}`) * SECOND : 0);
}

/**
 * "8 s", "3 min", "2 h 5 min", "4 d 2 h"; a time in the future is "0 s".
 *
 * @param {number} ms
 */
export function durationText(ms) {
  const rest = Math.max(0, ms);
  if (rest < MINUTE) return `${Math.floor(rest / SECOND)} s`;
  if (rest < HOUR) return `${Math.floor(rest / MINUTE)} min`;
  if (rest < DAY) return joined(Math.floor(rest / HOUR), "h", Math.floor((rest % HOUR) / MINUTE), "min");
  return joined(Math.floor(rest / DAY), "d", Math.floor((rest % DAY) / HOUR), "h");
}

/** @param {number} big @param {string} bigUnit @param {number} small @param {string} smallUnit */
function joined(big, bigUnit, small, smallUnit) {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

/**
 * "8 s ago", or "–" when there is no instant.
 *
 * @param {number} instant [ms], NaN for none
 * @param {number} now [ms]
 */
export function ageText(instant, now) {
  return Number.isNaN(instant) ? "–" : t("time.ago", { age: durationText(now - instant) });
}

/**
 * Writes instants in one time zone: the hour alone today, with the date otherwise.
 *
 * @param {string | undefined} locale  undefined is the browser's
 * @param {string | undefined} timeZone  undefined is the browser's
 */
export function createInstantFormat(locale, timeZone) {
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "medium", timeZone });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", timeZone });
  const short = new Intl.DateTimeFormat(locale, { timeStyle: "short", timeZone });
  const day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone });
  const zoneLetters = new Intl.DateTimeFormat(locale, { timeZoneName: "short", timeZone });
  const zone = new Intl.DateTimeFormat(locale, { timeZoneName: "longOffset", timeZone });

  /** @param {Intl.DateTimeFormat} format @param {number} instant */
  const zonePart = (format, instant) =>
    format.formatToParts(instant).find((part) => part.type === "timeZoneName")?.value ?? "";

  return {
    timeZone: zone.resolvedOptions().timeZone,
    /** "CET" or "GMT+1" @param {number} instant */
    zoneShort: (instant) => zonePart(zoneLetters, instant),
    /** @param {number} instant @param {number} now */
    brief: (instant, now) => (day.format(instant) === day.format(now) ? time : full).format(instant),
    /** @param {number} instant */
    full: (instant) => full.format(instant),
    /** As `full`; with the zone's letters in nights when the clocks change. @param {number} instant */
    exact(instant) {
      const [before, letters, after] = [-3 * HOUR, 0, 3 * HOUR].map((ms) =>
        zonePart(zoneLetters, instant + ms),
      );
      return before === after ? full.format(instant) : `${full.format(instant)} ${letters}`;
    },
    /** "28 Nov 2026, 13:00:00 – 13:15:00" @param {number} from @param {number} to */
    range: (from, to) => full.formatRange(from, to),
    /** @param {number} instant */
    minute: (instant) => short.format(instant),
    /** "Europe/Berlin (GMT+01:00)" @param {number} now */
    zoneName: (now) => {
      const offset = zonePart(zone, now);
      const name = zone.resolvedOptions().timeZone;
      return name === offset ? name : `${name} (${offset})`;
    },
  };
}

/** @typedef {ReturnType<typeof createInstantFormat>} InstantFormat */

/**
 * Formats by zone, each made once. A zone that this browser does not know is written in UTC, and so named.
 *
 * @param {string | undefined} locale
 * @param {string} home  the organization's zone
 * @returns {(zone: string | null | undefined) => InstantFormat} null, undefined: the organization's
 */
export function createZones(locale, home) {
  /** @type {Map<string, InstantFormat>} */
  const formats = new Map();
  return (zone) => {
    const wanted = zone || home;
    const known = formats.get(wanted);
    if (known) return known;
    let format;
    try {
      format = createInstantFormat(locale, wanted);
    } catch {
      format = createInstantFormat(locale, "UTC");
    }
    formats.set(wanted, format);
    return format;
  };
}
