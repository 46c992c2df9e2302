// @ts-check
/** The time windows of the chart, with the interval of its table twin. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** @typedef {{key: "1h" | "6h" | "24h", label: string, ms: number, stepMs: number}} TimeWindow */

/** @type {readonly TimeWindow[]} */
export const WINDOWS = Object.freeze([
  { key: "1h", label: "1 h", ms: HOUR, stepMs: MINUTE },
  { key: "6h", label: "6 h", ms: 6 * HOUR, stepMs: 5 * MINUTE },
  { key: "24h", label: "24 h", ms: 24 * HOUR, stepMs: 30 * MINUTE },
]);
