// @ts-check
/**
 * Notices that events have stopped although meters should be sending: Realtime may keep its sockets while the
 * database behind it is gone, and says nothing then.
 */

/** [ms] between two looks at the clock. */
export const LOOK_EVERY_MS = 2000;

/**
 * Begins at once; `dispose` ends it.
 *
 * @param {object} options
 * @param {() => number} options.quietMs  [ms] of silence that is not usual now; Infinity: any is
 * @param {() => void} options.onSilent  called once a silence, and again after every further `quietMs`
 * @param {import("../types.js").Clock} options.clock
 */
export function createSilenceWatch({ quietMs, onSilent, clock }) {
  let heardAt = clock.now();
  let timer = clock.setTimeout(look, LOOK_EVERY_MS);

  function look() {
    timer = clock.setTimeout(look, LOOK_EVERY_MS);
    if (clock.now() - heardAt < quietMs()) return;
    heard();
    onSilent();
  }

  /** An event came, or the state was read another way. */
  function heard() {
    heardAt = clock.now();
  }

  return { heard, dispose: () => clock.clearTimeout(timer) };
}
