// @ts-check
/** Fleet, reloads and Realtime of one session, put together: the state that the page draws, kept current. */
import { createFleet } from "./fleet.js";
import { createLink } from "./link.js";
import { createReloader } from "./reloader.js";

/** @typedef {import("../types.js").Change} Change */
/** @typedef {import("../types.js").Reading} Reading */
/** @typedef {import("../types.js").Alert} Alert */

/**
 * @param {object} options
 * @param {Parameters<typeof createLink>[0]["client"]} options.client
 * @param {import("../types.js").Clock} options.clock
 * @param {() => Promise<import("../types.js").Snapshot>} options.load  reads the whole state
 * @param {object} options.on
 * @param {() => void} options.on.change  the fleet changed
 * @param {(reading: Reading) => void} options.on.reading  a live reading that is newer than the one before
 * @param {(alert: Alert) => void} options.on.alert  an alert opened
 * @param {(state: import("./link.js").LinkState) => void} options.on.state
 * @param {() => void} options.on.gap  events may have been missed; a reload follows
 * @param {(failure: unknown | null) => void} options.on.reload  a reload succeeded (null) or failed
 */
export function createFeed({ client, clock, load, on }) {
  const fleet = createFleet();
  const reloader = createReloader({
    clock,
    isLive: () => link.state() === "live",
    load: async () => {
      const ticket = fleet.beginReload();
      fleet.applySnapshot(ticket, await load());
    },
    onResult: (failure) => {
      on.reload(failure);
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
      on.state(state);
      if (state === "lost") look();
    },
  });

  /** @param {Change} change */
  function onReading(change) {
    const outcome = fleet.applyReading(change);
    if (outcome === "reload") look();
    if (outcome === "applied" && change.eventType !== "DELETE")
      on.reading(/** @type {Reading} */ (change.new));
    on.change();
  }

  /** @param {Change} change */
  function onAlert(change) {
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
      reloader.dispose();
      await link.close();
    },
  };
}
