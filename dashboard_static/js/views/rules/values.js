// @ts-check
/** A rule's values: numbers as they are typed, what is missing, what changed, what a back-test found. Pure. */
import { durationText, parseInstant } from "../../lib/time.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../data/rules.js").Rule} Rule */
/** @typedef {import("../../data/rules.js").Draft} Draft */
/** @typedef {import("../../data/rules.js").RuleType} RuleType */
/** @typedef {import("../../data/rules.js").ChannelEntry} ChannelEntry */

/** Unit of threshold and deadband, null: it has none; whether a threshold must be given. */
export const TYPES = Object.freeze({
  high_flow: { unit: "m³/h", needed: true },
  low_flow: { unit: "m³/h", needed: true },
  zero_flow: { unit: "m³/h", needed: false },
  rate_of_change: { unit: "m³/h/min", needed: true },
  stuck_value: { unit: "m³/h", needed: false },
  battery_low: { unit: "%", needed: true },
  no_data: { unit: null, needed: false },
  device_offline: { unit: null, needed: false },
});

export const TYPE_NAMES = /** @type {RuleType[]} */ (Object.keys(TYPES));

/** What the database can hold [min]. */
const LONGEST_MINUTES = 2_147_483_647;

/**
 * Numbers as they are typed in a locale. A separator of thousands is refused, not guessed at: in one language
 * 1.234 is a bit more than one, in the next more than a thousand.
 *
 * @param {string | undefined} locale
 */
export function createDecimals(locale) {
  const format = new Intl.NumberFormat(locale, {
    numberingSystem: "latn",
    useGrouping: false,
    maximumFractionDigits: 20,
  });
  const sign = format.formatToParts(1.5).find(({ type }) => type === "decimal")?.value ?? ".";
  return {
    example: format.format(1234.5),
    /** @param {number | null} value */
    write: (value) => (value === null ? "" : format.format(value)),
    /** Null: nothing is there; NaN: no number. @param {string} text */
    read(text) {
      const plain = text
        .replace(/[\u061c\u200e\u200f]/g, "")
        .trim()
        .replace("−", "-");
      if (plain === "") return null;
      const parts = plain.split(sign);
      const isNumber = parts.length < 3 && parts.every((part, i) => (i ? /^\d+$/ : /^[+-]?\d+$/).test(part));
      const value = isNumber ? Number(parts.join(".")) : Number.NaN;
      return Number.isFinite(value) ? value : Number.NaN;
    },
  };
}

/** @typedef {ReturnType<typeof createDecimals>} Decimals */

/**
 * @typedef {object} Typed  the form as it stands
 * @property {string | null} device_id
 * @property {string} name
 * @property {RuleType} type
 * @property {string} threshold
 * @property {string} deadband
 * @property {string} duration
 * @property {Rule["severity"]} severity
 * @property {boolean} enabled
 * @property {ChannelEntry[]} channels
 */

/** @typedef {"name" | "threshold" | "deadband" | "duration"} Field */

/**
 * @param {Typed} typed
 * @param {Decimals} decimals
 * @returns {{draft: Draft, faults: Partial<Record<Field, string>>}}
 */
export function readDraft(typed, decimals) {
  const { unit, needed } = TYPES[typed.type];
  const threshold = unit === null ? null : decimals.read(typed.threshold);
  const deadband = unit === null ? 0 : (decimals.read(typed.deadband) ?? 0);
  const duration = decimals.read(typed.duration) ?? 0;
  const name = typed.name.trim();
  /** @type {Partial<Record<Field, string>>} */
  const faults = {};
  const wrong = t("rules.fault.number", { example: decimals.example });
  if (name === "") faults.name = t("rules.fault.name");
  if (Number.isNaN(threshold)) faults.threshold = wrong;
  else if (threshold === null && needed) faults.threshold = t("rules.fault.threshold");
  if (Number.isNaN(deadband)) faults.deadband = wrong;
  else if (deadband < 0) faults.deadband = t("rules.fault.negative");
  if (!Number.isInteger(duration) || duration < 0 || duration > LONGEST_MINUTES) {
    faults.duration = t("rules.fault.minutes");
  }
  return {
    draft: {
      device_id: typed.device_id,
      rule_name: name,
      rule_type: typed.type,
      threshold_value: threshold,
      deadband,
      duration_minutes: duration,
      severity: typed.severity,
      is_enabled: typed.enabled,
      notification_channels: typed.channels,
    },
    faults,
  };
}

/**
 * What a draft changes of a rule: somebody else's change of the rest stays.
 *
 * @param {Rule} rule
 * @param {Draft} draft
 * @returns {Partial<Draft>}
 */
export function changesOf(rule, draft) {
  const { device_id: _device, ...values } = draft;
  const known = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (rule));
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => JSON.stringify(known[name]) !== JSON.stringify(value)),
  );
}

/** @param {ChannelEntry} entry */
export const channelName = (entry) =>
  typeof entry === "string" ? entry : String(entry.channel ?? entry.type ?? "");

/**
 * A rule's entries after some names were chosen: what an entry says besides its name stays.
 *
 * @param {ChannelEntry[]} entries
 * @param {string[]} chosen
 * @returns {ChannelEntry[]}
 */
export function chosenChannels(entries, chosen) {
  const kept = entries.filter((entry) => chosen.includes(channelName(entry)));
  const names = new Set(kept.map(channelName));
  return [...kept, ...chosen.filter((name) => !names.has(name))];
}

/**
 * @typedef {object} Span  an alert that would have been open
 * @property {number} from [ms]
 * @property {number} to [ms] its end, or that of the window
 * @property {boolean} isOpen  at the end of the window
 * @property {number | null} peak
 */

/**
 * @param {import("../../data/rules.js").Tried[]} tried
 * @param {import("../../data/device.js").Window} window
 * @returns {Span[]} oldest first
 */
export function toSpans(tried, window) {
  return tried
    .map(({ opened_at, resolved_at, peak_value }) => {
      const resolved = parseInstant(resolved_at);
      const isOpen = Number.isNaN(resolved);
      return { from: parseInstant(opened_at), to: isOpen ? window.to : resolved, isOpen, peak: peak_value };
    })
    .filter(({ from }) => !Number.isNaN(from))
    .sort((a, b) => a.from - b.from);
}

/**
 * "The rule would have opened 3 alerts. The longest lasted 2 h."
 *
 * @param {Span[]} spans
 * @param {boolean} isCut  there are more
 */
export function summary(spans, isCut) {
  if (spans.length === 0) return t("rules.none");
  const count = spans.length;
  const longest = durationText(Math.max(...spans.map(({ from, to }) => to - from)));
  return [
    t(isCut ? "rules.wouldAtLeast" : "rules.would", { count }),
    t(count === 1 ? "rules.lasted" : "rules.longest", { duration: longest }),
    !isCut && spans.some(({ isOpen }) => isOpen) ? t("rules.wouldBeOpen") : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/**
 * "Flow above 100 m³/h for 15 min"
 *
 * @param {Pick<Rule, "rule_type" | "threshold_value" | "duration_minutes">} rule
 * @param {(value: number) => string} number
 */
export function conditionText({ rule_type, threshold_value, duration_minutes }, number) {
  const { unit } = TYPES[rule_type];
  const threshold = `${number(threshold_value ?? 0)}\u00a0${unit ?? ""}`;
  const says = t(`rules.says.${rule_type}`, { threshold });
  if (duration_minutes > 0) {
    return t("rules.for", { condition: says, duration: durationText(duration_minutes * 60_000) });
  }
  return says;
}
