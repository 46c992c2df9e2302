// @ts-check
/**
 * The page's connection as a person sees it, from its channels and its reloads.
 *
 * connecting: not yet live. live: every channel is subscribed and the state was read after that. lost: a
 * channel is down, so values may be old.
 */
import { keepChannel, PATIENCE_MS } from "./channel.js";

/** @typedef {"connecting" | "live" | "lost" | "closed"} LinkState */
/** @typedef {import("./channel.js").ChannelState} ChannelState */

/**
 * @param {object} options
 * @param {Parameters<typeof keepChannel>[0]["client"]} options.client
 * @param {{topic: string, table: string, onChange: (change: import("../types.js").Change) => void}[]} options.channels
 * @param {() => Promise<unknown>} options.reload  reads the state; resolves when it was applied
 * @param {(state: LinkState) => void} options.onState  called when it changed
 * @param {import("../types.js").Clock} options.clock
 * @param {() => number} [options.random]
 */
export function createLink({ client, channels, reload, onState, clock, random }) {
  /** @type {LinkState} */
  let state = "connecting";
  /** @type {unknown} */
  let grace = null;
  /** Counts what makes a running reload too early to prove "live". */
  let gaps = 0;
  /** @type {ChannelState[]} */
  const states = channels.map(() => "joining");
  const keepers = channels.map((channel, index) =>
    keepChannel({ client, clock, random, ...channel, onState: (next) => onChannel(index, next) }),
  );

  /** @param {LinkState} next */
  function enter(next) {
    if (state === "closed" || state === next) return;
    state = next;
    if (next !== "connecting") stopGrace();
    onState(next);
  }

  function stopGrace() {
    if (grace !== null) clock.clearTimeout(grace);
    grace = null;
  }

  /** @param {number} index @param {ChannelState} next */
  function onChannel(index, next) {
    if (state === "closed") return;
    if (next === "joining" && states[index] === "live") return;
    states[index] = next;
    gaps += 1;
    if (next === "lost") enter("lost");
    else if (states.every((each) => each === "live")) void catchUp();
  }

  async function catchUp() {
    const mine = gaps;
    await reload();
    if (mine === gaps) enter("live");
  }

  function open() {
    grace = clock.setTimeout(() => {
      grace = null;
      if (state === "connecting") enter("lost");
    }, PATIENCE_MS);
    for (const keeper of keepers) void keeper.open();
  }

  /** Joins again at once where a channel is not live: the network came back, the page was woken. */
  function retry() {
    if (state === "closed") return;
    keepers.forEach((keeper, index) => {
      if (states[index] !== "live") void keeper.open();
    });
  }

  /** Leaves all channels for good. */
  async function close() {
    stopGrace();
    state = "closed";
    await Promise.all(keepers.map((keeper) => keeper.close()));
  }

  return { open, retry, close, state: () => state };
}
