// @ts-check
/** One device: latest values, chart, statistics of the window, table twin. */
import { loadSeries, loadStatistics } from "../../data/queries.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { labelOf, NO_VALUE, numberOrNull, QUANTITIES } from "../../lib/quantity.js";
import { toColumns, toIntervals } from "../../lib/series.js";
import { ageText } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { WINDOWS } from "../../lib/windows.js";
import { createHistory } from "../../live/history.js";
import { createFacts } from "../parts/facts.js";
import { createChart } from "./chart.js";
import { createIntervalTable } from "./interval-table.js";

/** @typedef {import("../../lib/fleet-view.js").DeviceView} DeviceView */
/** @typedef {import("../../lib/quantity.js").Quantity} Quantity */
/** @typedef {import("../../data/queries.js").Statistics} Statistics */

/** The chart moves on when its window moved by this part of itself, about one pixel. */
const STEP = 1 / 1000;

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {import("../../types.js").Device} options.device
 */
export function createDetail({ context, device }) {
  const { client, clock, quantities } = context;
  const { device_id: deviceId, expected_interval_s: expectedS } = device;
  const instants = context.instantsOf(device.time_zone);
  const subtitle = h("p", { class: "subtitle" });
  const zone = h("p", { class: "subtitle" });
  const note = h("figcaption", { class: "empty" });
  const place = h("div", { id: "chart" });
  const latest = createFacts("latest");
  const statistics = createFacts("statistics");
  const intervals = createIntervalTable({ quantities, instants });
  const history = createHistory({ load: (id, from) => loadSeries(client, id, from), clock });
  const buttons = WINDOWS.map((each) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": t(`window.${each.key}`),
        "aria-pressed": "false",
        onclick: () => choose(each),
      },
      each.label,
    ),
  );
  const node = h(
    "section",
    { class: "card detail" },
    h(
      "div",
      { class: "detail-head" },
      h("div", {}, subtitle, zone),
      h(
        "fieldset",
        { class: "windows" },
        h("legend", { class: "visually-hidden" }, t("device.window")),
        h("div", {}, buttons),
      ),
    ),
    h("h2", { class: "visually-hidden" }, t("device.latest")),
    latest.node,
    h("figure", { class: "chart" }, place, note),
    h("h2", {}, t("device.statistics")),
    statistics.node,
    intervals.node,
  );
  /** @type {Promise<Awaited<ReturnType<typeof createChart>>> | null} */
  let chart = null;
  let timeWindow = WINDOWS[0];
  let drawnAt = 0;
  let problem = "";
  let disposed = false;
  intervals.onOpen(draw);
  choose(timeWindow);

  /** @param {(typeof WINDOWS)[number]} next */
  function choose(next) {
    timeWindow = next;
    WINDOWS.forEach((each, i) => {
      setAttribute(buttons[i], "aria-pressed", String(each === timeWindow));
    });
    history.choose(deviceId, timeWindow.ms);
    statistics.show(statisticsFacts(null));
    problem = "";
    draw();
    void refresh();
  }

  async function refresh() {
    const chosen = timeWindow;
    const to = clock.now();
    try {
      const [current, numbers] = await Promise.all([
        history.refresh(),
        loadStatistics(client, deviceId, to - chosen.ms, to),
      ]);
      if (disposed || chosen !== timeWindow) return;
      statistics.show(statisticsFacts(numbers));
      if (current) problem = "";
    } catch (error) {
      if (disposed || chosen !== timeWindow) return;
      problem = t("device.historyFailed", { problem: failureWords(error) });
    }
    draw();
  }

  function draw() {
    if (disposed) return;
    const now = clock.now();
    drawnAt = now;
    const span = { from: now - timeWindow.ms, to: now };
    const points = history.points();
    const columns = toColumns(points, expectedS);
    chart ??= createChart(place, { quantities, instants });
    chart.then(
      (ready) => {
        if (!disposed) ready.show(columns, span);
      },
      () => {
        chart = null; // The next draw tries again.
        setText(note, t("device.chartFailed"));
      },
    );
    setText(note, problem || noteText(points));
    if (!intervals.isOpen()) return;
    const { stepMs, key } = timeWindow;
    const caption = t("device.caption", {
      window: t(`window.${key}`),
      unit: QUANTITIES.flow_rate.unit,
      count: stepMs / 60_000,
    });
    intervals.show(toIntervals(points, span.from, span.to, stepMs), caption, now);
  }

  /** @param {import("../../types.js").Point[]} points */
  function noteText(points) {
    if (!history.isLoaded()) return t("device.historyLoading");
    if (points.every((point) => point.v === null)) return t("device.nothing");
    if (!history.isComplete()) return t("device.newestOnly", { time: instants.full(points[0].t) });
    return "";
  }

  /** @param {Statistics | null} numbers @returns {[string, string][]} */
  function statisticsFacts(numbers) {
    const volume = numberOrNull(numbers?.total_volume);
    const count = numberOrNull(numbers?.data_points);
    return [
      [t("device.average"), quantities.withUnit(numbers?.avg_flow_rate, "flow_rate")],
      [t("device.lowest"), quantities.withUnit(numbers?.min_flow_rate, "flow_rate")],
      [t("device.highest"), quantities.withUnit(numbers?.max_flow_rate, "flow_rate")],
      [t("device.volume"), quantities.withUnit(volume, "totalizer")],
      [t("device.readings"), count === null ? NO_VALUE : quantities.count(count)],
    ];
  }

  /** @param {DeviceView} shown @param {number} now @returns {[string, string][]} */
  function latestFacts({ reading, measuredAt, stale }, now) {
    if (reading === undefined) return [[labelOf("flow_rate"), t("value.noReading")]];
    /** @type {[string, string][]} */
    const facts = [];
    for (const quantity of /** @type {Quantity[]} */ (Object.keys(QUANTITIES))) {
      if (quantity === "flow_rate" || numberOrNull(reading[quantity]) !== null) {
        facts.push([labelOf(quantity), quantities.withUnit(reading[quantity], quantity)]);
      }
    }
    const words = { time: instants.brief(measuredAt, now), age: ageText(measuredAt, now) };
    const key = stale ? "device.measuredStale" : "device.measuredAt";
    facts.push([t("device.measured"), t(key, words)]);
    if (reading.quality === "suspect") facts.push([t("device.quality"), t("device.suspect")]);
    return facts;
  }

  return {
    node,
    /** @param {DeviceView} view @param {number} now [ms] */
    show(view, now) {
      const { device_id, location, site } = view.device;
      setText(subtitle, [device_id, location, site].filter(Boolean).join(" · "));
      setText(zone, t("time.zone", { zone: instants.zoneName(now) }));
      setAttribute(node, "data-stale", view.stale ? "" : null);
      latest.show(latestFacts(view, now));
      if (now - drawnAt > timeWindow.ms * STEP) draw();
    },
    refresh,
    invalidate: history.invalidate,
    /** A live reading of any device. @param {import("../../types.js").Reading} reading */
    append(reading) {
      if (history.append(reading)) draw();
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
