// @ts-check
/**
 * Reads the whole state again: on request, every minute, more often while Realtime is down, and again after
 * a failure.
 *
 * One reload runs at a time. A request during one leads to another after it, since the running one may
 * have begun before what the request is about.
 */
import { backoffMs } from "../lib/backoff.js";

export const RELOAD_EVERY_MS = 60_000;
/** [ms] while no events arrive. */
export const POLL_EVERY_MS = 15_000;
/** [ms] between the starts of two reloads; a stream of requests is answered by one. */
const SPACING_MS = 1000;

/**
 * @param {object} options
 * @param {() => Promise<void>} options.load  reads and applies; rejects on failure
 * @param {() => boolean} options.isLive  whether events arrive
 * @param {import("../types.js").Clock} options.clock
 * @param {(error: unknown | null) => void} options.onResult  null: it succeeded
 * @param {() => number} [options.random]
 */
export function createReloader({ load, isLive, clock, onResult, random = Math.random }) {
  let running = false;
  let again = false;
  let disposed = false;
  let failures = 0;
  let startedAt = Number.NEGATIVE_INFINITY;
  /** @type {(() => void)[]} answered by the next reload that starts and succeeds */
  let waiting = [];
  /** @type {unknown} */
  let timer;

  /**
   * Resolves when a reload that began after this call succeeded, however many fail before.
   *
   * @param {"now" | "soon"} urgency  soon: while reloads fail, not before the pause is over
   */
  function request(urgency = "soon") {
    return new Promise((/** @type {(value: void) => void} */ resolve) => {
      if (disposed) return;
      waiting.push(resolve);
      if (running) again = true;
      else if (failures === 0 || urgency === "now")
        schedule(Math.max(0, startedAt + SPACING_MS - clock.now()));
    });
  }

  /** @param {number} ms */
  function schedule(ms) {
    clock.clearTimeout(timer);
    timer = ms === 0 ? undefined : clock.setTimeout(run, ms);
    if (ms === 0) void run();
  }

  async function run() {
    if (disposed || running) return;
    running = true;
    again = false;
    startedAt = clock.now();
    const answered = waiting;
    waiting = [];
    /** @type {unknown} */
    let failure = null;
    try {
      await load();
    } catch (error) {
      failure = error ?? new Error("reload failed");
    }
    running = false;
    if (disposed) return;
    failures = failure === null ? 0 : failures + 1;
    onResult(failure);
    if (failure === null) for (const resolve of answered) resolve();
    else waiting = [...answered, ...waiting];
    if (again && failure === null) schedule(Math.max(0, startedAt + SPACING_MS - clock.now()));
    else if (failure !== null) schedule(Math.min(RELOAD_EVERY_MS, backoffMs(failures, random)));
    else schedule(isLive() ? RELOAD_EVERY_MS : POLL_EVERY_MS);
  }

  function dispose() {
    disposed = true;
    clock.clearTimeout(timer);
    waiting = [];
  }

  return { request, dispose };
}
