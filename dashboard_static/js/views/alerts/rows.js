// @ts-check
/** A list of alerts, one row each, updated in place. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { address } from "../../lib/routes.js";
import { ageText, parseInstant } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { subjectOf, typeText, writtenInstant } from "./words.js";

/** @typedef {import("../../types.js").Alert} Alert */
/** @typedef {import("../../data/alerts.js").Deed} Deed */

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {(id: string) => string} options.link  the address of an alert's details
 * @param {(id: string | null | undefined) => string} options.nameOf  what a person is called
 * @param {() => HTMLElement} options.fallback  takes the focus when the last row goes
 * @param {((deed: Deed, alert: Alert) => void) | null} options.onDeed  null: this person may not, or not here
 * @param {(id: string, selected: boolean) => void} [options.onSelect]
 */
export function createRows({ context, link, nameOf, fallback, onDeed, onSelect }) {
  const list = h("ul", { class: "alert-rows" });
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();

  /** @param {string} id */
  function createRow(id) {
    const box = h("input", { type: "checkbox", onchange: () => onSelect?.(id, box.checked) });
    const severity = h("span", { class: "pill" });
    const type = h("span", { class: "alert-type" });
    const device = h("a", { class: "alert-device" });
    const subject = h("span", { class: "alert-time" });
    const time = h("time", { class: "alert-time" });
    const state = h("span", { class: "alert-time" });
    const message = h("a", { class: "alert-link" });
    const acknowledge = h("button", { type: "button" }, t("alerts.acknowledge"));
    const resolve = h("button", { type: "button" }, t("alerts.resolve"));
    const node = h(
      "li",
      { class: "alert" },
      onSelect && h("label", { class: "alert-select" }, box),
      h(
        "div",
        { class: "alert-text" },
        h("p", { class: "alert-head" }, severity, type, device, subject, time, state),
        h("p", { class: "alert-message" }, message),
      ),
      onDeed && h("div", { class: "alert-deeds" }, acknowledge, resolve),
    );
    const row = { node, box, severity, type, device, subject, time, state, message, acknowledge, resolve };
    /** @type {Alert | null} */
    let shown = null;
    acknowledge.addEventListener("click", () => shown && onDeed?.("acknowledge", shown));
    resolve.addEventListener("click", () => shown && onDeed?.("resolve", shown));
    /** @param {Alert} alert */
    function keep(alert) {
      shown = alert;
    }
    return { ...row, keep };
  }

  /**
   * @param {Alert[]} alerts  in the order to show
   * @param {number} now [ms]
   * @param {Set<string>} [selected]
   */
  function show(alerts, now, selected = new Set()) {
    const present = new Set(alerts.map(({ id }) => id));
    for (const [id, { node }] of rows) {
      if (present.has(id)) continue;
      const focused = node.contains(document.activeElement);
      const neighbour = node.nextElementSibling ?? node.previousElementSibling;
      node.remove();
      rows.delete(id);
      /** @type {HTMLElement | null | undefined} */
      const next = neighbour?.querySelector(".alert-link");
      if (focused) (next ?? fallback()).focus();
    }
    alerts.forEach((alert, index) => {
      const row = rows.get(alert.id) ?? createRow(alert.id);
      rows.set(alert.id, row);
      if (list.children[index] !== row.node) list.insertBefore(row.node, list.children[index] ?? null);
      fill(row, alert, now);
      row.box.checked = selected.has(alert.id);
    });
    list.hidden = alerts.length === 0;
  }

  /** @param {ReturnType<typeof createRow>} row @param {Alert} alert @param {number} now */
  function fill(row, alert, now) {
    row.keep(alert);
    const { device_id: id, message } = alert;
    const device = id === null ? undefined : context.fleet.device(id);
    const created = parseInstant(alert.created_at);
    setAttribute(row.node, "data-tone", alert.severity);
    setText(row.severity, t(`severity.${alert.severity}`));
    setAttribute(row.severity, "data-tone", alert.severity);
    setText(row.type, typeText(alert.alert_type));
    setText(row.device, device?.device_name || id || "");
    setAttribute(row.device, "href", id === null ? null : address(["devices", id]));
    row.device.hidden = id === null;
    setText(row.subject, subjectOf(alert));
    row.subject.hidden = id !== null;
    setText(row.time, `${writtenInstant(context, device, alert.created_at, now)} · ${ageText(created, now)}`);
    setAttribute(row.time, "datetime", Number.isNaN(created) ? null : new Date(created).toISOString());
    setText(row.state, stateText(alert));
    row.state.hidden = row.state.textContent === "";
    setText(row.message, message);
    setAttribute(row.message, "href", link(alert.id));
    const acknowledged = alert.acknowledged_at !== null;
    if (acknowledged && document.activeElement === row.acknowledge) row.resolve.focus();
    row.acknowledge.hidden = acknowledged;
    setAttribute(row.acknowledge, "aria-label", t("alerts.acknowledgeThis", { message }));
    setAttribute(row.resolve, "aria-label", t("alerts.resolveThis", { message }));
    setAttribute(row.box, "aria-label", t("alerts.select", { message }));
  }

  /** @param {Alert} alert */
  function stateText({ is_resolved, resolved_by, acknowledged_at, acknowledged_by }) {
    if (is_resolved) {
      return resolved_by ? t("alerts.resolvedBy", { name: nameOf(resolved_by) }) : t("alerts.resolvedAlone");
    }
    return acknowledged_at === null ? "" : t("alerts.acknowledgedBy", { name: nameOf(acknowledged_by) });
  }

  return { node: list, show };
}
