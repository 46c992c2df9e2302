// @ts-check
/** The totals above everything. */
import { byId, el, setAttribute, setText } from "../lib/dom.js";
import { NO_VALUE } from "../lib/quantity.js";

/** @typedef {ReturnType<typeof import("../lib/fleet-view.js").totalsOf>} Totals */

/** @param {{quantities: import("../lib/quantity.js").QuantityFormat}} options */
export function createTotals({ quantities }) {
  const list = byId("totals", HTMLElement);
  const devices = tile("Devices");
  const online = tile("Online");
  const alerts = tile("Open alerts");
  const critical = tile("Critical alerts");
  const flow = tile("Flow now");

  /** @param {string} label */
  function tile(label) {
    const value = el("dd", { class: "tile-value" }, NO_VALUE);
    const note = el("dd", { class: "tile-note" });
    const box = el("div", { class: "tile" }, el("dt", {}, label), value, note);
    list.append(box);
    return { box, value, note };
  }

  return {
    /** @param {Totals | null} totals  null: nothing is known yet */
    show(totals) {
      if (totals === null) {
        for (const { box, value, note } of [devices, online, alerts, critical, flow]) {
          setText(value, NO_VALUE);
          setText(note, "");
          setAttribute(box, "data-tone", null);
        }
        return;
      }
      const offline = totals.devices - totals.online;
      setText(devices.value, quantities.count(totals.devices));
      setText(online.value, quantities.count(totals.online));
      setText(online.note, offline === 0 ? "" : `${quantities.count(offline)} not online`);
      setAttribute(online.box, "data-tone", offline === 0 ? null : "warning");
      setText(alerts.value, quantities.count(totals.alerts));
      setAttribute(alerts.box, "data-tone", totals.alerts === 0 ? null : "warning");
      setText(critical.value, quantities.count(totals.critical));
      setAttribute(critical.box, "data-tone", totals.critical === 0 ? null : "critical");
      setText(flow.value, quantities.withUnit(totals.flow, "flow_rate"));
      setText(
        flow.note,
        totals.flow === null
          ? "no current reading"
          : `sum of ${totals.flowOf} current ${totals.flowOf === 1 ? "reading" : "readings"}`,
      );
    },
  };
}
