// @ts-check
/**
 * Fleet, reloads and Realtime of one session, put together: the state that the page draws, kept current.
 *
 * Live is what the channels say and no failed reload denies; a silence of the channels leads to a reload.
 */
import { quietAfterMs } from "../lib/freshness.js";
import { createFleet } from "./fleet.js";
import { createLink } from "./link.js";
import { createReloader } from "./reloader.js";
import { createSilenceWatch } from "./silence.js";

/** @typedef {import("../types.js").Change} Change */
/** @typedef {import("../types.js").Reading} Reading */
/** @typedef {import("../types.js").Alert} Alert */

/**
 * @param {object} options
 * @param {Parameters<typeof createLink>[0]["client"]} options.client
 * @param {import("../types.js").Clock} options.clock
 * @param {() => Promise<import("../types.js").Snapshot>} options.load  reads the whole state
 * @param {number} options.onlineWindowS [s] from /config.json
 * @param {object} options.on
 * @param {() => void} options.on.change  the fleet changed
 * @param {(reading: Reading) => void} options.on.reading  a live reading that is newer than the one before
 * @param {(alert: Alert) => void} options.on.alert  an alert opened
 * @param {(state: import("./link.js").LinkState) => void} options.on.state
 * @param {() => void} options.on.gap  events may have been missed; a reload follows
 * @param {(failure: unknown | null) => void} options.on.reload  a reload succeeded (null) or failed
 */
export function createFeed({ client, clock, load, onlineWindowS, on }) {
  const fleet = createFleet();
  /** Whether the newest reload failed. */
  let failing = false;
  /** @type {import("./link.js").LinkState} */
  let told = "connecting";
  /** @type {ReturnType<typeof createSilenceWatch> | null} */
  let silence = null;
  const reloader = createReloader({
    clock,
    isLive: () => link.state() === "live",
    load: async () => {
      const ticket = fleet.beginReload();
      fleet.applySnapshot(ticket, await load());
    },
    onResult: (failure) => {
      failing = failure !== null;
      silence?.heard();
      on.reload(failure);
      tell();
      on.change();
    },
  });
  const link = createLink({
    client,
    clock,
    channels: [
      { topic: "flow_data_changes", table: "latest_readings", onChange: onReading },
      { topic: "alerts_changes", table: "alerts", onChange: onAlert },
    ],
    reload: () => {
      on.gap();
      return reloader.request("now");
    },
    onState: (state) => {
      tell();
      if (state === "lost") look();
    },
  });

  /** Tells the page's state when it changed. */
  function tell() {
    const state = failing && link.state() === "live" ? "lost" : link.state();
    if (state === told) return;
    told = state;
    on.state(state);
  }

  /** @param {Change} change */
  function onReading(change) {
    silence?.heard();
    const outcome = fleet.applyReading(change);
    if (outcome === "reload") look();
    if (outcome === "applied" && change.eventType !== "DELETE")
      on.reading(/** @type {Reading} */ (change.new));
    on.change();
  }

  /** @param {Change} change */
  function onAlert(change) {
    silence?.heard();
    const outcome = fleet.applyAlert(change);
    if (outcome === "reload") look();
    if (outcome === "applied" && change.eventType === "INSERT") on.alert(/** @type {Alert} */ (change.new));
    on.change();
  }

  /** Reads the state again, soon. */
  function look() {
    void reloader.request();
  }

  return {
    fleet,
    look,
    open() {
      silence = createSilenceWatch({
        clock,
        quietMs: () => quietAfterMs(fleet.devices(), fleet.readings(), clock.now(), onlineWindowS),
        onSilent: look,
      });
      link.open();
      look();
    },
    /** Tries everything again at once: the network is back, or a person asks. */
    retry() {
      link.retry();
      void reloader.request("now");
    },
    /** Leaves the channels for good. */
    async close() {
      silence?.dispose();
      reloader.dispose();
      await link.close();
    },
  };
}
