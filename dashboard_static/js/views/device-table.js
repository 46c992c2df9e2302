// @ts-check
/** The table of devices. Rows are kept and only what changed is written. */
import { byId, el, setAttribute, setText } from "../lib/dom.js";
import { NO_VALUE, numberOrNull, QUANTITIES } from "../lib/quantity.js";
import { ageText } from "../lib/time.js";

/** @typedef {import("../lib/fleet-view.js").DeviceView} DeviceView */
/** @typedef {import("../lib/quantity.js").Quantity} Quantity */

/** @type {Quantity[]} */
const VALUES = ["flow_rate", "totalizer", "level", "velocity"];
/** Columns that are hidden while no device has such a value. */
const OPTIONAL = new Set(["level", "velocity"]);

const CONTACT_WORDS = { online: "Online", offline: "Offline", never: "Never seen" };
/** @type {Record<string, string>} */
const STATUS_WORDS = { inactive: "Inactive", maintenance: "Maintenance", error: "Device error" };

/**
 * @param {object} options
 * @param {import("../lib/quantity.js").QuantityFormat} options.quantities
 * @param {import("../lib/time.js").InstantFormat} options.instants
 * @param {(deviceId: string) => void} options.onSelect
 */
export function createDeviceTable({ quantities, instants, onSelect }) {
  const table = byId("devices", HTMLTableElement);
  const empty = byId("devices-empty", HTMLElement);
  const body = el("tbody", { role: "rowgroup" });
  const calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();

  const headings = [
    "Device",
    "State",
    ...VALUES.map((key) => QUANTITIES[key].label),
    "Measured",
    "Last seen",
  ];
  const keys = ["device", "state", ...VALUES, "measured", "seen"];
  // The roles are named because the narrow layout gives rows another display, which may cost them theirs.
  setAttribute(table, "role", "table");
  table.append(
    el(
      "thead",
      { role: "rowgroup" },
      el(
        "tr",
        { role: "row" },
        ...headings.map((text, i) =>
          el("th", { scope: "col", role: "columnheader", "data-column": keys[i] }, text),
        ),
      ),
    ),
    body,
  );

  /** @param {string} deviceId */
  function createRow(deviceId) {
    const name = el("span", { class: "device-name" });
    const button = el(
      "button",
      { type: "button", class: "device-button", "aria-pressed": "false" },
      name,
      " ",
    );
    button.append(el("span", { class: "device-id" }, deviceId));
    button.addEventListener("click", () => onSelect(deviceId));
    const contact = el("span", { class: "pill" });
    const status = el("span", { class: "pill", hidden: true });
    const alerts = el("span", { class: "pill", hidden: true });
    /** @param {string} key @param {string} label @param {...(Node | string)} children */
    const cell = (key, label, ...children) =>
      el("td", { role: "cell", "data-column": key, "data-label": label }, ...children);
    const values = VALUES.map((key) => {
      const value = cell(key, QUANTITIES[key].label);
      value.classList.add("value");
      return { key, cell: value, text: "" };
    });
    const age = el("time", {});
    const stale = el("span", { class: "pill", "data-tone": "warning", hidden: true }, "Stale");
    const seen = el("time", {});
    const row = el(
      "tr",
      { role: "row", "data-device": deviceId },
      el("th", { scope: "row", role: "rowheader" }, button),
      cell("state", "State", contact, " ", status, " ", alerts),
      ...values.map((value) => value.cell),
      cell("measured", "Measured", age, " ", stale),
      cell("seen", "Last seen", seen),
    );
    return { row, name, button, contact, status, alerts, values, age, stale, seen };
  }

  /**
   * @param {DeviceView[]} views
   * @param {boolean} known  false: not read yet, so none is not "none"
   * @param {number} now [ms]
   * @param {string | null} selected  device_id
   */
  function show(views, known, now, selected) {
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
      fill(row, view, now, id === selected);
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
   * @param {boolean} selected
   */
  function fill(row, view, now, selected) {
    setText(row.name, view.name);
    setAttribute(row.button, "aria-pressed", String(selected));
    setAttribute(row.row, "data-selected", selected ? "" : null);
    setAttribute(row.row, "data-stale", view.stale ? "" : null);
    setText(row.contact, CONTACT_WORDS[view.contact]);
    setAttribute(row.contact, "data-tone", view.contact);
    const status = STATUS_WORDS[view.device.status ?? ""];
    row.status.hidden = status === undefined;
    setText(row.status, status ?? "");
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
    fillTime(row.age, view.measuredAt, now);
    row.stale.hidden = !view.stale;
    fillTime(row.seen, view.contactAt, now);
  }

  /** @param {HTMLElement} node @param {number} instant @param {number} now */
  function fillTime(node, instant, now) {
    setText(node, ageText(instant, now));
    const known = !Number.isNaN(instant);
    setAttribute(node, "datetime", known ? new Date(instant).toISOString() : null);
    setAttribute(node, "title", known ? instants.full(instant) : null);
  }

  return { show };
}

/** @param {Quantity} key */
const emptyText = (key) => (key === "flow_rate" ? "no reading" : NO_VALUE);

/** @param {DeviceView} view */
function alertWords({ alerts, worst }) {
  if (worst === null) return "";
  const word = `${worst[0].toUpperCase()}${worst.slice(1)}`;
  return alerts === 1 ? `${word} alert` : `${alerts} alerts, worst ${worst}`;
}
