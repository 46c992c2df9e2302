// @ts-check
/** The page's clock. Ages compare the database's times with it, so a wrong browser clock is corrected. */

/** [ms] below which a difference is the Date header's whole seconds and the network, not a wrong clock. */
const TOLERANCE_MS = 2000;

/**
 * [ms] to add to the browser's clock to get the server's; 0 when they agree or nothing is known.
 *
 * @param {string | null} dateHeader  of an answer that came from no cache
 * @param {number} sentAt [ms]
 * @param {number} receivedAt [ms]
 */
export function serverOffset(dateHeader, sentAt, receivedAt) {
  const served = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (Number.isNaN(served)) return 0;
  const offset = served + 500 - (sentAt + receivedAt) / 2;
  return Math.abs(offset) < TOLERANCE_MS + (receivedAt - sentAt) / 2 ? 0 : Math.round(offset);
}

/**
 * @param {number} offset [ms]
 * @returns {import("../types.js").Clock}
 */
export function createClock(offset) {
  return {
    now: () => Date.now() + offset,
    setTimeout: (callback, ms) => globalThis.setTimeout(callback, ms),
    clearTimeout: (handle) => globalThis.clearTimeout(/** @type {number | undefined} */ (handle)),
  };
}
