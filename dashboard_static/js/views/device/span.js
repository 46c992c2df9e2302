// @ts-check
/** The window of time that is shown: what the address says of it, moving it and zooming. Pure. */
import { address } from "../../lib/routes.js";
import { parseInstant } from "../../lib/time.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @typedef {"1h" | "6h" | "24h" | "7d" | "30d" | "1y"} PresetKey */
/** @typedef {{key: PresetKey, ms: number}} Preset */

/** @type {readonly Preset[]} */
export const PRESETS = Object.freeze([
  { key: "1h", ms: HOUR },
  { key: "6h", ms: 6 * HOUR },
  { key: "24h", ms: DAY },
  { key: "7d", ms: 7 * DAY },
  { key: "30d", ms: 30 * DAY },
  { key: "1y", ms: 365 * DAY },
]);

/** What is charted: a quantity, or the volume in bars. */
export const SHOWN = /** @type {const} */ ([
  "flow_rate",
  "totalizer",
  "volume",
  "level",
  "velocity",
  "temperature",
  "pressure",
  "battery_level",
  "signal_strength",
]);

/** @typedef {(typeof SHOWN)[number]} Shown */

/**
 * @typedef {object} Span
 * @property {Preset | null} last  it ends now and moves on; null: it stands still
 * @property {number} from [ms]
 * @property {number} to [ms]
 */

const SHORTEST = MINUTE;
const LONGEST = 3 * 366 * DAY;
const FIRST = Date.UTC(2000, 0, 1);

/** @param {Preset} last @param {number} now [ms] @returns {Span} */
export const following = (last, now) => ({ last, from: now - last.ms, to: now });

/**
 * A span that stands still, of a sensible length and not in the future; null when there is none.
 *
 * @param {number} from [ms]
 * @param {number} to [ms]
 * @param {number} now [ms]
 * @returns {Span | null}
 */
export function between(from, to, now) {
  const end = Math.min(to, Math.ceil(now / 1000) * 1000);
  if (!(from >= FIRST) || !(end - from >= SHORTEST) || end - from > LONGEST) return null;
  return { last: null, from: Math.floor(from / 1000) * 1000, to: Math.ceil(end / 1000) * 1000 };
}

/**
 * What an address asks for; what makes no sense in it is as if it were not there.
 *
 * @param {import("../../types.js").Params} params
 * @param {number} now [ms]
 * @returns {{span: Span, shown: Shown}}
 */
export function readAddress(params, now) {
  const last = PRESETS.find(({ key }) => key === params.last) ?? PRESETS[1];
  const fixed = params.last ? null : between(parseInstant(params.from), parseInstant(params.to), now);
  return {
    span: fixed ?? following(last, now),
    shown: SHOWN.find((each) => each === params.show) ?? "flow_rate",
  };
}

/**
 * @param {string} id
 * @param {Span} span
 * @param {Shown} shown
 */
export function addressOf(id, { last, from, to }, shown) {
  const show = shown === "flow_rate" ? null : shown;
  if (last) return address(["devices", id], { last: last.key, show });
  return address(["devices", id], { from: written(from), to: written(to), show });
}

/** @param {number} instant */
const written = (instant) => new Date(instant).toISOString().replace(".000", "");

/**
 * The span before (-1) or after (1). One that would reach into the future ends now, and follows if it is
 * as long as a preset.
 *
 * @param {Span} span
 * @param {1 | -1} direction
 * @param {number} now [ms]
 * @returns {Span}
 */
export function shift(span, direction, now) {
  const ms = span.to - span.from;
  const to = span.to + direction * ms;
  if (to < now) return between(to - ms, to, now) ?? span;
  const preset = PRESETS.find((each) => Math.abs(each.ms - ms) <= 1000);
  return preset ? following(preset, now) : (between(now - ms, now, now) ?? span);
}

/**
 * Nearer (1) or further (-1). A span that follows takes the next preset, unless a point of it is looked at;
 * another is halved or doubled around the point.
 *
 * @param {Span} span
 * @param {1 | -1} direction
 * @param {number} now [ms]
 * @param {number | null} [point] [ms] null: the middle
 * @returns {Span}
 */
export function zoom(span, direction, now, point = null) {
  if (span.last && (point === null || direction < 0)) {
    const next = PRESETS[PRESETS.indexOf(span.last) - direction];
    return next ? following(next, now) : span;
  }
  const factor = direction > 0 ? 0.5 : 2;
  const middle = point ?? (span.from + span.to) / 2;
  const ms = Math.max(SHORTEST, (span.to - span.from) * factor);
  const part = (middle - span.from) / (span.to - span.from);
  const to = Math.min(now, middle + ms * (1 - part));
  return between(to - ms, to, now) ?? span;
}

/** The preset nearest in length, for following again. @param {Span} span @returns {Preset} */
export function nearest({ from, to }) {
  const distance = (/** @type {Preset} */ { ms }) => Math.abs(Math.log(ms / (to - from)));
  return PRESETS.reduce((best, each) => (distance(each) < distance(best) ? each : best));
}
