// @ts-check
/**
 * Sound and desktop notifications of alerts that open while the page is open, as the person chose.
 *
 * It looks at the open alerts and not at events, so that one that opened while the connection was lost counts, and
 * what was open at first does not.
 */
import { newsText, severityRank, sortAlerts } from "../lib/fleet-view.js";
import { address } from "../lib/routes.js";

/** @typedef {import("../types.js").Alert} Alert */
/** @typedef {"alertSound" | "alertDesktop"} Way  a preference: `{critical: true, warning: true}` */

/** [ms] in which alerts are one burst: one sound, one notification. */
const BURST_MS = 5000;

/**
 * @param {object} options
 * @param {import("../types.js").Clock} options.clock
 * @param {Pick<import("../lib/preferences.js").Preferences, "get" | "set">} options.preferences
 * @param {import("../lib/sound.js").Sound} options.sound
 * @param {import("../lib/desktop.js").Desktop} options.desktop
 */
export function createAlarm({ clock, preferences, sound, desktop }) {
  /** @type {Set<string> | null} null: nothing was seen yet */
  let known = null;
  let rungAt = Number.NEGATIVE_INFINITY;
  let rungRank = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  /** @type {Alert[]} of the burst */
  let told = [];

  /** @param {Way} way @returns {Record<string, unknown>} */
  function choice(way) {
    const chosen = preferences.get(way);
    return chosen !== null && typeof chosen === "object" ? { ...chosen } : {};
  }

  /** @param {Way} way @param {Alert["severity"]} severity */
  const wants = (way, severity) => choice(way)[severity] === true;

  /** @param {Alert[]} fresh  worst first */
  function ring(fresh) {
    if (fresh.length === 0) return;
    const now = clock.now();
    const rank = severityRank(fresh[0].severity);
    const sameBurst = now - rungAt < BURST_MS;
    // Something worse is heard, also within a burst.
    if (sameBurst && rank <= rungRank) return;
    rungAt = now;
    rungRank = rank;
    sound.play(fresh[0].severity);
  }

  /** @param {Alert[]} fresh */
  function tell(fresh) {
    if (fresh.length === 0) return;
    const now = clock.now();
    if (now - toldAt >= BURST_MS) told = [];
    toldAt = now;
    told.push(...fresh);
    desktop.show(newsText(told), address(told.length === 1 ? ["alerts", told[0].id] : ["alerts"]));
  }

  return {
    sound,
    desktop,
    wants,

    /** @param {Way} way @param {Alert["severity"]} severity @param {boolean} wanted */
    choose(way, severity, wanted) {
      preferences.set(way, { ...choice(way), [severity]: wanted });
    },

    /** @param {Alert[]} open  all that are open, once that is known */
    look(open) {
      const before = known;
      known = new Set(open.map(({ id }) => id));
      if (before === null) return;
      const fresh = sortAlerts(open.filter(({ id }) => !before.has(id)));
      ring(fresh.filter(({ severity }) => wants("alertSound", severity)));
      tell(fresh.filter(({ severity }) => wants("alertDesktop", severity)));
    },

    close() {
      sound.close();
      desktop.close();
    },
  };
}

/** @typedef {ReturnType<typeof createAlarm>} Alarm */
