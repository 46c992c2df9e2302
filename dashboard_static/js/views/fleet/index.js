// @ts-check
/** The fleet: totals, open alerts, every device with its latest values. */
import { h } from "../../lib/dom.js";
import { sortAlerts, totalsOf, viewDevices } from "../../lib/fleet-view.js";
import { t } from "../../lib/translate.js";
import { createAlertList } from "../parts/alert-list.js";
import { createResolveDialog } from "../parts/resolve-dialog.js";
import { createDeviceTable } from "./device-table.js";
import { createTotals } from "./totals.js";

/** @returns {import("../../types.js").View} */
export function createView() {
  /** @type {(now: number) => void} */
  let draw = () => {};
  let close = () => {};

  return {
    mount(root, context) {
      const { fleet, config, quantities, instantsOf } = context;
      const totals = createTotals({ quantities });
      const dialog = createResolveDialog({ context, fallback: () => alertList.title });
      const alertList = createAlertList({ context, onResolve: dialog.open });
      const table = createDeviceTable({ quantities, instantsOf, label: "devices-title" });
      root.append(
        h("h1", {}, t("fleet.heading")),
        h(
          "section",
          { class: "totals", "aria-labelledby": "totals-title" },
          h("h2", { id: "totals-title", class: "visually-hidden" }, t("fleet.totals")),
          totals.node,
        ),
        alertList.node,
        h(
          "section",
          { class: "card devices", "aria-labelledby": "devices-title" },
          h("h2", { id: "devices-title" }, t("fleet.devices")),
          h("div", { class: "table-frame" }, table.table),
          table.empty,
        ),
        dialog.node,
      );
      draw = (now) => {
        const alerts = fleet.alerts();
        const views = viewDevices(
          { devices: fleet.devices(), readings: fleet.readings(), alerts },
          now,
          config.online_window_s,
        );
        totals.show(fleet.isLoaded() ? totalsOf(views, alerts) : null);
        table.show(views, fleet.isLoaded(), now);
        alertList.show(sortAlerts(alerts), now);
      };
      close = dialog.close;
    },
    update: (now) => draw(now),
    unmount: () => close(),
  };
}
