// @ts-check
/** The totals above everything. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { NO_VALUE } from "../../lib/quantity.js";
import { t } from "../../lib/translate.js";

/** @typedef {ReturnType<typeof import("../../lib/fleet-view.js").totalsOf>} Totals */

/** @param {{quantities: import("../../lib/quantity.js").QuantityFormat}} options */
export function createTotals({ quantities }) {
  const node = h("dl", { id: "totals" });
  const devices = tile(t("fleet.devices"));
  const online = tile(t("fleet.online"));
  const alerts = tile(t("fleet.openAlerts"));
  const critical = tile(t("fleet.criticalAlerts"));
  const flow = tile(t("fleet.flowNow"));
  const today = tile(t("fleet.volumeToday"));

  /** @param {string} label */
  function tile(label) {
    const value = h("dd", { class: "tile-value" }, NO_VALUE);
    const note = h("dd", { class: "tile-note" });
    const box = h("div", { class: "tile" }, h("dt", {}, label), value, note);
    node.append(box);
    return { box, value, note };
  }

  return {
    node,
    /**
     * @param {Totals | null} totals  null: nothing is known yet
     * @param {ReturnType<import("./trends.js").Trends["total"]>} volume
     * @param {string} at  when the oldest of the volumes was read
     * @param {boolean} failed  volumes could not be read just now
     */
    show(totals, volume, at, failed) {
      if (totals === null) {
        for (const { box, value, note } of [devices, online, alerts, critical, flow, today]) {
          setText(value, NO_VALUE);
          setText(note, "");
          setAttribute(box, "data-tone", null);
        }
        return;
      }
      const offline = totals.devices - totals.online;
      setText(devices.value, quantities.count(totals.devices));
      setText(online.value, quantities.count(totals.online));
      setText(online.note, offline === 0 ? "" : t("fleet.notOnline", { count: offline }));
      setAttribute(online.box, "data-tone", offline === 0 ? null : "warning");
      setText(alerts.value, quantities.count(totals.alerts));
      setAttribute(alerts.box, "data-tone", totals.alerts === 0 ? null : "warning");
      setText(critical.value, quantities.count(totals.critical));
      setAttribute(critical.box, "data-tone", totals.critical === 0 ? null : "critical");
      setText(flow.value, quantities.withUnit(totals.flow, "flow_rate"));
      setText(
        flow.note,
        totals.flow === null ? t("fleet.noCurrent") : t("fleet.sumOf", { count: totals.flowOf }),
      );
      // A sum of some devices is no total.
      const whole = volume.missing === 0;
      setText(today.value, whole ? quantities.withUnit(volume.sum, "totalizer") : NO_VALUE);
      setText(
        today.note,
        whole
          ? t("fleet.volumeOf", { count: volume.of, at })
          : t(failed ? "fleet.volumeFailed" : "fleet.volumeMissing"),
      );
      setAttribute(today.box, "data-tone", failed ? "warning" : null);
    },
  };
}
