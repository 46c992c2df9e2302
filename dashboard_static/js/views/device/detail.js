// @ts-check
/** One device: its chart and all that belongs to the window that is shown. */
import { loadQuality, loadStatistics, MOST_ALERTS } from "../../data/device.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { QUANTITIES } from "../../lib/quantity.js";
import { durationText } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { createZone } from "../../lib/zone.js";
import { createAbout, createLatest, createNumbers } from "./cards.js";
import { createDownloads } from "./downloads.js";
import { createMarked, createMarks } from "./marks.js";
import { createPlot } from "./plot.js";
import { createSeries } from "./series.js";
import { addressOf, between, following, nearest, readAddress, shift, zoom } from "./span.js";
import { createStatements } from "./statements.js";
import { createChartTable, createReadings } from "./tables.js";
import { createToolbar, nameOf } from "./toolbar.js";

/** @typedef {import("../../lib/fleet-view.js").DeviceView} DeviceView */
/** @typedef {import("./span.js").Span} Span */

/** The chart moves on when its window moved by this part of itself, about one pixel. */
const STEP = 1 / 1000;
/** A window is read again after this part of itself, and after ten minutes. */
const AGAIN = 1 / 1440;
const AGAIN_MS = 600_000;
/** Most rows of the table twin. */
const MOST_ROWS = 400;

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {import("../../types.js").Device} options.device
 * @param {import("../../types.js").Params} options.params
 */
export function createDetail({ context, device, params }) {
  const { client, clock, quantities, announce, navigate } = context;
  const deviceId = device.device_id;
  const instants = context.instantsOf(device.time_zone);
  let { span, shown } = readAddress(params, clock.now());
  let { expected_interval_s: expectedS } = device;
  const siteZone = createZone(instants.timeZone);
  const series = createSeries({ client, device, zone: siteZone });
  series.choose(shown);

  const subtitle = h("p", { class: "subtitle" });
  const zone = h("p", { class: "subtitle" });
  const note = h("span");
  const retry = h("button", { type: "button", hidden: true, onclick: again }, t("action.retry"));
  const latest = createLatest(context, instants);
  const about = createAbout(context, deviceId, instants);
  const numbers = createNumbers(context, instants);
  const marks = createMarks({ onShow: ({ from }) => plot.point(from) });
  const marked = createMarked({ context, deviceId, instants });
  const readings = createReadings({ context, deviceId, instants, bounds });
  const downloads = createDownloads({ context, deviceId, bounds, received: () => received });
  const statements = createStatements({ context, deviceId, zone: siteZone });
  const table = createChartTable({ quantities, instants });
  const tools = createToolbar({
    preset: (preset) => go(following(preset, clock.now()), false),
    shift: (direction) => go(shift(current(), direction, clock.now()), true),
    zoom: (direction) => go(zoom(current(), direction, clock.now()), true),
    follow: () => go(span.last ? fixed() : following(nearest(span), clock.now()), false),
    shown: (next) => navigate(addressOf(deviceId, span, next)),
  });
  const plot = createPlot({
    context,
    instants,
    onSelect: (from, to) => go(between(from, to, clock.now()) ?? span, false),
    onZoom: (direction, at) => go(zoom(current(), direction, clock.now(), at), true),
    onShift: (direction) => go(shift(current(), direction, clock.now()), true),
  });
  const node = h(
    "div",
    { class: "detail" },
    h(
      "section",
      { class: "card", "aria-labelledby": "latest-title" },
      h("h2", { id: "latest-title", class: "visually-hidden" }, t("device.latest")),
      h("div", { class: "detail-head" }, subtitle, zone),
      latest.node,
    ),
    h(
      "section",
      { class: "card" },
      tools.node,
      h(
        "figure",
        { class: "chart" },
        tools.range,
        plot.node,
        h("figcaption", { class: "empty" }, note, " ", retry),
      ),
      table.node,
      readings.node,
    ),
    h("div", { class: "detail-cards" }, numbers.node, h("div", {}, about.node, marks.node)),
    h("section", { class: "card" }, downloads.node),
    statements.node,
  );

  let drawnAt = 0;
  let readAt = Number.NEGATIVE_INFINITY;
  let request = 0;
  /** Readings in the window; 0: not known. */
  let received = 0;
  let disposed = false;
  let problem = "";
  let chartFailed = false;
  /** [ms] when the series was read. */
  let goodAt = Number.NaN;
  table.onOpen(draw);
  begin();

  /** What is shown now. */
  function bounds() {
    const now = clock.now();
    return span.last ? { from: now - span.last.ms, to: now } : { from: span.from, to: span.to };
  }

  /** @returns {Span} */
  const current = () => ({ ...span, ...bounds() });

  /** @returns {Span} */
  function fixed() {
    const { from, to } = bounds();
    return between(from, to, clock.now()) ?? span;
  }

  /** @param {Span} next @param {boolean} replace  it is one small step of many */
  function go(next, replace) {
    const to = addressOf(deviceId, next, shown);
    if (to !== addressOf(deviceId, span, shown)) navigate(to, { replace });
  }

  /** A window or a quantity was chosen: what is known of another one goes. */
  function begin() {
    tools.show(span, shown);
    numbers.show(null);
    received = 0;
    marked.forget();
    goodAt = Number.NaN;
    problem = "";
    readAt = Number.NEGATIVE_INFINITY;
    readings.restart();
    draw();
    void refresh();
  }

  function again() {
    plot.focus();
    readAt = Number.NEGATIVE_INFINITY;
    draw();
    void refresh();
  }

  /** Reads the window, unless it was read a short while ago. */
  async function refresh() {
    const now = clock.now();
    const window = bounds();
    if (now - readAt < Math.min(AGAIN_MS, (window.to - window.from) * AGAIN)) return;
    readAt = now;
    request += 1;
    const mine = request;
    const [chart, statistics, quality, ...rest] = await Promise.allSettled([
      series.load(window),
      loadStatistics(client, deviceId, window),
      loadQuality(client, deviceId, window),
      marked.read(window),
      about.refresh(),
    ]);
    if (disposed || mine !== request) return;
    const failed = [chart, statistics, quality, ...rest].find((each) => each.status === "rejected");
    if (statistics.status === "fulfilled") {
      received = statistics.value?.received_points ?? 0;
      numbers.show(statistics.value, quality.status === "fulfilled" ? quality.value : null);
    }
    if (chart.status === "fulfilled") goodAt = now;
    // The rows of the window before would look like gaps in this one.
    else if (Number.isNaN(goodAt)) series.forget();
    const before = problem;
    problem = failed === undefined ? "" : problemWords(chart.status === "fulfilled", failed.reason, now);
    // Soon again: with the next reload of the fleet.
    if (failed !== undefined) readAt = Number.NEGATIVE_INFINITY;
    if (problem !== before) announce(problem || t("device.mended"));
    draw();
  }

  /** @param {boolean} partly  the chart was read @param {unknown} reason @param {number} now */
  function problemWords(partly, reason, now) {
    const words = { problem: failureWords(reason) };
    if (partly) return t("device.partFailed", words);
    if (series.current() === null || Number.isNaN(goodAt)) return t("device.historyFailed", words);
    return t("device.historyOld", { ...words, time: instants.brief(goodAt, now) });
  }

  function draw() {
    if (disposed) return;
    const now = clock.now();
    drawnAt = now;
    const window = bounds();
    const known = series.current();
    const rows = known?.rows.filter(({ from, to }) => to >= window.from && from <= window.to) ?? [];
    const range = instants.range(window.from, window.to);
    tools.showRange(span.last ? `${t(`window.${span.last.key}`)}: ${range}` : range);
    const found = marked.list(now);
    marks.show(found, marksNote(found));
    chartFailed = false;
    plot.show({ rows, shown, span: window, expectedS, marks: found ?? [] }, () => {
      chartFailed = true;
      showNote(rows.length);
    });
    showNote(rows.length);
    setAttribute(node, "aria-busy", Number.isNaN(goodAt) && problem === "" ? "true" : null);
    if (table.isOpen()) showTable(rows, range);
  }

  /** @param {import("./marks.js").Mark[] | null} found */
  function marksNote(found) {
    if (found === null) return problem || t("device.historyLoading");
    if (marked.isCut()) return t("device.marksCut", { count: MOST_ALERTS });
    return found.length === 0 ? t("device.noMarks") : "";
  }

  /** @param {number} count  of values in the chart */
  function showNote(count) {
    setText(note, problem || noteWords(count));
    retry.hidden = problem === "" && !chartFailed;
  }

  /** @param {number} count */
  function noteWords(count) {
    const known = series.current();
    if (chartFailed) return t("device.chartFailed");
    if (known === null || Number.isNaN(goodAt)) return t("device.historyLoading");
    if (known.keptFrom !== null) return t("device.keptFrom", { time: instants.full(known.keptFrom) });
    if (count === 0) return t("device.nothing");
    if (known.grid === null || shown === "volume") return "";
    const words = { step: durationText(known.grid.step) };
    return t(shown === "totalizer" ? "device.lasts" : "device.bands", words);
  }

  /** @param {import("./columns.js").Row[]} rows @param {string} range */
  function showTable(rows, range) {
    const quantity = shown === "volume" ? "totalizer" : shown;
    const words = { quantity: nameOf(shown), unit: QUANTITIES[quantity].unit, range };
    const caption = t("device.caption", words);
    const cut = rows.length > MOST_ROWS ? t("device.captionCut", { caption, count: MOST_ROWS }) : caption;
    const inBuckets = series.current()?.kind === "buckets";
    let value = t(inBuckets ? "device.average" : "device.value");
    if (shown === "volume") value = t("device.volume");
    else if (shown === "totalizer" && inBuckets) value = t("device.last");
    const banded = inBuckets && shown !== "volume" && shown !== "totalizer";
    table.show(rows.slice(-MOST_ROWS), { quantity, value, banded, caption: cut });
  }

  return {
    node,
    /** Another window or quantity. @param {import("../../types.js").Params} next */
    change(next) {
      ({ span, shown } = readAddress(next, clock.now()));
      series.choose(shown);
      begin();
      announce([nameOf(shown), tools.range.textContent].join(", "));
    },
    /** @param {DeviceView} view @param {number} now [ms] */
    show(view, now) {
      const { device_id, location, site } = view.device;
      expectedS = view.device.expected_interval_s;
      setText(subtitle, [device_id, location, site].filter(Boolean).join(" · "));
      setText(zone, t("time.zone", { zone: instants.zoneName(now) }));
      setAttribute(node, "data-stale", view.stale ? "" : null);
      latest.show(view, now);
      about.show(view, now);
      if (marked.isOutdated()) marked.read(bounds()).then(draw, () => undefined);
      if (span.last && now - drawnAt > span.last.ms * STEP) draw();
    },
    refresh,
    /** The page could not be read again, so the chart is old. @param {unknown} failure */
    outage(failure) {
      if (span.last === null) return;
      readAt = Number.NEGATIVE_INFINITY;
      problem = problemWords(false, failure, clock.now());
      draw();
    },
    /** Something may have been missed: the next `refresh` reads. */
    invalidate: () => {
      readAt = Number.NEGATIVE_INFINITY;
    },
    /** A live reading of any device. @param {import("../../types.js").Reading} reading */
    append(reading) {
      if (reading.device_id === deviceId && span.last && series.append(reading)) draw();
    },
    dispose() {
      disposed = true;
      for (const part of [plot, about, readings, downloads, statements]) part.dispose();
    },
  };
}
