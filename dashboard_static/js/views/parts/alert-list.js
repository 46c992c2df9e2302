// @ts-check
/** The open alerts. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { address } from "../../lib/routes.js";
import { parseInstant } from "../../lib/time.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../types.js").Alert} Alert */

/** Most alerts that are written out; the rest is counted. */
const MOST = 100;

const MAY_RESOLVE = new Set(["operator", "admin"]);

/**
 * The section of the open alerts, with its heading.
 *
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {(alert: Alert) => void} options.onResolve
 * @param {() => number} [options.most]  how many are written out
 * @param {Node | null} [options.link]  below them
 */
export function createAlertList({ context, onResolve, most = () => MOST, link = null }) {
  const { fleet, instants: home, instantsOf } = context;
  const mayResolve = MAY_RESOLVE.has(context.profile.role);
  const title = h("h2", { id: "alerts-title", tabindex: -1 }, t("alerts.open"));
  const list = h("ul", { id: "alerts", hidden: true });
  const empty = h("p", { class: "empty", hidden: true }, t("alerts.empty"));
  const more = h("p", { class: "empty", hidden: true });
  const node = h(
    "section",
    { class: "card alerts", "aria-labelledby": "alerts-title" },
    title,
    list,
    empty,
    more,
    link,
  );
  /** @type {Map<string, ReturnType<typeof createItem>>} */
  const items = new Map();

  /** @param {Alert} alert */
  function createItem(alert) {
    const severity = h("span", { class: "pill" });
    const message = h("p", { class: "alert-message" });
    const device = h("a", { class: "alert-device" });
    const time = h("time", { class: "alert-time" });
    const acknowledged = h("span", { class: "alert-time", hidden: true }, t("alerts.acknowledged"));
    const resolve = h("button", { type: "button", hidden: !mayResolve }, t("alerts.resolve"));
    const node = h(
      "li",
      { class: "alert" },
      h(
        "div",
        { class: "alert-text" },
        h("p", { class: "alert-head" }, severity, " ", device, " ", time, " ", acknowledged),
        message,
      ),
      resolve,
    );
    const item = { node, severity, message, device, time, acknowledged, resolve, alert };
    resolve.addEventListener("click", () => onResolve(item.alert));
    return item;
  }

  /**
   * @param {Alert[]} alerts  in the order to show
   * @param {number} now [ms]
   */
  function show(alerts, now) {
    const limit = most();
    const shown = alerts.slice(0, limit);
    const present = new Set(shown.map((alert) => alert.id));
    for (const [id, { node }] of items) {
      if (present.has(id)) continue;
      if (node.contains(document.activeElement)) title.focus();
      node.remove();
      items.delete(id);
    }
    shown.forEach((alert, index) => {
      const item = items.get(alert.id) ?? createItem(alert);
      items.set(alert.id, item);
      if (list.children[index] !== item.node) list.insertBefore(item.node, list.children[index] ?? null);
      fill(item, alert, now);
    });
    empty.hidden = !fleet.isLoaded() || alerts.length > 0;
    list.hidden = alerts.length === 0;
    more.hidden = alerts.length <= limit;
    setText(more, more.hidden ? "" : t("alerts.more", { count: alerts.length - limit }));
  }

  /**
   * @param {ReturnType<typeof createItem>} item
   * @param {Alert} alert
   * @param {number} now
   */
  function fill(item, alert, now) {
    item.alert = alert;
    const { device_id: id } = alert;
    const device = id === null ? undefined : fleet.device(id);
    const instants = instantsOf(device?.time_zone);
    const created = parseInstant(alert.created_at);
    setAttribute(item.node, "data-tone", alert.severity);
    setText(item.severity, t(`severity.${alert.severity}`));
    setAttribute(item.severity, "data-tone", alert.severity);
    setText(item.device, device?.device_name || id || "");
    setAttribute(item.device, "href", id === null ? null : address(["devices", id]));
    item.device.hidden = id === null;
    setText(item.message, alert.message);
    setText(item.time, Number.isNaN(created) ? "" : written(instants, created, now));
    setAttribute(item.time, "title", Number.isNaN(created) ? null : instants.zoneName(created));
    setAttribute(item.time, "datetime", Number.isNaN(created) ? null : new Date(created).toISOString());
    item.acknowledged.hidden = alert.acknowledged_at === null;
    setAttribute(item.resolve, "aria-label", t("alerts.resolveThis", { message: alert.message }));
  }

  /**
   * The zone stands beside a time that is not in the organization's.
   *
   * @param {import("../../lib/time.js").InstantFormat} instants
   * @param {number} instant
   * @param {number} now
   */
  function written(instants, instant, now) {
    const text = instants.brief(instant, now);
    return instants.timeZone === home.timeZone ? text : `${text} ${instants.zoneShort(instant)}`;
  }

  return { node, title, show };
}
