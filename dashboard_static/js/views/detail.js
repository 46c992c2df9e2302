// @ts-check
/** One device: latest values, chart, statistics of the window, table twin. */
import { byId, el, setAttribute, setText } from "../lib/dom.js";
import { restWords } from "../lib/errors.js";
import { NO_VALUE, numberOrNull, QUANTITIES } from "../lib/quantity.js";
import { toColumns, toIntervals } from "../lib/series.js";
import { ageText } from "../lib/time.js";
import { WINDOWS } from "../lib/windows.js";
import { createHistory } from "../live/history.js";
import { createChart } from "./chart.js";
import { createFacts } from "./facts.js";
import { createIntervalTable } from "./interval-table.js";

/** @typedef {import("../lib/fleet-view.js").DeviceView} DeviceView */
/** @typedef {import("../lib/quantity.js").Quantity} Quantity */
/** @typedef {import("../data/queries.js").Statistics} Statistics */

/** The chart moves on when its window moved by this part of itself, about one pixel. */
const STEP = 1 / 1000;

/**
 * @param {object} options
 * @param {Parameters<typeof createHistory>[0]["load"]} options.loadSeries
 * @param {(deviceId: string, from: number, to: number) => Promise<Statistics | null>} options.loadStatistics
 * @param {import("../types.js").Clock} options.clock
 * @param {import("../lib/quantity.js").QuantityFormat} options.quantities
 * @param {import("../lib/time.js").InstantFormat} options.instants
 */
export function createDetail({ loadSeries, loadStatistics, clock, quantities, instants }) {
  const section = byId("detail", HTMLElement);
  const title = byId("detail-title", HTMLElement);
  const subtitle = byId("detail-subtitle", HTMLElement);
  const note = byId("chart-note", HTMLElement);
  const latest = createFacts(byId("latest", HTMLElement));
  const statistics = createFacts(byId("statistics", HTMLElement));
  const intervals = createIntervalTable({ quantities, instants });
  const history = createHistory({ load: loadSeries, clock });
  const place = byId("chart", HTMLElement);
  /** @type {Promise<Awaited<ReturnType<typeof createChart>>> | null} */
  let chart = null;
  let timeWindow = WINDOWS[0];
  /** @type {DeviceView | null} */
  let view = null;
  let drawnAt = 0;
  let problem = "";

  const buttons = WINDOWS.map((each) => {
    const button = el(
      "button",
      { type: "button", "aria-label": each.name, "aria-pressed": "false" },
      each.label,
    );
    button.addEventListener("click", () => chooseWindow(each));
    return button;
  });
  byId("windows", HTMLElement).append(...buttons);
  intervals.onOpen(draw);
  markWindow();

  function markWindow() {
    WINDOWS.forEach((each, i) => {
      setAttribute(buttons[i], "aria-pressed", String(each === timeWindow));
    });
  }

  /** @param {(typeof WINDOWS)[number]} next */
  function chooseWindow(next) {
    timeWindow = next;
    markWindow();
    if (view !== null) choose(view.device.device_id);
  }

  /** @param {string} deviceId */
  function choose(deviceId) {
    history.choose(deviceId, timeWindow.ms);
    statistics.show(statisticsFacts(null));
    problem = "";
    draw();
    void refresh();
  }

  async function refresh() {
    if (view === null) return;
    const deviceId = view.device.device_id;
    const chosen = timeWindow;
    const to = clock.now();
    try {
      const [current, numbers] = await Promise.all([
        history.refresh(),
        loadStatistics(deviceId, to - chosen.ms, to),
      ]);
      if (view?.device.device_id !== deviceId || chosen !== timeWindow) return;
      statistics.show(statisticsFacts(numbers));
      if (current) problem = "";
    } catch (error) {
      if (view?.device.device_id !== deviceId || chosen !== timeWindow) return;
      problem = `The history could not be read. ${restWords(error)}`;
    }
    draw();
  }

  function draw() {
    const now = clock.now();
    drawnAt = now;
    const span = { from: now - timeWindow.ms, to: now };
    const points = history.points();
    const columns = toColumns(points, view?.device.expected_interval_s ?? null);
    chart ??= createChart(place, { quantities, instants });
    chart.then(
      (ready) => {
        if (view !== null) ready.show(columns, span);
      },
      () => setText(note, "The chart could not be loaded. The table below has its values."),
    );
    setText(note, problem || noteText(points));
    if (!intervals.isOpen()) return;
    const { stepMs, name } = timeWindow;
    const caption = `${name}, flow in ${QUANTITIES.flow_rate.unit}, in steps of ${stepMs / 60_000} min`;
    intervals.show(toIntervals(points, span.from, span.to, stepMs), caption, now);
  }

  /** @param {import("../types.js").Point[]} points */
  function noteText(points) {
    if (!history.isLoaded()) return "Reading the history…";
    if (points.every((point) => point.v === null))
      return `No reading in the ${timeWindow.name.toLowerCase()}.`;
    if (!history.isComplete())
      return `Only the newest readings are shown, from ${instants.full(points[0].t)} on.`;
    return "";
  }

  /** @param {Statistics | null} numbers @returns {[string, string][]} */
  function statisticsFacts(numbers) {
    const volume = numberOrNull(numbers?.total_volume);
    const count = numberOrNull(numbers?.data_points);
    return [
      ["Average", quantities.withUnit(numbers?.avg_flow_rate, "flow_rate")],
      ["Lowest", quantities.withUnit(numbers?.min_flow_rate, "flow_rate")],
      ["Highest", quantities.withUnit(numbers?.max_flow_rate, "flow_rate")],
      ["Volume", quantities.withUnit(volume, "totalizer")],
      ["Readings", count === null ? NO_VALUE : quantities.count(count)],
    ];
  }

  /** @param {DeviceView} shown @param {number} now @returns {[string, string][]} */
  function latestFacts({ reading, measuredAt, stale }, now) {
    if (reading === undefined) return [["Flow", "no reading"]];
    /** @type {[string, string][]} */
    const facts = [];
    for (const [key, { label }] of Object.entries(QUANTITIES)) {
      const quantity = /** @type {Quantity} */ (key);
      if (key === "flow_rate" || numberOrNull(reading[quantity]) !== null) {
        facts.push([label, quantities.withUnit(reading[quantity], quantity)]);
      }
    }
    facts.push([
      "Measured",
      `${instants.brief(measuredAt, now)}, ${ageText(measuredAt, now)}${stale ? " (stale)" : ""}`,
    ]);
    if (reading.quality === "suspect") facts.push(["Quality", "suspect"]);
    return facts;
  }

  return {
    /**
     * Shows this device; null shows none and forgets everything.
     *
     * @param {DeviceView | null} next
     * @param {number} now [ms]
     */
    show(next, now) {
      const changed = next?.device.device_id !== view?.device.device_id;
      view = next;
      section.hidden = next === null;
      if (next === null) {
        history.choose("", timeWindow.ms);
        for (const node of [title, subtitle, note]) setText(node, "");
        for (const facts of [latest, statistics]) facts.show([]);
        intervals.clear();
        void chart?.then(
          (ready) => ready.dispose(),
          () => undefined,
        );
        chart = null;
        return;
      }
      setText(title, `Flow of ${next.name}`);
      setText(subtitle, [next.device.device_id, next.device.location].filter(Boolean).join(" · "));
      setAttribute(section, "data-stale", next.stale ? "" : null);
      latest.show(latestFacts(next, now));
      if (changed) choose(next.device.device_id);
      else if (now - drawnAt > timeWindow.ms * STEP) draw();
    },
    refresh,
    invalidate: history.invalidate,
    /** A live reading of any device. @param {import("../types.js").Reading} reading */
    append(reading) {
      if (history.append(reading)) draw();
    },
    reveal() {
      const calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)").matches;
      section.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    },
  };
}

/** @typedef {ReturnType<typeof createDetail>} Detail */
