// @ts-check
/** What a rule would have done in the past 30 days: a sentence, a chart with its alerts, a list. */
import { loadFlow, loadQuantity } from "../../data/device.js";
import { MOST_TRIED, tryRule } from "../../data/rules.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { labelOf } from "../../lib/quantity.js";
import { durationText } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { createTickLabels } from "../../lib/zone.js";
import { createChart } from "../device/chart.js";
import { bucketRows, toColumns } from "../device/columns.js";
import { summary, TYPES, toSpans } from "./values.js";

/** @typedef {import("../../data/rules.js").Draft} Draft */
/** @typedef {import("../../types.js").Device} Device */

const WINDOW_MS = 30 * 86_400_000;
/** [ms] from the last key to the question. */
const DEBOUNCE_MS = 400;
const BUCKETS = 720;
/** Most alerts that are written out; all are drawn. */
const LISTED = 20;
/** What is compared with the threshold as it is drawn. */
const WITH_LEVEL = new Set(["high_flow", "low_flow", "zero_flow", "battery_low"]);

/** @param {import("../../types.js").Context} context */
export function createPreview({ client, clock, quantities, locale, instantsOf, announce }) {
  const title = h("h2", { id: "preview-title", tabindex: -1 }, t("rules.preview"));
  const words = h("p", { class: "preview-words" });
  const warning = h("p", { class: "error", hidden: true });
  const retry = h("button", { type: "button", hidden: true, onclick: again }, t("action.retry"));
  const place = h("div", { class: "preview-chart", role: "img", hidden: true });
  const list = h("ol", { class: "preview-list", reversed: true });
  const more = h("p", { class: "empty" });
  const note = h("p", { class: "empty" });
  const slot = h("div", {});
  const node = h(
    "section",
    { class: "card preview", "aria-labelledby": "preview-title" },
    h("div", { class: "preview-head" }, title, slot),
    words,
    warning,
    retry,
    place,
    list,
    more,
    note,
  );
  /** @type {{device: Device, draft: Draft} | null} */
  let wanted = null;
  /** What the answer on the page is of. */
  let question = "";
  let request = 0;
  /** @type {unknown} */
  let timer = null;
  /** @type {{zone: string, ready: ReturnType<typeof createChart>} | null} */
  let chart = null;
  /** The series read last. @type {{key: string, at: number, columns: ReturnType<typeof toColumns>, window: {from: number, to: number}} | null} */
  let series = null;
  let disposed = false;

  function dropChart() {
    void chart?.ready.then(
      (ready) => ready.dispose(),
      () => undefined,
    );
    chart = null;
    place.replaceChildren();
  }

  /** Nothing is shown but a sentence. @param {string} text */
  function clear(text) {
    setText(words, text);
    place.hidden = true;
    retry.hidden = true;
    warning.hidden = true;
    list.replaceChildren();
    setText(more, "");
    setText(note, "");
  }

  function again() {
    title.focus();
    ask(0);
  }

  /** @param {number} after [ms] */
  function ask(after) {
    request += 1;
    clock.clearTimeout(timer);
    const mine = request;
    setAttribute(node, "aria-busy", "true");
    timer = clock.setTimeout(() => void answer(mine), after);
  }

  /** @param {Device} device @param {"flow_rate" | "battery_level"} quantity */
  async function readSeries(device, quantity) {
    const key = `${quantity} ${device.device_id}`;
    const now = clock.now();
    if (series?.key === key && now - series.at < 300_000) return series;
    const window = { from: now - WINDOW_MS, to: now };
    const rows =
      quantity === "flow_rate"
        ? bucketRows(await loadFlow(client, device.device_id, window, BUCKETS), {
            min: "min_flow_rate",
            mean: "avg_flow_rate",
            max: "max_flow_rate",
          })
        : bucketRows(await loadQuantity(client, device.device_id, quantity, window, BUCKETS), {
            min: "min_value",
            mean: "avg_value",
            max: "max_value",
          });
    return { key, at: now, columns: toColumns(rows, device.expected_interval_s, window), window };
  }

  /** @param {number} mine */
  async function answer(mine) {
    if (wanted === null) return;
    const { device, draft } = wanted;
    const quantity = draft.rule_type === "battery_low" ? "battery_level" : "flow_rate";
    if (words.textContent === "" || place.hidden) setText(words, t("rules.previewBusy"));
    try {
      const read = await readSeries(device, quantity);
      const tried = await tryRule(client, device.device_id, draft, read.window);
      if (mine !== request) return;
      series = read;
      show(device, draft, quantity, tried);
    } catch (error) {
      if (mine !== request) return;
      clear(t("rules.previewFailed", { reason: failureWords(error) }));
      retry.hidden = false;
      announce(words.textContent ?? "");
    }
    setAttribute(node, "aria-busy", null);
  }

  /**
   * @param {Device} device
   * @param {Draft} draft
   * @param {"flow_rate" | "battery_level"} quantity
   * @param {import("../../data/rules.js").Tried[]} tried
   */
  function show(device, draft, quantity, tried) {
    if (series === null) return;
    const { window, columns } = series;
    const spans = toSpans(tried, window);
    const text = summary(spans, tried.length >= MOST_TRIED);
    const instants = instantsOf(device.time_zone);
    const isEmpty = columns[0].length === 0;
    clear(text);
    announce(text);
    warning.hidden = !isEmpty;
    setText(warning, isEmpty ? t("rules.noReadings") : "");
    const { unit } = TYPES[draft.rule_type];
    const shown = spans.slice(-LISTED);
    list.setAttribute("start", String(spans.length));
    list.append(
      ...shown.toReversed().map(({ from, to, isOpen, peak }) => {
        const when = isOpen ? `${instants.exact(from)} – ${t("rules.stillOpen")}` : instants.range(from, to);
        const peaks =
          peak === null || unit === null
            ? ""
            : ` · ${t("rules.peak", { value: `${quantities.plain(peak)}\u00a0${unit}` })}`;
        return h("li", {}, when, h("span", { class: "empty" }, ` · ${durationText(to - from)}${peaks}`));
      }),
    );
    const rest = spans.length - shown.length;
    setText(more, rest > 0 ? t("rules.more", { count: rest }) : "");
    setText(note, t("rules.previewNote", { zone: instants.zoneName(clock.now()) }));
    if (isEmpty) return;
    place.hidden = false;
    const name = device.device_name || device.device_id;
    setAttribute(place, "aria-label", t("rules.chart", { quantity: labelOf(quantity), name, summary: text }));
    const marks = spans.map(({ from, to }, i) => ({ from, to, tone: draft.severity, number: i + 1 }));
    const level = WITH_LEVEL.has(draft.rule_type) ? (draft.threshold_value ?? 0) : null;
    draw(instants.timeZone, columns, window, marks, level);
  }

  /**
   * @param {string} zone
   * @param {ReturnType<typeof toColumns>} columns
   * @param {{from: number, to: number}} window
   * @param {{from: number, to: number, tone: Draft["severity"], number: number}[]} marks
   * @param {number | null} level
   */
  function draw(zone, columns, window, marks, level) {
    if (chart?.zone !== zone) {
      dropChart();
      const ticks = createTickLabels(locale, zone);
      const nothing = () => undefined;
      chart = {
        zone,
        ready: createChart(place, { quantities, ticks, onSelect: nothing, onCursor: nothing }),
      };
    }
    const drawn = request;
    chart.ready.then(
      (ready) => {
        if (!disposed && drawn === request) ready.show(columns, window, false, marks, level);
      },
      () => {
        chart = null; // The next one tries again.
        if (disposed) return;
        warning.hidden = false;
        setText(warning, t("rules.chartFailed"));
        retry.hidden = false;
      },
    );
  }

  return {
    node,
    /** Where the choice of a device belongs. */
    slot,
    /**
     * The rule as it stands in the form; null: it is none yet.
     *
     * @param {Device | undefined} device
     * @param {Draft | null} draft
     * @param {boolean} hasDevices  there is one to choose
     */
    try(device, draft, hasDevices) {
      if (device === undefined || draft === null) {
        request += 1;
        clock.clearTimeout(timer);
        setAttribute(node, "aria-busy", null);
        question = "";
        wanted = null;
        clear(t(device === undefined && !hasDevices ? "rules.previewNoDevice" : "rules.previewWait"));
        return;
      }
      const { rule_type, threshold_value, deadband, duration_minutes, severity } = draft;
      const next = JSON.stringify([
        device.device_id,
        rule_type,
        threshold_value,
        deadband,
        duration_minutes,
        severity,
      ]);
      if (next === question) return;
      const first = question === "";
      question = next;
      wanted = { device, draft };
      ask(first ? 0 : DEBOUNCE_MS);
    },
    dispose() {
      disposed = true;
      request += 1;
      clock.clearTimeout(timer);
      dropChart();
    },
  };
}
