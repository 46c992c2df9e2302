// @ts-check
/** One row of the table: a device, or the site above its devices. Only what changed is written. */

import { h, setAttribute, setText } from "../../lib/dom.js";
import { stateOf } from "../../lib/fleet-list.js";
import { labelOf, NO_VALUE } from "../../lib/quantity.js";
import { address } from "../../lib/routes.js";
import { sparkPath, sparkRange } from "../../lib/spark.js";
import { ageText } from "../../lib/time.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../lib/fleet-view.js").DeviceView} DeviceView */
/** @typedef {import("../../lib/quantity.js").Quantity} Quantity */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 84;
const HEIGHT = 22;

/** Columns of quantities that are shown as read. @type {Quantity[]} */
const VALUES = ["flow_rate", "totalizer", "level", "velocity"];

/** States that are worth a word; an active device has none. @type {Record<string, import("../../lib/translate.js").Key>} */
const STATUS_KEYS = {
  inactive: "status.inactive",
  maintenance: "status.maintenance",
  error: "status.error",
};

/** @type {Record<ReturnType<typeof stateOf>, string>} */
const TONES = { online: "online", late: "warning", offline: "offline", never: "never" };

/** @typedef {{key: Quantity, text: string, cell: HTMLElement}} Value */
/** @typedef {import("../../lib/fleet-list.js").Item} Item */

/**
 * @typedef {object} Row
 * @property {HTMLTableRowElement} node
 * @property {HTMLAnchorElement | null} link  null: nothing to go to
 * @property {(item: Item, now: number) => void} fill  now [ms]
 */

/**
 * @param {string} deviceId
 * @param {object} options
 * @param {import("../../lib/quantity.js").QuantityFormat} options.quantities
 * @param {import("../../types.js").Context["instantsOf"]} options.instantsOf
 * @param {import("./trends.js").Trends} options.trends
 * @param {MediaQueryList} options.calm  whether motion is unwanted
 * @returns {Row}
 */
export function createDeviceRow(deviceId, { quantities, instantsOf, trends, calm }) {
  const name = h("span", { class: "device-name" });
  const link = h(
    "a",
    { class: "device-link", href: address(["devices", deviceId]) },
    name,
    " ",
    h("span", { class: "device-id" }, deviceId),
  );
  const contact = h("span", { class: "pill" });
  const status = h("span", { class: "pill", hidden: true });
  const alerts = h("span", { class: "pill", hidden: true });
  /** @param {string} key @param {string} label @param {...Node} children */
  const cell = (key, label, ...children) =>
    h("td", { role: "cell", "data-column": key, "data-label": label }, ...children);
  /** @type {Value[]} */
  const values = VALUES.map((key) => ({ key, text: "", cell: cell(key, labelOf(key)) }));
  for (const { cell } of values) cell.classList.add("value");
  const [flow, ...others] = values;
  const line = document.createElementNS(SVG, "path");
  const drawing = document.createElementNS(SVG, "svg");
  for (const [attribute, value] of Object.entries({
    width: WIDTH,
    height: HEIGHT,
    viewBox: `-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`,
  })) {
    drawing.setAttribute(attribute, String(value));
  }
  drawing.setAttribute("aria-hidden", "true");
  drawing.append(line);
  const range = h("span", { class: "visually-hidden" });
  const today = cell("today", t("fleet.today"));
  today.classList.add("value");
  const age = h("time", {});
  const stale = h("span", { class: "pill", "data-tone": "warning", hidden: true }, t("fleet.stale"));
  const seen = h("time", {});
  const node = h(
    "tr",
    { role: "row", "data-device": deviceId },
    h("th", { scope: "row", role: "rowheader", "data-column": "device" }, link),
    cell("state", t("fleet.state"), contact, status, alerts),
    flow.cell,
    cell("trend", t("fleet.trend"), drawing, range),
    today,
    ...others.map((value) => value.cell),
    cell("measured", t("fleet.measured"), age, stale),
    cell("seen", t("fleet.lastSeen"), seen),
  );
  /** Null: nothing yet. @type {readonly (number | null)[] | undefined | null} */
  let drawn = null;

  /** @param {Item} item @param {number} now [ms] */
  function fill(item, now) {
    if (item.kind !== "device") return;
    const { view } = item;
    setText(name, view.name);
    setAttribute(link, "title", view.name);
    setAttribute(node, "data-stale", view.stale ? "" : null);
    const state = stateOf(view);
    setText(contact, t(`contact.${state}`));
    setAttribute(contact, "data-tone", TONES[state]);
    const key = STATUS_KEYS[view.device.status ?? ""];
    status.hidden = key === undefined;
    setText(status, key === undefined ? "" : t(key));
    alerts.hidden = view.worst === null;
    setText(alerts, view.worst === null ? "" : t(`fleet.alerts.${view.worst}`, { count: view.alerts }));
    setAttribute(alerts, "data-tone", view.worst);
    for (const value of values) fillValue(value, view);
    fillTrend();
    fillToday(now);
    const instants = instantsOf(view.device.time_zone);
    fillTime(age, view.measuredAt, now, instants);
    stale.hidden = !view.stale;
    fillTime(seen, view.contactAt, now, instants);
  }

  /** @param {Value} value @param {DeviceView} view */
  function fillValue(value, { reading }) {
    const none = value.key === "flow_rate" ? t("value.noReading") : NO_VALUE;
    const text = reading ? quantities.withUnit(reading[value.key], value.key) : none;
    if (setText(value.cell, text) && value.text !== "" && value.key === "flow_rate" && !calm.matches) {
      value.cell.animate([{ backgroundColor: "var(--flash)" }, { backgroundColor: "transparent" }], 900);
    }
    value.text = text;
  }

  function fillTrend() {
    const values = trends.line(deviceId);
    if (values === drawn) return;
    drawn = values;
    line.setAttribute("d", values === undefined ? "" : sparkPath(values, WIDTH, HEIGHT));
    const ends = sparkRange(values ?? []);
    drawing.toggleAttribute("hidden", ends === null);
    range.classList.toggle("visually-hidden", ends !== null);
    setText(
      range,
      ends === null
        ? values === undefined
          ? "…"
          : NO_VALUE
        : t("fleet.trendOf", {
            low: quantities.withUnit(ends.low, "flow_rate"),
            high: quantities.withUnit(ends.high, "flow_rate"),
          }),
    );
  }

  /** @param {number} now */
  function fillToday(now) {
    const volume = trends.volume(deviceId, now);
    setText(today, volume === undefined ? "…" : quantities.withUnit(volume.value, "totalizer"));
    setAttribute(today, "data-old", volume?.old ? "" : null);
  }

  return { node, link, fill };
}

/**
 * @param {HTMLElement} node
 * @param {number} instant
 * @param {number} now
 * @param {import("../../lib/time.js").InstantFormat} instants
 */
function fillTime(node, instant, now, instants) {
  setText(node, ageText(instant, now));
  const known = !Number.isNaN(instant);
  const iso = known ? new Date(instant).toISOString() : null;
  if (node.getAttribute("datetime") === iso && node.title !== "") return;
  setAttribute(node, "datetime", iso);
  setAttribute(node, "title", known ? `${instants.full(instant)} ${instants.zoneName(instant)}` : null);
}

/** The row above a site's devices. @returns {Row} */
export function createSiteRow() {
  const name = h("th", { scope: "rowgroup", role: "rowheader", "data-column": "site" });
  const node = h("tr", { role: "row", class: "site-row" }, name);
  return {
    node,
    link: null,
    fill(item) {
      if (item.kind !== "site") return;
      setText(name, t("fleet.site", { name: item.name ?? t("fleet.noSite"), count: item.count }));
    },
  };
}
