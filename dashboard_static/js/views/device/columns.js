// @ts-check
/** Rows of a series as the chart's columns; gaps, live points. Pure. */
import { numberOrNull } from "../../lib/quantity.js";
import { parseInstant } from "../../lib/time.js";

/**
 * @typedef {object} Row  a reading, or what a bucket of them adds up to
 * @property {number} from [ms] start of the bucket, or the reading's instant
 * @property {number} to [ms] end of the bucket, or the reading's instant
 * @property {number | null} min
 * @property {number | null} mean  the value itself of a reading, a totalizer, a volume; null: a bad reading
 * @property {number | null} max
 * @property {number} count  of readings
 */

/** @typedef {[number[], (number | null)[], (number | null)[], (number | null)[]]} Columns  [s], mean, max, min */

const SHORTEST_GAP_MS = 10_000;
/** Steps on each side that say what is usual. */
const AROUND = 5;

/**
 * Readings, oldest first. A bad one has no value.
 *
 * @param {Record<string, unknown>[]} answer
 * @param {string} quantity  a column
 * @returns {Row[]}
 */
export function readingRows(answer, quantity) {
  return answer
    .map((row) => readingRow(row, quantity))
    .filter(({ from }) => !Number.isNaN(from))
    .sort((a, b) => a.from - b.from);
}

/** @param {Record<string, unknown>} reading @param {string} quantity @returns {Row} */
export function readingRow(reading, quantity) {
  const at = parseInstant(reading.created_at);
  const value = reading.quality === "bad" ? null : numberOrNull(reading[quantity]);
  return { from: at, to: at, min: value, mean: value, max: value, count: value === null ? 0 : 1 };
}

/**
 * Buckets with a value.
 *
 * @param {Record<string, unknown>[]} answer  of the database's functions
 * @param {{min?: string, mean: string, max?: string}} names  of its columns
 * @returns {Row[]}
 */
export function bucketRows(answer, { min = "", mean, max = "" }) {
  return answer
    .map((row) => ({
      from: parseInstant(row.starts_at),
      to: parseInstant(row.ends_at),
      min: numberOrNull(row[min]),
      mean: numberOrNull(row[mean]),
      max: numberOrNull(row[max]),
      count: numberOrNull(row.data_points) ?? 0,
    }))
    .filter((row) => row.mean !== null);
}

/**
 * Adds a live reading. Doing it twice changes nothing: a bucket's mean stays until it is read again.
 *
 * @param {Row[]} rows  oldest first; changed
 * @param {Row} live
 * @param {{start: number, step: number} | null} grid  of the buckets; null: the rows are readings
 * @param {boolean} counter  the newest value counts, there is no mean
 */
export function addLive(rows, live, grid, counter) {
  if (grid !== null && live.mean === null) return;
  const from = grid ? grid.start + Math.floor((live.from - grid.start) / grid.step) * grid.step : live.from;
  let index = rows.length;
  while (index > 0 && rows[index - 1].from >= from) index -= 1;
  const known = rows[index];
  if (known?.from !== from) {
    rows.splice(index, 0, grid ? { ...live, from, to: from + grid.step } : live);
  } else if (grid === null) {
    if (live.mean !== null) rows[index] = live;
  } else if (counter) {
    rows[index] = { ...known, mean: live.mean };
  } else {
    const min = Math.min(Number(known.min), Number(live.min));
    rows[index] = { ...known, min, max: Math.max(Number(known.max), Number(live.max)) };
  }
}

/**
 * Columns for the chart, with a null inside each silence.
 *
 * A silence is longer than two and a half times the expected interval, and than what is usual around it
 * where the meter reports less often; between buckets, an empty one.
 *
 * @param {Row[]} rows  oldest first
 * @param {number | null} expectedIntervalS [s]
 * @param {{from: number, to: number}} span [ms] the middle of a bucket is drawn within
 * @returns {Columns}
 */
export function toColumns(rows, expectedIntervalS, span) {
  const expected = (expectedIntervalS ?? 0) * 1000;
  const shown = rows.filter((row) => row.to >= span.from && row.from <= span.to);
  const at = shown.map((row) => Math.min(Math.max((row.from + row.to) / 2, span.from), span.to));
  const steps = shown.slice(1).map((row, i) => row.from - shown[i].from);
  /** @type {Columns} */
  const columns = [[], [], [], []];
  const add = (
    /** @type {number} */ t,
    /** @type {Partial<Row>} */ { mean = null, max = null, min = null },
  ) => {
    columns[0].push(t / 1000);
    columns[1].push(mean);
    columns[2].push(max);
    columns[3].push(min);
  };
  shown.forEach((row, i) => {
    if (i > 0 && isSilence(steps, i - 1, row.to - row.from, expected)) add((at[i - 1] + at[i]) / 2, {});
    add(at[i], row);
  });
  return columns;
}

/**
 * @param {number[]} steps [ms]
 * @param {number} i
 * @param {number} bucket [ms] 0 for readings
 * @param {number} expected [ms]
 */
function isSilence(steps, i, bucket, expected) {
  const silence = steps[i] - bucket;
  if (silence <= Math.max(bucket > 0 ? 0 : SHORTEST_GAP_MS, 2.5 * expected)) return false;
  const usual = median(steps.slice(Math.max(0, i - AROUND), i + AROUND + 1));
  if (bucket === 0) return silence > 2.5 * usual;
  return usual > bucket ? silence > 1.2 * usual : true;
}

/** @param {number[]} numbers  at least one */
function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)];
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
 * The value axis: some air around the values, and no negative part without negative values.
 *
 * @param {number | null} min
 * @param {number | null} max
 * @param {boolean} fromZero
 * @returns {[number, number]}
 */
export function valueRange(min, max, fromZero) {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 10];
  const air = Math.max((max - min) * 0.12, Math.abs(max) * 0.002, 0.02);
  if (fromZero) return [Math.min(0, min), Math.max(max + air, 0.1)];
  return [min >= 0 ? Math.max(0, min - air) : min - air, max + air];
}

/**
 * A range of values widened to hold a level; no level: as it was.
 *
 * @param {number | null} level
 * @param {number | null} min
 * @param {number | null} max
 * @returns {[number | null, number | null]}
 */
export function including(level, min, max) {
  if (level === null) return [min, max];
  return [Math.min(level, min ?? level), Math.max(level, max ?? level)];
}
