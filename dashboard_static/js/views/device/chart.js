// @ts-check
/** The chart of one quantity, drawn by uPlot: a mean in its band, or bars; gaps stay gaps; marks. */
import { timeTicks } from "../../lib/zone.js";
import { including, isolatedIndices, valueRange } from "./columns.js";

/** @typedef {typeof import("uplot")} UPlotClass */
/** @typedef {InstanceType<UPlotClass>} Plot */
/** @typedef {import("./columns.js").Columns} Columns */
/** @typedef {import("./marks.js").Mark} Mark */

/** uPlot is loaded when the first chart is drawn, so the rest of the page need not wait for it. */
const UPLOT = new URL("../../../vendor/uPlot.esm.js", import.meta.url).href;

const NARROW_PX = 520;
const TICK_PX = 76;
/** A drag shorter than this is a click. */
const SHORTEST_DRAG_PX = 8;
const FONT = "12px system-ui, sans-serif";
const MARK_FONT = "600 11px system-ui, sans-serif";
/** More marks than this are drawn without their number. */
const NUMBERED = 40;

/**
 * @param {HTMLElement} place
 * @param {object} options
 * @param {import("../../lib/quantity.js").QuantityFormat} options.quantities
 * @param {ReturnType<typeof import("../../lib/zone.js").createTickLabels>} options.ticks
 * @param {(from: number, to: number) => void} options.onSelect [ms] a part was marked with the pointer
 * @param {(index: number | null) => void} options.onCursor
 */
export async function createChart(place, { quantities, ticks, onSelect, onCursor }) {
  const { default: uPlot } = /** @type {{default: UPlotClass}} */ (await import(UPLOT));
  const dark = globalThis.matchMedia("(prefers-color-scheme: dark)");
  /** @type {Columns} */
  let columns = [[], [], [], []];
  let span = { from: 0, to: 1 };
  let bars = false;
  /** @type {Pick<Mark, "from" | "to" | "tone" | "number">[]} */
  let marks = [];
  /** @type {number | null} */
  let level = null;
  /** @type {Plot | null} */
  let plot = null;

  const observer = new ResizeObserver(() => plot?.setSize(size()));

  function size() {
    const width = Math.max(200, place.clientWidth);
    return { width, height: width < NARROW_PX ? 240 : Math.min(420, Math.max(300, Math.round(width / 4))) };
  }

  /** @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function build() {
    plot?.destroy();
    const axis = { stroke: colour("--ink-soft"), font: FONT, ticks: { show: false } };
    const grid = { stroke: colour("--line"), width: 1 };
    /** @type {ReturnType<typeof timeTicks>["unit"]} */
    let unit = "minute";
    const accent = colour("--accent");
    const mean = bars
      ? { paths: uPlot.paths.bars?.({ size: [0.75, 56] }), fill: accent, points: { show: false } }
      : {
          points: {
            size: 5,
            filter: (
              /** @type {Plot} */ _plot,
              /** @type {number} */ _series,
              /** @type {boolean} */ show,
            ) => (show ? null : isolatedIndices(columns[1])),
          },
        };
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    plot = new uPlot(
      {
        ...size(),
        padding: [16, 20, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: true, range: () => [span.from / 1000, span.to / 1000] },
          y: { range: (_plot, min, max) => valueRange(...including(level, min, max), bars) },
        },
        axes: [
          {
            ...axis,
            size: 34,
            grid,
            splits: (self) => {
              const most = Math.max(2, Math.floor(self.over.clientWidth / TICK_PX) || 6);
              const found = timeTicks(ticks.zone, span.from, span.to, most);
              unit = found.unit;
              return found.ticks.map((at) => at / 1000);
            },
            values: (_plot, splits) => splits.map((s) => ticks.label(s * 1000, unit)),
          },
          { ...axis, grid, size: 68, values: (_plot, splits) => splits.map((v) => quantities.plain(v)) },
        ],
        series: [{}, { stroke: accent, width: bars ? 1 : 2, ...mean }, edge, edge],
        bands: [{ series: [2, 3], fill: colour("--band") }],
        cursor: {
          drag: { x: true, y: false, setScale: false },
          points: { show: (_plot, index) => (index === 1 ? pointMark() : /** @type {any} */ (false)) },
        },
        hooks: {
          draw: [drawMarks],
          setCursor: [(self) => onCursor(self.cursor.idx ?? null)],
          setSelect: [selected],
        },
      },
      columns,
      place,
    );
  }

  function pointMark() {
    const mark = document.createElement("div");
    mark.className = "cursor-point";
    return mark;
  }

  /** @param {Plot} self */
  function selected(self) {
    const { left, width } = self.select;
    if (width === 0) return;
    const from = self.posToVal(left, "x") * 1000;
    const to = self.posToVal(left + width, "x") * 1000;
    self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    if (width >= SHORTEST_DRAG_PX) onSelect(from, to);
  }

  /** Alerts as strips at the top, resets as lines; numbered as in the list. @param {Plot} self */
  function drawMarks(self) {
    const { ctx, bbox } = self;
    const ratio = globalThis.devicePixelRatio || 1;
    const at = (/** @type {number} */ t) =>
      Math.min(bbox.left + bbox.width, Math.max(bbox.left, self.valToPos(t / 1000, "x", true)));
    ctx.save();
    ctx.font = MARK_FONT.replace("11", String(11 * ratio));
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    if (level !== null) {
      const y = self.valToPos(level, "y", true);
      ctx.strokeStyle = colour("--critical");
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    let free = 0;
    for (const { from, to, tone, number } of marks.toSorted((a, b) => a.from - b.from)) {
      const left = at(from);
      const width = Math.max(at(to) - left, 2 * ratio);
      ctx.fillStyle = colour(`--${tone}`);
      if (tone === "ink") {
        ctx.setLineDash([4 * ratio, 3 * ratio]);
        ctx.strokeStyle = ctx.fillStyle;
        ctx.lineWidth = ratio;
        ctx.beginPath();
        ctx.moveTo(left, bbox.top);
        ctx.lineTo(left, bbox.top + bbox.height);
        ctx.stroke();
      } else {
        ctx.fillRect(left, bbox.top, width, 4 * ratio);
        ctx.globalAlpha = 0.08;
        ctx.fillRect(left, bbox.top, width, bbox.height);
        ctx.globalAlpha = 1;
      }
      // A number that would stand on another one is left out; the list has it.
      if (marks.length > NUMBERED || left < free) continue;
      ctx.fillText(String(number), left, bbox.top - ratio);
      free = left + (10 + 7 * String(number).length) * ratio;
    }
    ctx.restore();
  }

  const rebuild = () => {
    if (plot) build();
  };
  dark.addEventListener("change", rebuild);
  observer.observe(place);

  return {
    /**
     * @param {Columns} next
     * @param {{from: number, to: number}} nextSpan [ms] what the time axis shows
     * @param {boolean} asBars
     * @param {Pick<Mark, "from" | "to" | "tone" | "number">[]} nextMarks
     * @param {number | null} [nextLevel]  a threshold, drawn as a line
     */
    show(next, nextSpan, asBars, nextMarks, nextLevel = null) {
      level = nextLevel;
      columns = next;
      span = nextSpan;
      marks = nextMarks;
      const other = asBars !== bars;
      bars = asBars;
      if (plot === null || other) build();
      else plot.setData(columns);
    },
    /** Moves the cursor to a value of the columns. @param {number} index */
    point(index) {
      if (plot === null || columns[0][index] === undefined) return;
      const left = plot.valToPos(columns[0][index], "x");
      const value = columns[1][index];
      plot.setCursor({ left, top: value === null ? 0 : plot.valToPos(value, "y") });
    },
    dispose() {
      dark.removeEventListener("change", rebuild);
      observer.disconnect();
      plot?.destroy();
      plot = null;
    },
  };
}
