// @ts-check
/** One device by its address. */
import { h, setText } from "../../lib/dom.js";
import { viewDevices } from "../../lib/fleet-view.js";
import { address } from "../../lib/routes.js";
import { t } from "../../lib/translate.js";
import { createDetail } from "./detail.js";

/** @returns {import("../../types.js").View} */
export function createView() {
  /** @type {(now: number) => void} */
  let draw = () => {};
  let close = () => {};

  return {
    mount(root, context, { id }) {
      const { fleet, config, feed } = context;
      const title = h("h1", {}, t("device.heading", { name: id }));
      const words = h("p", {});
      const missing = h("div", { class: "card", hidden: true }, words);
      /** Made when the device is known, since its zone is needed. @type {ReturnType<typeof createDetail> | null} */
      let detail = null;
      root.append(h("p", {}, h("a", { href: address(["fleet"]) }, t("device.toFleet"))), title, missing);

      draw = (now) => {
        const device = fleet.device(id);
        missing.hidden = device !== undefined;
        if (detail) detail.node.hidden = device === undefined;
        if (device === undefined) {
          setText(words, fleet.isLoaded() ? t("device.unknown", { name: id }) : t("device.loading"));
          return;
        }
        const [view] = viewDevices(
          { devices: [device], readings: fleet.readings(), alerts: fleet.alerts() },
          now,
          config.online_window_s,
        );
        setText(title, t("device.heading", { name: view.name }));
        context.setTitle(view.name);
        if (detail === null) {
          detail = createDetail({ context, device });
          root.append(detail.node);
        }
        detail.show(view, now);
      };
      const unsubscribe = feed.subscribe({
        reading: (reading) => detail?.append(reading),
        gap: () => detail?.invalidate(),
        reload: (failure) => {
          if (failure === null) void detail?.refresh();
        },
      });
      close = () => {
        unsubscribe();
        detail?.dispose();
      };
    },
    update: (now) => draw(now),
    unmount: () => close(),
  };
}
