// @ts-check
/**
 * Keeps one Realtime channel subscribed to one table's changes.
 *
 * A channel is live only after the system message "Subscribed to PostgreSQL": supabase-js says SUBSCRIBED
 * earlier, changes in between are not delivered, and a refused subscription shows only as a system message
 * with status error. supabase-js joins again by itself after a lost socket, but never after the server
 * closed the channel (an expired token) or refused the table; so a channel that is not live for PATIENCE_MS,
 * or was closed or refused, is removed and made anew, with growing pauses.
 */
import { backoffMs } from "../lib/backoff.js";

/** [ms] for joining, or for supabase-js to join again by itself. */
export const PATIENCE_MS = 15_000;
/** [ms] live, after which the pauses begin anew. */
const SETTLED_MS = 30_000;

/** @typedef {"joining" | "live" | "lost" | "closed"} ChannelState */

/**
 * @param {object} options
 * @param {Pick<import("../lib/supabase.js").SupabaseClient, "channel" | "removeChannel" | "realtime">} options.client
 * @param {string} options.topic  the channel's name
 * @param {string} options.table  of schema public
 * @param {(change: import("../types.js").Change) => void} options.onChange
 * @param {(state: ChannelState, reason: string) => void} options.onState  "live" is reported again after
 *   every rejoin and every new token: changes before it may be missing
 * @param {import("../types.js").Clock} options.clock
 * @param {() => number} [options.random]
 */
export function keepChannel({ client, topic, table, onChange, onState, clock, random = Math.random }) {
  let generation = 0;
  let attempts = 0;
  let liveSince = Number.NaN;
  /** @type {import("@supabase/supabase-js").RealtimeChannel | null} */
  let channel = null;
  /** @type {unknown} */
  let timer = null;
  /** @type {Promise<void>} */
  let leaving = Promise.resolve();

  function live() {
    clearTimer();
    if (Number.isNaN(liveSince)) liveSince = clock.now();
    onState("live", "");
  }

  /** @param {string} reason @param {boolean} healsItself */
  function lost(reason, healsItself) {
    if (clock.now() - liveSince > SETTLED_MS) attempts = 0;
    liveSince = Number.NaN;
    if (!healsItself) clearTimer();
    retryAfter(healsItself ? PATIENCE_MS : backoffMs(attempts, random));
    onState("lost", reason);
  }

  /** @param {number} ms  ignored while a retry is already due */
  function retryAfter(ms) {
    timer ??= clock.setTimeout(() => {
      timer = null;
      attempts += 1;
      if (Number.isNaN(liveSince)) onState("lost", "no answer from Realtime");
      void open();
    }, ms);
  }

  function clearTimer() {
    if (timer !== null) clock.clearTimeout(timer);
    timer = null;
  }

  /** Subscribes anew, whatever the state. */
  async function open() {
    generation += 1;
    const mine = generation;
    clearTimer();
    retryAfter(PATIENCE_MS);
    await leave();
    // The join carries the session's token; without this it may still be the key's.
    await client.realtime.setAuth().catch(() => undefined);
    if (mine !== generation) return;
    /** @param {(value: any) => void} handler */
    const current = (handler) => (/** @type {any} */ value) => {
      if (mine === generation) handler(value);
    };
    try {
      channel = client
        .channel(topic)
        .on("postgres_changes", { event: "*", schema: "public", table }, current(onChange))
        .on("system", {}, current(onSystem));
      channel.subscribe(current(onStatus));
    } catch (error) {
      // The client still has an earlier session's channel, which waits for the answer to its leaving.
      lost(String(error), false);
    }
  }

  /** @param {{status?: string, message?: string, extension?: string}} message */
  function onSystem({ status, message, extension }) {
    if (status === "ok" && extension === "postgres_changes") live();
    else if (status === "error") lost(message ?? "refused", false);
  }

  /** @param {string} status */
  function onStatus(status) {
    if (status !== "SUBSCRIBED") return lost(status, status !== "CLOSED");
    clearTimer();
    retryAfter(PATIENCE_MS);
    onState("joining", "");
  }

  /** One removal after the other: until it is removed, the client would hand out the old channel again. */
  function leave() {
    const old = channel;
    channel = null;
    leaving = leaving.then(async () => {
      if (old !== null) await client.removeChannel(old).catch(() => undefined);
    });
    return leaving;
  }

  /** Leaves the channel for good. */
  async function close() {
    generation += 1;
    liveSince = Number.NaN;
    clearTimer();
    await leave();
    onState("closed", "");
  }

  return { open, close };
}
