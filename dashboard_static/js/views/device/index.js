// @ts-check
/** One device by its address. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { viewDevices } from "../../lib/fleet-view.js";
import { address } from "../../lib/routes.js";
import { t } from "../../lib/translate.js";
import { createDetail } from "./detail.js";

/** @returns {import("../../types.js").View} */
export function createView() {
  /** @type {(now: number) => void} */
  let draw = () => {};
  /** @type {(params: import("../../types.js").Params) => void} */
  let change = () => {};
  let close = () => {};

  return {
    mount(root, context, first) {
      const { fleet, config, feed, clock } = context;
      let params = first;
      const title = h("h1", {}, t("device.heading", { name: params.id }));
      const words = h("p", {});
      const missing = h("div", { class: "card", hidden: true }, words);
      /** Made when the device is known, since its zone is needed. @type {ReturnType<typeof createDetail> | null} */
      let detail = null;
      root.append(h("p", {}, h("a", { href: address(["fleet"]) }, t("device.toFleet"))), title, missing);

      draw = (now) => {
        const device = fleet.device(params.id);
        missing.hidden = device !== undefined;
        if (detail) detail.node.hidden = device === undefined;
        if (device === undefined) {
          setText(words, t(fleet.isLoaded() ? "device.unknown" : "device.loading", { name: params.id }));
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
          detail = createDetail({ context, device, params });
          root.append(detail.node);
        }
        detail.show(view, now);
      };
      change = (next) => {
        const other = next.id !== params.id;
        params = next;
        if (!other) {
          detail?.change(params);
          return;
        }
        detail?.dispose();
        detail?.node.remove();
        detail = null;
        setText(title, t("device.heading", { name: params.id }));
        draw(clock.now());
        setAttribute(title, "tabindex", "-1");
        globalThis.scrollTo(0, 0);
        title.focus();
        context.announce(title.textContent ?? "");
      };
      const unsubscribe = feed.subscribe({
        reading: (reading) => detail?.append(reading),
        gap: () => detail?.invalidate(),
        reload: (failure) => {
          if (failure === null) void detail?.refresh();
          else detail?.outage(failure);
        },
      });
      close = () => {
        unsubscribe();
        detail?.dispose();
      };
    },
    update: (now) => draw(now),
    change: (params) => change(params),
    unmount: () => close(),
  };
}
