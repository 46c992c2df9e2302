// @ts-check
/** The chart's figure: keyboard, what the cursor is on in words, and what went wrong. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";
import { createTickLabels } from "../../lib/zone.js";
import { createChart } from "./chart.js";
import { toColumns } from "./columns.js";
import { nameOf } from "./toolbar.js";

/** @typedef {import("./columns.js").Row} Row */
/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./span.js").Shown} Shown */

/** How far a key moves the cursor, in values. @type {Record<string, number>} */
const MOVES = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** @type {Record<string, 1 | -1>} */
const ZOOMS = { "+": 1, "=": 1, "-": -1, "−": -1, _: -1 };

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {import("../../lib/time.js").InstantFormat} options.instants
 * @param {(from: number, to: number) => void} options.onSelect [ms]
 * @param {(direction: 1 | -1, at: number | null) => void} options.onZoom  around an instant [ms]
 * @param {(direction: 1 | -1) => void} options.onShift
 */
export function createPlot({ context, instants, onSelect, onZoom, onShift }) {
  const { quantities, locale } = context;
  const ticks = createTickLabels(locale, instants.timeZone);
  const hint = h("p", { id: "chart-keys", class: "visually-hidden" }, t("device.keys"));
  const readout = h("p", { id: "readout", class: "readout" });
  const place = h("div", {
    id: "chart",
    role: "slider",
    tabindex: 0,
    "aria-describedby": "chart-keys",
    "aria-orientation": "horizontal",
    "aria-valuemin": 0,
    onkeydown: onKey,
    // Not for a press of the mouse, which has a cursor of its own.
    onfocus: () => place.matches(":focus-visible") && move(0),
  });
  const node = h("div", {}, readout, place, hint);
  /** @type {Promise<Awaited<ReturnType<typeof createChart>>> | null} */
  let chart = null;
  let disposed = false;
  /** @type {Row[]} */
  let rows = [];
  /** @type {import("./columns.js").Columns} */
  let columns = [[], [], [], []];
  /** Indices of the columns that hold a value. @type {number[]} */
  let valued = [];
  /** @type {Shown} */
  let shown = "flow_rate";
  /** [ms] where the keyboard's cursor is */
  let cursorAt = Number.NaN;

  /** The one of `valued` that is nearest to the cursor; its last without one. */
  function position() {
    if (Number.isNaN(cursorAt)) return valued.length - 1;
    const distance = (/** @type {number} */ i) => Math.abs(columns[0][valued[i]] * 1000 - cursorAt);
    let best = 0;
    for (let i = 1; i < valued.length; i += 1) if (distance(i) < distance(best)) best = i;
    return best;
  }

  /** Moves the cursor by so many values. @param {number} by */
  function move(by) {
    if (valued.length === 0) return;
    const next = Math.min(valued.length - 1, Math.max(0, position() + by));
    cursorAt = columns[0][valued[next]] * 1000;
    void chart?.then(
      (ready) => ready.point(valued[next]),
      () => undefined,
    );
    tell(next);
  }

  /** For those who do not see the chart. @param {number} index  of `valued` */
  function tell(index) {
    setAttribute(place, "aria-valuenow", String(Math.max(0, index)));
    setAttribute(place, "aria-valuetext", valued.length === 0 ? t("device.nothing") : words(valued[index]));
  }

  /** What stands at an index of the columns. @param {number} index */
  function words(index) {
    const at = columns[0][index] * 1000;
    const quantity = shown === "volume" ? "totalizer" : shown;
    // A second's fraction does not survive the chart whole.
    const row = rows.findLast(({ from, to }) => from - 0.5 <= at && at <= to + 0.5);
    if (row === undefined) return "";
    const time = row.to > row.from ? instants.range(row.from, row.to) : instants.full(row.from);
    const value = quantities.withUnit(row.mean, quantity);
    const zoned = `${time} ${instants.zoneShort(row.from)}`;
    if (row.min === null || row.max === null || row.min === row.max) {
      return t("device.point", { time: zoned, value });
    }
    const [min, max] = [quantities.number(row.min, quantity), quantities.withUnit(row.max, quantity)];
    return t("device.band", { time: zoned, value, min, max });
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = MOVES[event.key];
    const zoom = ZOOMS[event.key];
    if (by !== undefined) move(event.shiftKey ? by * 10 : by);
    else if (zoom !== undefined) onZoom(zoom, Number.isNaN(cursorAt) ? null : cursorAt);
    else if (event.key === "PageUp") onShift(-1);
    else if (event.key === "PageDown") onShift(1);
    else return;
    event.preventDefault();
  }

  /** @param {number | null} index */
  const onCursor = (index) => setText(readout, index === null ? "" : words(index));

  return {
    node,
    /**
     * @param {object} view
     * @param {Row[]} view.rows
     * @param {Shown} view.shown
     * @param {{from: number, to: number}} view.span [ms]
     * @param {number | null} view.expectedS [s]
     * @param {Mark[]} view.marks
     * @param {() => void} onFailed  the chart could not be loaded
     */
    show(view, onFailed) {
      ({ rows, shown } = view);
      columns = toColumns(rows, shown === "volume" ? null : view.expectedS, view.span);
      valued = columns[1].flatMap((value, index) => (value === null ? [] : [index]));
      setAttribute(place, "aria-label", t("device.chart", { quantity: nameOf(shown) }));
      setAttribute(place, "aria-valuemax", String(Math.max(0, valued.length - 1)));
      const index = position();
      tell(index);
      chart ??= createChart(place, { quantities, ticks, onSelect, onCursor });
      chart.then(
        (ready) => {
          if (disposed) return;
          ready.show(columns, view.span, shown === "volume", view.marks);
          if (document.activeElement === place && !Number.isNaN(cursorAt)) ready.point(valued[position()]);
        },
        () => {
          chart = null; // The next one tries again.
          if (!disposed) onFailed();
        },
      );
    },
    focus: () => place.focus(),
    /** The cursor goes to an instant, and the focus to the chart. @param {number} at [ms] */
    point(at) {
      cursorAt = at;
      place.focus();
      move(0);
      node.scrollIntoView({ block: "nearest" });
    },
    dispose() {
      disposed = true;
      void chart?.then(
        (ready) => ready.dispose(),
        () => undefined,
      );
    },
  };
}
