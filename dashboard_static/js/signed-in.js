// @ts-check
/** One person's session: the live fleet, the tick of the clock, and the view that is shown. */
import { loadFleet } from "./data/queries.js";
import { probeApi } from "./data/readiness.js";
import { createDesktop } from "./lib/desktop.js";
import { byId } from "./lib/dom.js";
import { newsText } from "./lib/fleet-view.js";
import { outageWords } from "./lib/outages.js";
import { createQuantityFormat } from "./lib/quantity.js";
import { createSound } from "./lib/sound.js";
import { createZones } from "./lib/time.js";
import { t } from "./lib/translate.js";
import { createAlarm } from "./live/alarm.js";
import { createFeed } from "./live/feed.js";
import { createOutageWatch } from "./live/outage-watch.js";
import { createViewHost } from "./view-host.js";
import { VIEWS } from "./views/registry.js";

const TICK_MS = 1000;

/** @typedef {import("./types.js").FeedListener} FeedListener */

/**
 * What lives as long as the page.
 *
 * @typedef {Pick<import("./types.js").Context, "client" | "api" | "config" | "clock" | "locale" | "preferences" | "account">}
 *   Services
 */

/**
 * Opens at once; `close` ends everything.
 *
 * @param {Services} services
 * @param {import("./shell.js").Shell} shell
 * @param {import("./types.js").Profile} profile
 */
export function openSession(services, shell, profile) {
  const { client, config, clock, locale, preferences } = services;
  const { status, banner } = shell;
  const instantsOf = createZones(locale, profile.time_zone);
  /** @type {Set<FeedListener>} */
  const listeners = new Set();
  /** @type {import("./types.js").Alert[]} opened since the last frame */
  let news = [];
  /** @type {ReturnType<import("./types.js").FeedState["state"]>} */
  let state = "connecting";
  /** @type {unknown} */
  let tick = null;
  let drawing = 0;
  let closed = false;
  /** [ms] when the values shown were read; NaN: never */
  let loadedAt = Number.NaN;

  const outages = createOutageWatch({
    probe: () => probeApi(config.api_url),
    isOnline: () => globalThis.navigator.onLine,
    clock,
    onChange: (signs) => {
      const at = Number.isNaN(loadedAt) ? "" : instantsOf(null).brief(loadedAt, clock.now());
      const words = outageWords(signs, at);
      if (words === "") banner.hide();
      else banner.show(words);
    },
  });

  const alarm = createAlarm({ clock, preferences, sound: createSound(), desktop: createDesktop() });
  const feed = createFeed({
    client,
    clock,
    load: () => loadFleet(client),
    onlineWindowS: config.online_window_s,
    on: {
      change() {
        // Not with the frame: a hidden page draws none.
        if (feed.fleet.isLoaded()) alarm.look(feed.fleet.alerts());
        draw();
      },
      reading: (reading) => tell((listener) => listener.reading?.(reading)),
      alert: (alert) => {
        news.push(alert);
        tell((listener) => listener.alert?.(alert));
      },
      state: (next) => {
        state = next;
        if (next === "closed") return;
        status.show(next);
        outages.linked(next);
        draw();
      },
      gap: () => tell((listener) => listener.gap?.()),
      reload: (failure) => {
        if (failure === null) loadedAt = clock.now();
        outages.reloaded(failure);
        tell((listener) => listener.reload?.(failure));
      },
    },
  });

  const host = createViewHost({
    root: byId("view", HTMLElement),
    views: VIEWS,
    shell,
    context: {
      ...services,
      profile,
      fleet: feed.fleet,
      feed: { state: () => state, subscribe, look: feed.look, retry: feed.retry },
      quantities: createQuantityFormat(locale),
      instants: instantsOf(null),
      instantsOf,
      t,
      announce: status.announce,
      navigate: (to, options) => host.navigate(to, options),
      setTitle: shell.setTitle,
      redraw: draw,
      alarm,
    },
  });

  /** @param {FeedListener} listener */
  function subscribe(listener) {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** @param {(listener: FeedListener) => void} say */
  function tell(say) {
    for (const listener of [...listeners]) say(listener);
  }

  /** Draws with the next frame, however many events come before it. */
  function draw() {
    if (closed || drawing !== 0) return;
    drawing = globalThis.requestAnimationFrame(() => {
      drawing = 0;
      const now = clock.now();
      shell.showZone(t("time.zone", { zone: instantsOf(null).zoneName(now) }));
      if (news.length > 0) status.announce(newsText(news));
      news = [];
      host.update(now);
    });
  }

  function onTick() {
    tick = clock.setTimeout(onTick, TICK_MS);
    draw();
  }

  /** The network came back, or the page was looked at again after a while. */
  function wake() {
    if (document.visibilityState === "hidden") return;
    feed.retry();
    outages.ask();
  }

  /** Sound is allowed from the first click or key on. */
  function touched() {
    if (preferences.get("alertSound") !== undefined) void alarm.sound.unlock();
  }

  status.show("connecting");
  document.addEventListener("pointerup", touched);
  document.addEventListener("keydown", touched);
  globalThis.addEventListener("online", wake);
  globalThis.addEventListener("offline", feed.look);
  document.addEventListener("visibilitychange", wake);
  feed.open();
  host.open();
  onTick();

  return {
    retry: wake,
    /** Leaves the channels and forgets every value. */
    async close() {
      closed = true;
      alarm.close();
      document.removeEventListener("pointerup", touched);
      document.removeEventListener("keydown", touched);
      globalThis.removeEventListener("online", wake);
      globalThis.removeEventListener("offline", feed.look);
      document.removeEventListener("visibilitychange", wake);
      clock.clearTimeout(tick);
      globalThis.cancelAnimationFrame(drawing);
      host.close();
      listeners.clear();
      outages.dispose();
      status.show("off");
      status.announce("");
      banner.hide();
      await feed.close();
      await client.removeAllChannels();
    },
  };
}
