// @ts-check
/** The time windows of the chart, with the interval of its table twin. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** @typedef {{key: string, label: string, name: string, ms: number, stepMs: number}} TimeWindow */

/** @type {readonly TimeWindow[]} */
export const WINDOWS = Object.freeze([
  { key: "1h", label: "1 h", name: "Last hour", ms: HOUR, stepMs: MINUTE },
  { key: "6h", label: "6 h", name: "Last 6 hours", ms: 6 * HOUR, stepMs: 5 * MINUTE },
  { key: "24h", label: "24 h", name: "Last 24 hours", ms: 24 * HOUR, stepMs: 30 * MINUTE },
]);
