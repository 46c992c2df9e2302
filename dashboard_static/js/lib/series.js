// @ts-check
/** One device's series: gaps, live points, intervals. Pure. */
import { numberOrNull } from "./quantity.js";
import { parseInstant } from "./time.js";

/** @typedef {import("../types.js").Point} Point */

const SHORTEST_GAP_MS = 10_000;
/** Steps on each side that say what is usual. */
const AROUND = 5;

/**
 * Rows as points, oldest first. A bad reading and one without flow are no value.
 *
 * @param {{created_at: string, flow_rate: unknown, quality?: string | null}[]} rows
 * @returns {Point[]}
 */
export function toPoints(rows) {
  return rows
    .map((row) => ({
      t: parseInstant(row.created_at),
      v: row.quality === "bad" ? null : numberOrNull(row.flow_rate),
    }))
    .filter((point) => !Number.isNaN(point.t))
    .sort((a, b) => a.t - b.t);
}

/**
 * Both series by instant, oldest first, nothing before `from`; where both have an instant, a value wins
 * over none and else the newer series wins.
 *
 * @param {Point[]} older
 * @param {Point[]} newer
 * @param {number} from [ms]
 * @returns {Point[]}
 */
export function mergePoints(older, newer, from) {
  const last = older.at(-1)?.t ?? Number.NEGATIVE_INFINITY;
  if (newer.every((point) => point.t > last) && (older[0]?.t ?? from) >= from) return [...older, ...newer];
  /** @type {Map<number, Point>} */
  const byTime = new Map();
  for (const point of older) byTime.set(point.t, point);
  for (const point of newer) if (point.v !== null || !byTime.has(point.t)) byTime.set(point.t, point);
  return [...byTime.values()].filter((point) => point.t >= from).sort((a, b) => a.t - b.t);
}

/**
 * Columns for the chart, with a null inside each silence.
 *
 * A silence is longer than two and a half times the expected interval, or than the usual step around it
 * where the meter reports less often than expected.
 *
 * @param {Point[]} points  oldest first
 * @param {number | null} expectedIntervalS [s]
 * @returns {[number[], (number | null)[]]} seconds, values
 */
export function toColumns(points, expectedIntervalS) {
  const expected = (expectedIntervalS ?? 0) * 1000;
  const steps = points.slice(1).map((point, i) => point.t - points[i].t);
  /** @type {number[]} */
  const xs = [];
  /** @type {(number | null)[]} */
  const ys = [];
  points.forEach(({ t, v }, i) => {
    const step = steps[i - 1] ?? 0;
    const usual = () => median(steps.slice(Math.max(0, i - 1 - AROUND), i + AROUND));
    if (step > Math.max(SHORTEST_GAP_MS, 2.5 * expected) && step > 2.5 * usual()) {
      xs.push((t - step / 2) / 1000);
      ys.push(null);
    }
    xs.push(t / 1000);
    ys.push(v);
  });
  return [xs, ys];
}

/** @param {number[]} numbers  at least one */
function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/**
 * Indices of values without a neighbour, which a line alone would not show.
 *
 * @param {(number | null)[]} ys
 */
export function isolatedIndices(ys) {
  const found = [];
  for (let i = 0; i < ys.length; i += 1) {
    if (ys[i] !== null && (ys[i - 1] ?? null) === null && (ys[i + 1] ?? null) === null) found.push(i);
  }
  return found;
}

/**
 * The window in equal intervals, for the table beside the chart. Empty intervals are there, with nulls.
 *
 * @param {Point[]} points
 * @param {number} from [ms]
 * @param {number} to [ms]
 * @param {number} stepMs
 */
export function toIntervals(points, from, to, stepMs) {
  const first = Math.floor(from / stepMs) * stepMs;
  const count = Math.max(0, Math.ceil((to - first) / stepMs));
  const sums = Array.from({ length: count }, (_, i) => ({
    start: first + i * stepMs,
    n: 0,
    sum: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  }));
  for (const { t, v } of points) {
    const interval = sums[Math.floor((t - first) / stepMs)];
    if (v === null || t < from || t > to || interval === undefined) continue;
    interval.n += 1;
    interval.sum += v;
    interval.min = Math.min(interval.min, v);
    interval.max = Math.max(interval.max, v);
  }
  return sums.map(({ start, n, sum, min, max }) =>
    n === 0 ? { start, n, average: null, min: null, max: null } : { start, n, average: sum / n, min, max },
  );
}
