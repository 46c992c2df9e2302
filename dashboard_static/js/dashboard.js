// @ts-check
/** The signed-in page: state, connection and views of one person's organization. */
import { loadFleet, loadSeries, loadStatistics, resolveAlert } from "./data/queries.js";
import { byId } from "./lib/dom.js";
import { restWords } from "./lib/errors.js";
import { newsText, sortAlerts, totalsOf, viewDevices } from "./lib/fleet-view.js";
import { createQuantityFormat } from "./lib/quantity.js";
import { createFeed } from "./live/feed.js";
import { createAlertList } from "./views/alert-list.js";
import { createDetail } from "./views/detail.js";
import { createDeviceTable } from "./views/device-table.js";
import { createResolveDialog } from "./views/resolve-dialog.js";
import { createTotals } from "./views/totals.js";

const TICK_MS = 1000;
const MAY_RESOLVE = new Set(["operator", "admin"]);

/**
 * Built once; `open` and `close` with every session.
 *
 * @param {object} options
 * @param {import("./lib/supabase.js").SupabaseClient} options.client
 * @param {import("./lib/config.js").Config} options.config
 * @param {import("./types.js").Clock} options.clock
 * @param {import("./lib/time.js").InstantFormat} options.instants
 * @param {ReturnType<typeof import("./views/status.js").createStatus>} options.status
 * @param {ReturnType<typeof import("./views/banner.js").createBanner>} options.banner
 */
export function createDashboard({ client, config, clock, instants, status, banner }) {
  const section = byId("dashboard", HTMLElement);
  const quantities = createQuantityFormat(undefined);
  const totals = createTotals({ quantities });
  const dialog = createResolveDialog({ onConfirm: resolve, fallback: byId("alerts-title", HTMLElement) });
  const alertList = createAlertList({ instants, onResolve: dialog.open, onSelect: select });
  const table = createDeviceTable({ quantities, instants, onSelect: select });
  const detail = createDetail({
    loadSeries: (deviceId, from) => loadSeries(client, deviceId, from),
    loadStatistics: (deviceId, from, to) => loadStatistics(client, deviceId, from, to),
    clock,
    quantities,
    instants,
  });

  /** @type {ReturnType<typeof openSession> | null} */
  let session = null;

  /** @param {import("./types.js").Profile} profile */
  function openSession(profile) {
    const feed = createFeed({
      client,
      clock,
      load: () => loadFleet(client),
      onlineWindowS: config.online_window_s,
      on: {
        change: draw,
        reading: detail.append,
        alert: (alert) => news.push(alert),
        state: (state) => state !== "closed" && status.show(state),
        gap: detail.invalidate,
        reload: (failure) => {
          if (failure !== null) return banner.show(restWords(failure));
          banner.hide();
          void detail.refresh();
        },
      },
    });
    const { fleet } = feed;
    /** @type {import("./types.js").Alert[]} alerts opened since the last frame */
    let news = [];
    /** @type {unknown} */
    let tick = null;
    let drawing = 0;

    /** Draws with the next frame, however many events come before it. */
    function draw() {
      if (drawing === 0) drawing = globalThis.requestAnimationFrame(() => render(clock.now()));
    }

    /** @param {number} now */
    function render(now) {
      drawing = 0;
      const alerts = fleet.alerts();
      const views = viewDevices(
        { devices: fleet.devices(), readings: fleet.readings(), alerts },
        now,
        config.online_window_s,
      );
      const wanted = selectedId();
      const chosen = views.find((view) => view.device.device_id === wanted) ?? views[0] ?? null;
      const known = fleet.isLoaded();
      totals.show(known ? totalsOf(views, alerts) : null);
      table.show(views, known, now, chosen?.device.device_id ?? null);
      alertList.show(sortAlerts(alerts), known, nameOf, MAY_RESOLVE.has(profile.role), now);
      detail.show(chosen, now);
      if (news.length > 0) status.announce(newsText(news));
      news = [];
    }

    /** @param {string} deviceId */
    const nameOf = (deviceId) => fleet.device(deviceId)?.device_name || deviceId;

    function onTick() {
      tick = clock.setTimeout(onTick, TICK_MS);
      draw();
    }

    /** The network came back, or the page was looked at again after a while. */
    function wake() {
      if (document.visibilityState === "hidden") return;
      feed.retry();
    }

    section.hidden = false;
    status.show("connecting");
    globalThis.addEventListener("online", wake);
    globalThis.addEventListener("offline", feed.look);
    document.addEventListener("visibilitychange", wake);
    feed.open();
    onTick();

    return {
      fleet,
      draw,
      retry: wake,
      /** Leaves the channels and forgets every value. */
      async close() {
        globalThis.removeEventListener("online", wake);
        globalThis.removeEventListener("offline", feed.look);
        document.removeEventListener("visibilitychange", wake);
        clock.clearTimeout(tick);
        globalThis.cancelAnimationFrame(drawing);
        drawing = -1;
        await feed.close();
        await client.removeAllChannels();
      },
    };
  }

  /** The device in the address, so that a link to a device can be kept. */
  function selectedId() {
    try {
      return decodeURIComponent(globalThis.location.hash.slice(1));
    } catch {
      return "";
    }
  }

  /** @param {string} deviceId */
  function select(deviceId) {
    globalThis.history.replaceState(null, "", `#${encodeURIComponent(deviceId)}`);
    session?.draw();
    detail.reveal();
  }

  /**
   * @param {import("./types.js").Alert} alert
   * @param {string} note
   * @returns {Promise<string | null>} null, or what went wrong in words
   */
  async function resolve(alert, note) {
    const current = session;
    try {
      if (!(await resolveAlert(client, alert.id, note))) {
        return "The alert was not changed: it is gone, or you are not allowed to resolve it.";
      }
    } catch (error) {
      return restWords(error);
    }
    current?.fleet.applyAlert({ eventType: "UPDATE", new: { ...alert, is_resolved: true }, old: {} });
    current?.draw();
    status.announce("Alert resolved");
    return null;
  }

  return {
    /** @param {import("./types.js").Profile} profile */
    open(profile) {
      session ??= openSession(profile);
    },
    async close() {
      const ending = session;
      session = null;
      section.hidden = true;
      status.show("off");
      dialog.close();
      totals.show(null);
      table.show([], false, clock.now(), null);
      alertList.show([], false, String, false, clock.now());
      detail.show(null, clock.now());
      status.announce("");
      banner.hide();
      await ending?.close();
    },
    retry: () => session?.retry(),
  };
}
