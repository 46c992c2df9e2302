// @ts-check
/** Calendar days of a time zone. Pure. */

const DAY_MS = 86_400_000;

/**
 * [ms] when a day begins there; NaN for what is no day.
 *
 * @param {string} day  "2026-03-29"
 * @param {string} timeZone
 */
export function dayStart(day, timeZone) {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return Number.NaN;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return Number.NaN;
  const first = midnight - offsetMs(midnight, timeZone);
  return midnight - offsetMs(first, timeZone);
}

/** The day after. @param {string} day */
export const nextDay = (day) => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);

/** [ms] by which the zone's clock is ahead of UTC. @param {number} instant @param {string} timeZone */
function offsetMs(instant, timeZone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const { year, month, day, hour, minute, second } = part;
  return (
    Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - Math.floor(instant / 1000) * 1000
  );
}
