// @ts-check
/** The chart's table twin, and the readings of its window page by page. */
import { loadPage } from "../../data/device.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { labelOf, numberOrNull, QUANTITIES } from "../../lib/quantity.js";
import { parseInstant } from "../../lib/time.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../lib/quantity.js").Quantity} Quantity */
/** @typedef {import("../../lib/quantity.js").QuantityFormat} QuantityFormat */
/** @typedef {import("../../lib/time.js").InstantFormat} InstantFormat */

const PAGE = 50;

/** A table that can be scrolled sideways with the keyboard. @param {HTMLTableElement} table @param {string} label */
const framed = (table, label) =>
  h("div", { class: "table-frame tall", tabindex: 0, role: "group", "aria-label": label }, table);

/** @param {string[]} headings */
const head = (headings) =>
  h(
    "thead",
    {},
    h(
      "tr",
      {},
      headings.map((text) => h("th", { scope: "col" }, text)),
    ),
  );

/**
 * @param {object} options
 * @param {QuantityFormat} options.quantities
 * @param {InstantFormat} options.instants
 */
export function createChartTable({ quantities, instants }) {
  const caption = h("caption");
  const columns = h("thead");
  const body = h("tbody");
  const table = h("table", { id: "intervals" }, caption, columns, body);
  const node = h("details", {}, h("summary", {}, t("device.asTable")), framed(table, t("device.asTable")));

  return {
    node,
    /** Whether it is open; a closed one need not be filled. */
    isOpen: () => node.open,
    /** @param {() => void} callback */
    onOpen: (callback) => node.addEventListener("toggle", () => callback()),
    /**
     * @param {import("./columns.js").Row[]} rows  oldest first; shown newest first
     * @param {object} words
     * @param {Quantity} words.quantity
     * @param {string} words.value  what a value is
     * @param {boolean} words.banded  whether there is a lowest and a highest
     * @param {string} words.caption
     */
    show(rows, { quantity, value, banded, caption: text }) {
      const more = banded ? [t("device.lowest"), t("device.highest"), t("device.readings")] : [];
      columns.replaceChildren(...head([t("device.from"), value, ...more]).children);
      setText(caption, text);
      body.replaceChildren(
        ...rows.toReversed().map(({ from, mean, min, max, count }) => {
          const numbers = banded ? [mean, min, max] : [mean];
          return h(
            "tr",
            {},
            h("th", { scope: "row" }, instants.exact(from)),
            numbers.map((number) => h("td", {}, quantities.number(number, quantity))),
            banded && h("td", {}, quantities.count(count)),
          );
        }),
      );
    },
  };
}

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {string} options.deviceId
 * @param {InstantFormat} options.instants
 * @param {() => import("../../data/device.js").Window} options.bounds  what is shown
 */
export function createReadings({ context, deviceId, instants, bounds }) {
  const { client, quantities, announce } = context;
  const caption = h("caption");
  const columns = h("thead");
  const body = h("tbody");
  const note = h("p", { class: "empty", hidden: true });
  const newer = h("button", { type: "button", onclick: () => void go(-1) }, t("device.newerPage"));
  const older = h("button", { type: "button", onclick: () => void go(1) }, t("device.olderPage"));
  const retry = h("button", { type: "button", hidden: true, onclick: again }, t("action.retry"));
  const table = h("table", { id: "readings" }, caption, columns, body);
  const node = h(
    "details",
    {},
    h("summary", {}, t("device.allReadings")),
    framed(table, t("device.allReadings")),
    note,
    h("div", { class: "actions" }, retry, newer, older),
  );
  /** Stands still from the first page on. */
  let window = bounds();
  /** Where each page begins; the first has none. @type {(string | null)[]} */
  let starts = [null];
  let request = 0;
  let loaded = false;
  /** @type {string | null} */
  let next = null;
  /** The page that could not be read. @type {(string | null)[]} */
  let failed = [null];
  let busy = false;
  node.addEventListener("toggle", () => {
    if (node.open) void load([null], false);
  });
  controls();

  /** @param {1 | -1} direction */
  async function go(direction) {
    if (busy || (direction > 0 ? next === null : starts.length === 1)) return;
    await load(direction > 0 ? [...starts, next] : starts.slice(0, -1), true);
  }

  function again() {
    older.focus();
    void load(failed, true);
  }

  /** @param {(string | null)[]} wanted @param {boolean} said  whether to say what came */
  async function load(wanted, said) {
    request += 1;
    const mine = request;
    busy = true;
    if (wanted.length === 1) window = bounds();
    setAttribute(node, "aria-busy", "true");
    try {
      const rows = await loadPage(client, deviceId, window, wanted.at(-1) ?? null, PAGE + 1);
      if (mine !== request) return;
      loaded = true;
      retry.hidden = true;
      starts = wanted;
      next = rows.length > PAGE ? String(rows[PAGE - 1].created_at) : null;
      fill(rows.slice(0, PAGE));
      if (said) announce(caption.textContent ?? "");
    } catch (error) {
      if (mine !== request) return;
      failed = wanted;
      note.hidden = false;
      retry.hidden = false;
      setText(note, t("device.readingsFailed", { problem: failureWords(error) }));
      announce(note.textContent ?? "");
    }
    busy = false;
    setAttribute(node, "aria-busy", null);
    controls();
  }

  function controls() {
    setAttribute(newer, "aria-disabled", starts.length === 1 ? "true" : null);
    setAttribute(older, "aria-disabled", loaded && next === null ? "true" : null);
  }

  /** @param {Record<string, any>[]} rows */
  function fill(rows) {
    const all = /** @type {Quantity[]} */ (Object.keys(QUANTITIES));
    const shown = all.filter(
      (each) => each === "flow_rate" || rows.some((row) => numberOrNull(row[each]) !== null),
    );
    const names = shown.map((each) => `${labelOf(each)} (${QUANTITIES[each].unit})`);
    columns.replaceChildren(...head([t("device.time"), ...names, t("device.quality")]).children);
    note.hidden = rows.length > 0;
    setText(note, rows.length > 0 ? "" : t("device.noReadings"));
    const times = rows.map((row) => instants.exact(parseInstant(row.created_at)));
    const words = { page: starts.length, newest: times[0] ?? "", oldest: times.at(-1) ?? "" };
    setText(caption, rows.length > 0 ? t("device.page", words) : "");
    body.replaceChildren(
      ...rows.map((row, i) =>
        h(
          "tr",
          { "data-quality": row.quality },
          h("th", { scope: "row" }, times[i]),
          shown.map((each) => h("td", {}, quantities.number(row[each], each))),
          h("td", {}, [qualityWord(row.quality), ...(row.flags ?? [])].join(", ")),
        ),
      ),
    );
  }

  return {
    node,
    /** Another window is shown: its first page, when somebody looks. */
    restart() {
      loaded = false;
      next = null;
      starts = [null];
      if (node.open) void load([null], false);
      controls();
    },
    /** Ends what is under way. */
    dispose: () => {
      request += 1;
    },
  };
}

/** @param {unknown} quality */
function qualityWord(quality) {
  if (quality === "bad") return t("device.bad");
  return quality === "suspect" ? t("device.suspect") : t("device.good");
}
