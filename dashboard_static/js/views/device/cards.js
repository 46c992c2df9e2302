// @ts-check
/** The device in values: the latest reading, what the device is, numbers and quality of the window. */
import { loadCard } from "../../data/device.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { labelOf, NO_VALUE, numberOrNull, QUANTITIES } from "../../lib/quantity.js";
import { address } from "../../lib/routes.js";
import { ageText, durationText, parseInstant } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { createFacts } from "../parts/facts.js";
import { VIEWS } from "../registry.js";

/** @typedef {import("../../lib/fleet-view.js").DeviceView} DeviceView */
/** @typedef {import("../../lib/quantity.js").Quantity} Quantity */
/** @typedef {[label: string, value: string][]} Facts */

/**
 * @param {import("../../types.js").Context} context
 * @param {import("../../lib/time.js").InstantFormat} instants
 */
export function createLatest({ quantities }, instants) {
  const facts = createFacts("latest");

  /** @param {DeviceView} shown @param {number} now @returns {Facts} */
  function told({ reading, measuredAt, stale }, now) {
    if (reading === undefined) return [[labelOf("flow_rate"), t("value.noReading")]];
    /** @type {Facts} */
    const list = [];
    for (const quantity of /** @type {Quantity[]} */ (Object.keys(QUANTITIES))) {
      if (quantity === "flow_rate" || numberOrNull(reading[quantity]) !== null) {
        list.push([labelOf(quantity), quantities.withUnit(reading[quantity], quantity)]);
      }
    }
    const words = { time: instants.brief(measuredAt, now), age: ageText(measuredAt, now) };
    list.push([t("device.measured"), t(stale ? "device.measuredStale" : "device.measuredAt", words)]);
    if (reading.quality === "suspect") list.push([t("device.quality"), t("device.suspect")]);
    return list;
  }

  return {
    node: facts.node,
    /** @param {DeviceView} view @param {number} now [ms] */
    show: (view, now) => facts.show(told(view, now)),
  };
}

/**
 * Site, gateway, profile and the rest of what seldom changes; read once, and again after `refresh`.
 *
 * @param {import("../../types.js").Context} context
 * @param {string} deviceId
 * @param {import("../../lib/time.js").InstantFormat} instants
 */
export function createAbout({ client, profile, quantities }, deviceId, instants) {
  const facts = createFacts("about");
  const mayFollow = VIEWS.some(({ id, roles }) => id === "rules" && roles.includes(profile.role));
  const rules = h(mayFollow ? "a" : "span", {
    href: mayFollow && address(["rules"], { device: deviceId }),
    hidden: true,
  });
  const alerts = h("a", { href: address(["alerts"], { device: deviceId }) });
  const node = h(
    "section",
    { class: "card", "aria-labelledby": "about-title" },
    h("h2", { id: "about-title" }, t("device.about")),
    facts.node,
    h("p", { class: "links" }, alerts, rules),
  );
  /** @type {Awaited<ReturnType<typeof loadCard>> | null} */
  let card = null;
  let disposed = false;

  return {
    node,
    /** @throws {import("../../lib/errors.js").RestError} */
    async refresh() {
      const read = await loadCard(client, deviceId);
      if (!disposed) card = read;
    },
    /** @param {DeviceView} view @param {number} now [ms] */
    show({ device, contact, contactAt, alerts: open }, now) {
      const { expected_interval_s: interval, location, site, status } = device;
      const seen = Number.isNaN(contactAt)
        ? t("device.neverSeen")
        : `${instants.brief(contactAt, now)}, ${ageText(contactAt, now)}`;
      /** @type {Facts} */
      const list = [
        [t("device.contact"), t(`device.contact.${contact}`)],
        [t("device.lastSeen"), seen],
        [t("device.interval"), interval ? durationText(interval * 1000) : NO_VALUE],
        [t("device.site"), site ?? NO_VALUE],
        [t("device.location"), location ?? NO_VALUE],
        [t("device.gateway"), card?.gateway || NO_VALUE],
        [t("device.type"), card?.type || NO_VALUE],
        [t("device.profile"), card?.profile || NO_VALUE],
      ];
      if (status && status !== "active") list.push([t("device.status"), statusWord(status)]);
      facts.show(list.filter(([, value]) => value !== NO_VALUE));
      setText(alerts, t("device.alertsOpen", { count: open, number: quantities.count(open) }));
      rules.hidden = card === null;
      if (card)
        setText(rules, t("device.rules", { count: card.rules, number: quantities.count(card.rules) }));
    },
    dispose: () => {
      disposed = true;
    },
  };
}

/** @param {string} status */
function statusWord(status) {
  if (status === "inactive") return t("device.status.inactive");
  if (status === "maintenance") return t("device.status.maintenance");
  return status === "error" ? t("device.status.error") : status;
}

/**
 * @param {import("../../types.js").Context} context
 * @param {import("../../lib/time.js").InstantFormat} instants
 */
export function createNumbers({ quantities, locale }, instants) {
  const flow = createFacts("statistics");
  const quality = createFacts("quality");
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const node = h(
    "section",
    { class: "card", "aria-labelledby": "statistics-title" },
    h("h2", { id: "statistics-title" }, t("device.statistics")),
    flow.node,
    h("h3", {}, t("device.dataQuality")),
    quality.node,
  );

  /** @param {unknown} value */
  const count = (value) => {
    const number = numberOrNull(value);
    return number === null ? NO_VALUE : quantities.count(number);
  };

  /** @param {unknown} seconds */
  const duration = (seconds) => {
    const number = numberOrNull(seconds);
    return number === null ? NO_VALUE : durationText(number * 1000);
  };

  /** @param {import("../../data/device.js").Quality} more @returns {Facts} */
  function further(more) {
    const gap = parseInstant(more.longest_gap_starts_at);
    const words = {
      duration: duration(more.longest_gap_s),
      time: Number.isNaN(gap) ? "" : instants.full(gap),
    };
    return [
      [t("device.suspectOnes"), count(more.suspect_points)],
      [t("device.longestGap"), words.time ? t("device.gapFrom", words) : words.duration],
      [t("device.lag"), duration(more.median_lag_s)],
      [t("device.longestLag"), duration(more.longest_lag_s)],
      // Flags are the database's own names.
      ...Object.entries(more.flags ?? {}).map(
        ([flag, times]) => /** @type {Facts[number]} */ ([flag, count(times)]),
      ),
    ];
  }

  return {
    node,
    /**
     * @param {import("../../data/device.js").Statistics | null} numbers  null: not known
     * @param {import("../../data/device.js").Quality | null} [more]  null: not told of such a window
     */
    show(numbers, more = null) {
      setAttribute(node, "aria-busy", numbers ? null : "true");
      flow.show([
        [t("device.flowAverage"), quantities.withUnit(numbers?.avg_flow_rate, "flow_rate")],
        [t("device.flowLowest"), quantities.withUnit(numbers?.min_flow_rate, "flow_rate")],
        [t("device.flowHighest"), quantities.withUnit(numbers?.max_flow_rate, "flow_rate")],
        [t("device.volume"), quantities.withUnit(numbers?.total_volume, "totalizer")],
        [t("device.resets"), count(numbers?.resets)],
        [t("device.rollovers"), count(numbers?.rollovers)],
      ]);
      const due = numberOrNull(numbers?.expected_points);
      const came = numberOrNull(numbers?.received_points);
      const whole = due && came !== null ? percent.format(Math.min(1, came / due)) : NO_VALUE;
      quality.show([
        [t("device.complete"), whole],
        [t("device.due"), count(due)],
        [t("device.came"), count(came)],
        [t("device.badOnes"), count(numbers?.bad_points)],
        ...(more ? further(more) : []),
      ]);
    },
  };
}
