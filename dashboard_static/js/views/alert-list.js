// @ts-check
/** The open alerts. */
import { byId, el, setAttribute, setText } from "../lib/dom.js";
import { parseInstant } from "../lib/time.js";

/** @typedef {import("../types.js").Alert} Alert */

/** Most alerts that are written out; the rest is counted. */
const SHOWN = 100;

/** @type {Record<string, string>} */
const SEVERITY_WORDS = { critical: "Critical", warning: "Warning", info: "Info" };

/**
 * @param {object} options
 * @param {import("../lib/time.js").InstantFormat} options.instants
 * @param {(alert: Alert) => void} options.onResolve
 * @param {(deviceId: string) => void} options.onSelect
 */
export function createAlertList({ instants, onResolve, onSelect }) {
  const list = byId("alerts", HTMLElement);
  const title = byId("alerts-title", HTMLElement);
  const empty = byId("alerts-empty", HTMLElement);
  const more = byId("alerts-more", HTMLElement);
  /** @type {Map<string, ReturnType<typeof createItem>>} */
  const items = new Map();

  /** @param {Alert} alert */
  function createItem(alert) {
    const severity = el("span", { class: "pill" });
    const message = el("p", { class: "alert-message" });
    const device = el("button", { type: "button", class: "link" });
    const time = el("time", { class: "alert-time" });
    const acknowledged = el("span", { class: "alert-time", hidden: true }, "acknowledged");
    const resolve = el("button", { type: "button" }, "Resolve");
    const node = el(
      "li",
      { class: "alert" },
      el(
        "div",
        { class: "alert-text" },
        el("p", { class: "alert-head" }, severity, " ", device, " ", time, " ", acknowledged),
        message,
      ),
      resolve,
    );
    const item = { node, severity, message, device, time, acknowledged, resolve, alert };
    resolve.addEventListener("click", () => onResolve(item.alert));
    device.addEventListener("click", () => item.alert.device_id !== null && onSelect(item.alert.device_id));
    return item;
  }

  /**
   * @param {Alert[]} alerts  in the order to show
   * @param {boolean} known  false: not read yet, so none is not "none"
   * @param {(deviceId: string) => string} nameOf
   * @param {boolean} mayResolve
   * @param {number} now [ms]
   */
  function show(alerts, known, nameOf, mayResolve, now) {
    const shown = alerts.slice(0, SHOWN);
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
      fill(item, alert, nameOf, mayResolve, now);
    });
    empty.hidden = !known || alerts.length > 0;
    list.hidden = alerts.length === 0;
    more.hidden = alerts.length <= SHOWN;
    setText(more, more.hidden ? "" : `and ${alerts.length - SHOWN} more`);
  }

  /**
   * @param {ReturnType<typeof createItem>} item
   * @param {Alert} alert
   * @param {(deviceId: string) => string} nameOf
   * @param {boolean} mayResolve
   * @param {number} now
   */
  function fill(item, alert, nameOf, mayResolve, now) {
    item.alert = alert;
    const name = alert.device_id === null ? "" : nameOf(alert.device_id);
    const created = parseInstant(alert.created_at);
    setAttribute(item.node, "data-tone", alert.severity);
    setText(item.severity, SEVERITY_WORDS[alert.severity] ?? alert.severity);
    setAttribute(item.severity, "data-tone", alert.severity);
    setText(item.device, name);
    item.device.hidden = name === "";
    setText(item.message, alert.message);
    setText(item.time, Number.isNaN(created) ? "" : instants.brief(created, now));
    setAttribute(item.time, "datetime", Number.isNaN(created) ? null : new Date(created).toISOString());
    item.acknowledged.hidden = alert.acknowledged_at === null;
    item.resolve.hidden = !mayResolve;
    setAttribute(item.resolve, "aria-label", `Resolve: ${alert.message}`);
  }

  return { show };
}
