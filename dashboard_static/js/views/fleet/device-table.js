// @ts-check
/** The table of devices. Rows are kept and only what changed is written. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { labelOf, NO_VALUE, numberOrNull } from "../../lib/quantity.js";
import { address } from "../../lib/routes.js";
import { ageText } from "../../lib/time.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../lib/fleet-view.js").DeviceView} DeviceView */
/** @typedef {import("../../lib/quantity.js").Quantity} Quantity */

/** @type {Quantity[]} */
const VALUES = ["flow_rate", "totalizer", "level", "velocity"];
/** Columns that are hidden while no device has such a value. */
const OPTIONAL = new Set(["level", "velocity"]);

/** States that are worth a word; an active device has none. @type {Record<string, import("../../lib/translate.js").Key>} */
const STATUS_KEYS = {
  inactive: "status.inactive",
  maintenance: "status.maintenance",
  error: "status.error",
};

/**
 * @param {object} options
 * @param {import("../../lib/quantity.js").QuantityFormat} options.quantities
 * @param {import("../../types.js").Context["instantsOf"]} options.instantsOf
 * @param {string} options.label  id of its heading
 */
export function createDeviceTable({ quantities, instantsOf, label }) {
  const body = h("tbody", { role: "rowgroup" });
  // The roles are named because the narrow layout gives rows another display, which may cost them theirs.
  const table = h("table", { id: "devices", role: "table", "aria-labelledby": label });
  const empty = h("p", { class: "empty", hidden: true }, t("fleet.empty"));
  const calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();

  const headings = [
    t("fleet.device"),
    t("fleet.state"),
    ...VALUES.map(labelOf),
    t("fleet.measured"),
    t("fleet.lastSeen"),
  ];
  const keys = ["device", "state", ...VALUES, "measured", "seen"];
  table.append(
    h(
      "thead",
      { role: "rowgroup" },
      h(
        "tr",
        { role: "row" },
        ...headings.map((text, i) =>
          h("th", { scope: "col", role: "columnheader", "data-column": keys[i] }, text),
        ),
      ),
    ),
    body,
  );

  /** @param {string} deviceId */
  function createRow(deviceId) {
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
    /** @param {string} key @param {string} label @param {...(Node | string)} children */
    const cell = (key, label, ...children) =>
      h("td", { role: "cell", "data-column": key, "data-label": label }, ...children);
    const values = VALUES.map((key) => {
      const value = cell(key, labelOf(key));
      value.classList.add("value");
      return { key, cell: value, text: "" };
    });
    const age = h("time", {});
    const stale = h("span", { class: "pill", "data-tone": "warning", hidden: true }, t("fleet.stale"));
    const seen = h("time", {});
    const row = h(
      "tr",
      { role: "row", "data-device": deviceId },
      h("th", { scope: "row", role: "rowheader" }, link),
      cell("state", t("fleet.state"), contact, " ", status, " ", alerts),
      ...values.map((value) => value.cell),
      cell("measured", t("fleet.measured"), age, " ", stale),
      cell("seen", t("fleet.lastSeen"), seen),
    );
    return { row, name, contact, status, alerts, values, age, stale, seen };
  }

  /**
   * @param {DeviceView[]} views
   * @param {boolean} known  false: not read yet, so none is not "none"
   * @param {number} now [ms]
   */
  function show(views, known, now) {
    empty.hidden = !known || views.length > 0;
    table.hidden = views.length === 0;
    const present = new Set(views.map((view) => view.device.device_id));
    for (const [id, { row }] of rows) {
      if (present.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
    views.forEach((view, index) => {
      const id = view.device.device_id;
      const row = rows.get(id) ?? createRow(id);
      rows.set(id, row);
      if (body.children[index] !== row.row) body.insertBefore(row.row, body.children[index] ?? null);
      fill(row, view, now);
    });
    for (const key of OPTIONAL) {
      const used = views.some((view) => numberOrNull(view.reading?.[/** @type {Quantity} */ (key)]) !== null);
      setAttribute(table, `data-no-${key}`, used ? null : "");
    }
  }

  /**
   * @param {ReturnType<typeof createRow>} row
   * @param {DeviceView} view
   * @param {number} now
   */
  function fill(row, view, now) {
    setText(row.name, view.name);
    setAttribute(row.row, "data-stale", view.stale ? "" : null);
    setText(row.contact, t(`contact.${view.contact}`));
    setAttribute(row.contact, "data-tone", view.contact);
    const status = STATUS_KEYS[view.device.status ?? ""];
    row.status.hidden = status === undefined;
    setText(row.status, status === undefined ? "" : t(status));
    row.alerts.hidden = view.worst === null;
    setText(row.alerts, alertWords(view));
    setAttribute(row.alerts, "data-tone", view.worst);
    for (const value of row.values) {
      const text = view.reading
        ? quantities.withUnit(view.reading[value.key], value.key)
        : emptyText(value.key);
      if (setText(value.cell, text) && value.text !== "" && value.key === "flow_rate" && !calm.matches) {
        value.cell.animate([{ backgroundColor: "var(--flash)" }, { backgroundColor: "transparent" }], 900);
      }
      value.text = text;
    }
    const instants = instantsOf(view.device.time_zone);
    fillTime(row.age, view.measuredAt, now, instants);
    row.stale.hidden = !view.stale;
    fillTime(row.seen, view.contactAt, now, instants);
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
    setAttribute(node, "datetime", known ? new Date(instant).toISOString() : null);
    setAttribute(node, "title", known ? `${instants.full(instant)} ${instants.zoneName(instant)}` : null);
  }

  return { table, empty, show };
}

/** @param {Quantity} key */
const emptyText = (key) => (key === "flow_rate" ? t("value.noReading") : NO_VALUE);

/** @param {DeviceView} view */
function alertWords({ alerts, worst }) {
  return worst === null ? "" : t(`fleet.alerts.${worst}`, { count: alerts });
}
