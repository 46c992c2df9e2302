// @ts-check
/**
 * The table of devices. However many there are, only the rows in sight are in the document, each at its place,
 * with its number told to those who cannot see it; the row with the focus stays wherever it is scrolled.
 */
import { h, setAttribute } from "../../lib/dom.js";
import { rowsInSight, rowTops } from "../../lib/fleet-list.js";
import { labelOf, numberOrNull } from "../../lib/quantity.js";
import { t } from "../../lib/translate.js";
import { createDeviceRow, createSiteRow } from "./device-row.js";

/** @typedef {import("../../lib/fleet-list.js").Item} Item */
/** @typedef {import("../../lib/fleet-list.js").SortKey} SortKey */
/** @typedef {import("../../lib/fleet-list.js").Choice} Choice */

/** Rows drawn beyond each end of what is in sight. */
const BEYOND = 8;
/** Columns that are hidden while no device has such a value. @type {readonly ("level" | "velocity")[]} */
const OPTIONAL = ["level", "velocity"];

/** @type {[string, () => string, SortKey | null][]} */
const COLUMNS = [
  ["device", () => t("fleet.device"), "name"],
  ["state", () => t("fleet.state"), "state"],
  ["flow_rate", () => labelOf("flow_rate"), "flow"],
  ["trend", () => t("fleet.trend"), null],
  ["today", () => t("fleet.today"), "today"],
  ["totalizer", () => labelOf("totalizer"), null],
  ["level", () => labelOf("level"), null],
  ["velocity", () => labelOf("velocity"), null],
  ["measured", () => t("fleet.measured"), null],
  ["seen", () => t("fleet.lastSeen"), "seen"],
];

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {import("./trends.js").Trends} options.trends
 * @param {string} options.label  id of its heading
 * @param {(sort: SortKey) => void} options.onSort
 * @param {() => void} options.onEmpty  the row with the focus is gone, and so is every other
 */
export function createDeviceTable({ context, trends, label, onSort, onEmpty }) {
  const { quantities, instantsOf, clock } = context;
  const calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
  const body = h("tbody", { role: "rowgroup", onkeydown: onKey });
  const headings = COLUMNS.map(([key, text, sort]) =>
    h(
      "th",
      { scope: "col", role: "columnheader", "data-column": key },
      sort === null
        ? text()
        : h("button", { type: "button", class: "sort", onclick: () => onSort(sort) }, text()),
    ),
  );
  const head = h("thead", { role: "rowgroup" }, h("tr", { role: "row", "aria-rowindex": 1 }, ...headings));
  // The roles are named because the rows have another display, which may cost them theirs.
  const table = h(
    "table",
    { id: "devices", role: "table", "aria-labelledby": label, "aria-describedby": "devices-keys" },
    head,
    body,
  );
  const frame = h("div", { class: "table-frame", onscroll: draw }, table);
  const node = h("div", {}, h("p", { id: "devices-keys", class: "visually-hidden" }, t("fleet.keys")), frame);
  /** @type {Map<string, import("./device-row.js").Row>} by the item's id */
  const rows = new Map();
  /** @type {Item[]} */
  let items = [];
  let measured = { items, device: 0, site: 0 };
  /** [px] where each row begins, and where the list ends. */
  let tops = [0];

  globalThis.addEventListener("scroll", draw, { passive: true });
  globalThis.addEventListener("resize", draw, { passive: true });

  /** Measures anew: rows are higher where they are cards. */
  function measure() {
    const style = globalThis.getComputedStyle(body);
    const device = Number.parseFloat(style.getPropertyValue("--row")) || 58;
    const site = Number.parseFloat(style.getPropertyValue("--site")) || 44;
    if (measured.items === items && measured.device === device && measured.site === site) return;
    measured = { items, device, site };
    tops = rowTops(items, { device, site });
    body.style.height = `${tops[items.length]}px`;
  }

  /** Puts the rows in sight where they belong, in the order of the list. */
  function draw() {
    measure();
    const now = clock.now();
    const place = body.getBoundingClientRect();
    const sight = frame.getBoundingClientRect();
    const from = Math.max(sight.top, 0) - place.top;
    const to = Math.min(sight.bottom, globalThis.innerHeight) - place.top;
    const { first, end } = rowsInSight(tops, from, to, BEYOND);
    const wanted = items.slice(first, end).map((item, i) => ({ item, index: first + i }));
    const focused = withFocus();
    const at = focused === null ? -1 : items.findIndex(({ id }) => id === focused.id);
    if (at >= 0 && at < first) wanted.unshift({ item: items[at], index: at });
    if (at >= end) wanted.push({ item: items[at], index: at });
    const present = new Set(wanted.map(({ item }) => item.id));
    for (const [id, row] of rows) {
      if (present.has(id)) continue;
      row.node.remove();
      rows.delete(id);
    }
    let before = body.firstElementChild;
    for (const { item, index } of wanted) {
      const row = rows.get(item.id) ?? makeRow(item);
      if (row.node === before) before = before.nextElementSibling;
      else body.insertBefore(row.node, before);
      const top = `translateY(${tops[index]}px)`;
      if (row.node.style.transform !== top) row.node.style.transform = top;
      setAttribute(row.node, "aria-rowindex", String(index + 2));
      row.fill(item, now);
    }
    if (focused === null) return;
    if (at < 0) focusNear(Math.min(focused.index, items.length - 1), -1);
    // Moving a row takes the focus from it.
    else if (document.activeElement !== focused.link) focused.link.focus({ preventScroll: true });
  }

  /** The row whose link has the focus. */
  function withFocus() {
    for (const [id, { link, node }] of rows) {
      if (link !== null && link === document.activeElement) {
        return { id, link, index: Number(node.getAttribute("aria-rowindex")) - 2 };
      }
    }
    return null;
  }

  /** @param {Item} item @returns {import("./device-row.js").Row} */
  function makeRow(item) {
    const row =
      item.kind === "site"
        ? createSiteRow()
        : createDeviceRow(item.id, { quantities, instantsOf, trends, calm });
    rows.set(item.id, row);
    return row;
  }

  /** Arrows, Page, Home and End lead from device to device. @param {KeyboardEvent} event */
  function onKey(event) {
    const from = items.findIndex(({ id }) => rows.get(id)?.link === event.target);
    if (from < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(
      1,
      Math.floor(Math.min(frame.clientHeight, globalThis.innerHeight) / measured.device) - 2,
    );
    /** @type {Record<string, number>} */
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -from,
      End: items.length - 1 - from,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    focusNear(Math.min(Math.max(from + step, 0), items.length - 1), step < 0 ? -1 : 1);
  }

  /** @param {number} index @param {1 | -1} direction  where to look on when it is a site's row */
  function focusNear(index, direction) {
    let target = index;
    while (items[target]?.kind === "site") target += direction;
    if (items[target] === undefined) target = items.findIndex(({ kind }) => kind === "device");
    if (target < 0) {
      onEmpty();
      return;
    }
    const upper = tops[target];
    if (frame.scrollHeight > frame.clientHeight) {
      const lowest = tops[target + 1] + head.offsetHeight - frame.clientHeight;
      frame.scrollTop = Math.max(Math.min(frame.scrollTop, upper), lowest);
    } else {
      globalThis.scrollBy(0, body.getBoundingClientRect().top + upper - globalThis.innerHeight / 2);
    }
    draw();
    rows.get(items[target].id)?.link?.focus();
  }

  return {
    node,
    /** Ids of the devices whose rows are drawn. */
    inSight: () => [...rows.entries()].flatMap(([id, { link }]) => (link === null ? [] : [id])),
    /**
     * @param {Item[]} next
     * @param {Choice} choice
     */
    show(next, choice) {
      items = next;
      table.hidden = items.length === 0;
      setAttribute(table, "aria-rowcount", String(items.length + 1));
      COLUMNS.forEach(([, , sort], i) => {
        // The usual direction of names is from A, of all others from the greatest.
        const up = (sort === "name") !== choice.reversed;
        setAttribute(headings[i], "aria-sort", sort !== choice.sort ? null : up ? "ascending" : "descending");
      });
      for (const key of OPTIONAL) {
        const used = items.some(
          (item) => item.kind === "device" && numberOrNull(item.view.reading?.[key]) !== null,
        );
        setAttribute(table, `data-no-${key}`, used ? null : "");
      }
      draw();
    },
    /** Another choice is read from its beginning. */
    toTop() {
      frame.scrollTop = 0;
    },
    dispose() {
      globalThis.removeEventListener("scroll", draw);
      globalThis.removeEventListener("resize", draw);
    },
  };
}
