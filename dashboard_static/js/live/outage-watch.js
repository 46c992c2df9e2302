// @ts-check
/**
 * Keeps the signs of an outage together: the reloads, the live events, and the API, which is asked each minute
 * and at once when something else fails.
 *
 * A failure is told when the API was asked, so that "nothing can be reached" is not first called something
 * else; missing events are told when they stay away.
 */

/** @typedef {import("../lib/outages.js").Signs} Signs */

const ASK_EVERY_MS = 60_000;
/** [ms] while something is away. */
const ASK_AGAIN_MS = 10_000;
/** [ms] before the first question: the first drawing comes before it. */
const FIRST_MS = 3000;
/** [ms] that events may be missing without a word: a page that wakes joins again. */
const REJOIN_MS = 5000;

/**
 * Begins at once; `dispose` ends it.
 *
 * @param {object} options
 * @param {() => Promise<"ok" | "away">} options.probe
 * @param {() => boolean} options.isOnline
 * @param {(signs: Signs) => void} options.onChange  called whenever they may have changed
 * @param {import("../types.js").Clock} options.clock
 */
export function createOutageWatch({ probe, isOnline, onChange, clock }) {
  /** @type {unknown | null} */
  let failure = null;
  /** @type {Signs["api"]} */
  let api = "unknown";
  let lost = false;
  let asking = false;
  let disposed = false;
  /** @type {unknown} */
  let rejoin = null;
  let timer = clock.setTimeout(ask, FIRST_MS);

  function tell() {
    if (!disposed) onChange({ online: isOnline(), failure, lost, api });
  }

  async function ask() {
    if (asking || disposed) return;
    asking = true;
    clock.clearTimeout(timer);
    api = await probe();
    asking = false;
    if (disposed) return;
    timer = clock.setTimeout(ask, failure !== null || lost || api === "away" ? ASK_AGAIN_MS : ASK_EVERY_MS);
    tell();
  }

  return {
    ask: () => void ask(),
    /** A reload succeeded (null) or failed. @param {unknown | null} outcome */
    reloaded(outcome) {
      const ended = failure !== null && outcome === null;
      failure = outcome;
      if (outcome === null) tell();
      if (outcome !== null || ended) void ask();
    },
    /** @param {import("./link.js").LinkState} state */
    linked(state) {
      clock.clearTimeout(rejoin);
      if (state !== "lost") {
        lost = false;
        tell();
        return;
      }
      rejoin = clock.setTimeout(() => {
        lost = true;
        tell();
        void ask();
      }, REJOIN_MS);
    },
    dispose() {
      disposed = true;
      clock.clearTimeout(timer);
      clock.clearTimeout(rejoin);
    },
  };
}
