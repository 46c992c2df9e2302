// @ts-check
/** The fleet: totals, open alerts, every device with its latest values. */
import { loadSparks, loadVolumes } from "../../data/fleet.js";
import { h, setText } from "../../lib/dom.js";
import { choiceAddress, choiceOf, chooseDevices, listItems } from "../../lib/fleet-list.js";
import { sortAlerts, totalsOf, viewDevices } from "../../lib/fleet-view.js";
import { address } from "../../lib/routes.js";
import { t } from "../../lib/translate.js";
import { createAlertList } from "../parts/alert-list.js";
import { createResolveDialog } from "../parts/resolve-dialog.js";
import { createDeviceTable } from "./device-table.js";
import { createToolbar } from "./toolbar.js";
import { createTotals } from "./totals.js";
import { createTrends } from "./trends.js";

/** Alerts that are written out beside the devices, and above them; the others are in the view of their own. */
const BESIDE = 8;
const ABOVE = 3;
/** [ms] after the last key, when the number of devices found is said. */
const SAY_AFTER_MS = 800;

/** What was read stays as long as the person is signed in. @type {WeakMap<object, import("./trends.js").Memory>} */
const memories = new WeakMap();

/** @param {object} fleet */
function memoryOf(fleet) {
  const memory = memories.get(fleet) ?? { lines: new Map(), amounts: new Map() };
  memories.set(fleet, memory);
  return memory;
}

/** @returns {import("../../types.js").View} */
export function createView() {
  /** @type {(now: number) => void} */
  let draw = () => {};
  /** @type {(params: import("../../types.js").Params) => void} */
  let change = () => {};
  let close = () => {};

  return {
    mount(root, context, params) {
      const { fleet, config, quantities, client, clock, feed, instants } = context;
      let choice = choiceOf(params);
      let found = 0;
      /** @type {unknown} */
      let saying = null;

      const trends = createTrends({
        sparks: (ids, now) => loadSparks(client, ids, now),
        volumes: (ids) => loadVolumes(client, ids),
        clock,
        onChange: context.redraw,
        memory: memoryOf(fleet),
      });
      const totals = createTotals({ quantities });
      const dialog = createResolveDialog({ context, fallback: () => alertList.title });
      const wide = globalThis.matchMedia("(min-width: 1440px)");
      const all = h("p", {}, h("a", { href: address(["alerts"]) }, t("fleet.toAlerts")));
      const alertList = createAlertList({
        context,
        onResolve: dialog.open,
        most: () => (wide.matches ? BESIDE : ABOVE),
        link: all,
      });
      const toolbar = createToolbar({ quantities, onChange: choose });
      const table = createDeviceTable({
        context,
        trends,
        label: "devices-title",
        onEmpty: () => devicesTitle.focus(),
        onSort: (sort) => choose({ sort, reversed: choice.sort === sort && !choice.reversed }),
      });
      const devicesTitle = h("h2", { id: "devices-title", tabindex: -1 }, t("fleet.devices"));
      const emptyWords = h("p", {});
      const clear = h(
        "button",
        {
          type: "button",
          onclick: () => {
            choose({ search: "", state: "" });
            toolbar.search.focus();
          },
        },
        t("fleet.clear"),
      );
      const empty = h("div", { class: "empty", hidden: true }, emptyWords, clear);
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
          devicesTitle,
          toolbar.node,
          table.node,
          empty,
        ),
        dialog.node,
      );
      toolbar.set(choice);

      /** @param {Partial<typeof choice>} part */
      function choose(part) {
        context.navigate(choiceAddress({ ...choice, ...part }), { replace: true });
      }

      change = (next) => {
        choice = choiceOf(next);
        toolbar.set(choice);
        table.toTop();
        draw(clock.now());
        clock.clearTimeout(saying);
        saying = clock.setTimeout(say, SAY_AFTER_MS);
      };

      function say() {
        if (fleet.isLoaded()) context.announce(t("fleet.foundSay", { count: found }));
      }

      draw = (now) => {
        const alerts = fleet.alerts();
        const known = fleet.isLoaded();
        const views = viewDevices(
          { devices: fleet.devices(), readings: fleet.readings(), alerts },
          now,
          config.online_window_s,
        );
        const chosen = chooseDevices(views, choice, (id) => trends.volume(id, now)?.value ?? null);
        found = chosen.length;
        table.show(listItems(chosen, choice.grouped), choice);
        if (known)
          trends.want(
            views.map(({ device }) => device.device_id),
            table.inSight(),
          );
        const volume = trends.total(now);
        totals.show(
          known ? totalsOf(views, alerts) : null,
          volume,
          instants.minute(volume.at),
          trends.failed(),
        );
        toolbar.showCount(found, views.length, known);
        empty.hidden = !known || found > 0;
        setText(emptyWords, t(views.length === 0 ? "fleet.empty" : "fleet.noneFound"));
        clear.hidden = views.length === 0;
        alertList.show(sortAlerts(alerts), now);
      };

      const unsubscribe = feed.subscribe({
        gap: trends.refresh,
        reload: (failure) => {
          if (failure === null) context.redraw();
        },
      });
      close = () => {
        unsubscribe();
        clock.clearTimeout(saying);
        trends.dispose();
        table.dispose();
        dialog.close();
      };
    },
    update: (now) => draw(now),
    change: (params) => change(params),
    unmount: () => close(),
  };
}
