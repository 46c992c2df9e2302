// @ts-check
/** Reading more rows than one answer of the REST interface holds (1,000 by default). */
import { orThrow, RestError } from "../lib/errors.js";

export const PAGE_ROWS = 1000;
/** Most rows of a list; a page that shows more is no use to anybody. */
const MOST_ROWS = 20_000;
/** No server is set to fewer rows an answer than this, so a shorter one is the last. */
const SHORTEST_LIMIT = 100;

/**
 * @template Row
 * @typedef {{data: Row[] | null, error: {message: string, code?: string} | null, status: number}} Answer
 */

/**
 * All rows of a list, page by page. The query must be ordered by a unique column.
 *
 * @template Row
 * @param {(from: number, to: number) => PromiseLike<Answer<Row>>} page  rows `from` to `to`, counted from 0
 * @returns {Promise<Row[]>}
 * @throws {RestError}
 */
export async function readAll(page) {
  /** @type {Row[]} */
  const rows = [];
  while (rows.length < MOST_ROWS) {
    const more = rowsOf(await page(rows.length, rows.length + PAGE_ROWS - 1));
    rows.push(...more);
    if (more.length < SHORTEST_LIMIT) break;
  }
  return rows;
}

/**
 * A series from its newest row backwards, asking for what is before the oldest row known.
 *
 * @template {{created_at: string}} Row
 * @param {(before: string | null) => PromiseLike<Answer<Row>>} page  newest first; null: from the newest
 * @param {number} mostPages
 * @returns {Promise<{rows: Row[], complete: boolean, pages: number}>} complete: the window's start was reached
 * @throws {RestError}
 */
export async function readBackwards(page, mostPages) {
  /** @type {Row[]} */
  const rows = [];
  for (let pages = 1; pages <= mostPages; pages += 1) {
    const more = rowsOf(await page(rows.at(-1)?.created_at ?? null));
    rows.push(...more);
    if (more.length < SHORTEST_LIMIT) return { rows, complete: true, pages };
  }
  return { rows, complete: false, pages: mostPages };
}

/** @template Row @param {Answer<Row>} answer @returns {Row[]} */
function rowsOf(answer) {
  const rows = orThrow(answer);
  if (!Array.isArray(rows)) throw new RestError({ message: "the answer is no list" }, answer.status);
  return rows;
}
