// @ts-check
/** The line of one device's flow, drawn by uPlot; gaps stay gaps. */
import { labelOf, QUANTITIES } from "../../lib/quantity.js";
import { isolatedIndices } from "../../lib/series.js";
import { t } from "../../lib/translate.js";

/** @typedef {typeof import("uplot")} UPlotClass */
/** @typedef {[number[], (number | null)[]]} Columns */

/** uPlot is loaded when the first chart is drawn, so the rest of the page need not wait for it. */
const UPLOT = new URL("../../../vendor/uPlot.esm.js", import.meta.url).href;

const NARROW_PX = 520;

/**
 * @param {HTMLElement} place
 * @param {object} options
 * @param {import("../../lib/quantity.js").QuantityFormat} options.quantities
 * @param {import("../../lib/time.js").InstantFormat} options.instants
 */
export async function createChart(place, { quantities, instants }) {
  const { default: uPlot } = /** @type {{default: UPlotClass}} */ (await import(UPLOT));
  const dark = globalThis.matchMedia("(prefers-color-scheme: dark)");
  /** @type {Columns} */
  let columns = [[], []];
  let span = { from: 0, to: 1 };
  /** @type {InstanceType<UPlotClass> | null} */
  let plot = null;

  const observer = new ResizeObserver(() => plot?.setSize(size()));

  function size() {
    const width = Math.max(200, place.clientWidth);
    return { width, height: width < NARROW_PX ? 220 : 300 };
  }

  /** @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function build() {
    plot?.destroy();
    const axis = { stroke: colour("--ink-soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    const grid = { stroke: colour("--line"), width: 1 };
    plot = new uPlot(
      {
        ...size(),
        padding: [12, 28, 0, 0],
        scales: {
          x: { time: true, range: () => [span.from / 1000, span.to / 1000] },
          y: { range: (_plot, min, max) => flowRange(min, max) },
        },
        axes: [
          {
            ...axis,
            size: 34,
            space: 72,
            grid: { show: false },
            values: (_plot, splits) => splits.map((s) => instants.minute(s * 1000)),
          },
          { ...axis, grid, size: 64, values: (_plot, splits) => splits.map((v) => quantities.plain(v)) },
        ],
        series: [
          { label: t("device.time"), value: (_plot, s) => (s === null ? "–" : instants.full(s * 1000)) },
          {
            label: `${labelOf("flow_rate")} (${QUANTITIES.flow_rate.unit})`,
            stroke: colour("--accent"),
            width: 2,
            value: (_plot, v) => quantities.number(v, "flow_rate"),
            points: {
              size: 5,
              filter: (_plot, _series, show) => (show ? null : isolatedIndices(columns[1])),
            },
          },
        ],
        cursor: { drag: { x: false, y: false } },
      },
      columns,
      place,
    );
  }

  const rebuild = () => {
    if (plot) build();
  };
  dark.addEventListener("change", rebuild);
  observer.observe(place);

  return {
    /**
     * @param {Columns} next  seconds and m³/h, null for a gap
     * @param {{from: number, to: number}} nextSpan [ms] what the time axis shows
     */
    show(next, nextSpan) {
      columns = next;
      span = nextSpan;
      if (plot) plot.setData(columns);
      else build();
    },
    dispose() {
      dark.removeEventListener("change", rebuild);
      observer.disconnect();
      plot?.destroy();
      plot = null;
    },
  };
}

/**
 * The flow axis: some air around the values, and no negative part without negative values.
 *
 * @param {number | null} min
 * @param {number | null} max
 * @returns {[number, number]}
 */
export function flowRange(min, max) {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 10];
  const air = Math.max((max - min) * 0.15, Math.abs(max) * 0.02, 0.1);
  return [min >= 0 ? Math.max(0, min - air) : min - air, max + air];
}
