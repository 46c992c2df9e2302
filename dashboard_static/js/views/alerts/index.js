// @ts-check
/** The open alerts, worst first, and the dialog that resolves one. */
import { h } from "../../lib/dom.js";
import { sortAlerts } from "../../lib/fleet-view.js";
import { t } from "../../lib/translate.js";
import { createAlertList } from "../parts/alert-list.js";
import { createResolveDialog } from "../parts/resolve-dialog.js";

/** @returns {import("../../types.js").View} */
export function createView() {
  /** @type {(now: number) => void} */
  let draw = () => {};
  let close = () => {};

  return {
    mount(root, context) {
      const dialog = createResolveDialog({ context, fallback: () => list.title });
      const list = createAlertList({ context, onResolve: dialog.open });
      root.append(h("h1", {}, t("alerts.title")), list.node, dialog.node);
      draw = (now) => list.show(sortAlerts(context.fleet.alerts()), now);
      close = dialog.close;
    },
    update: (now) => draw(now),
    unmount: () => close(),
  };
}
