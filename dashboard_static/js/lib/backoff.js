// @ts-check
/**
 * [ms] to wait before attempt `attempt` (0 is the first retry): 1, 2, 4 … 30 s, each less up to a fifth by
 * chance, so that a thousand pages do not return in the same instant.
 *
 * @param {number} attempt
 * @param {() => number} [random] 0 ≤ x < 1
 */
export function backoffMs(attempt, random = Math.random) {
  const ceiling = Math.min(30_000, 1000 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (1 - 0.2 * random()));
}
