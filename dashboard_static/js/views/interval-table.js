// @ts-check
/** The chart's table twin: the window in equal intervals. */
import { byId, el } from "../lib/dom.js";

/** @typedef {ReturnType<typeof import("../lib/series.js").toIntervals>} Intervals */

/**
 * @param {object} options
 * @param {import("../lib/quantity.js").QuantityFormat} options.quantities
 * @param {import("../lib/time.js").InstantFormat} options.instants
 */
export function createIntervalTable({ quantities, instants }) {
  const table = byId("intervals", HTMLTableElement);
  const caption = el("caption");
  const body = el("tbody");
  const headings = ["From", "Average", "Lowest", "Highest", "Readings"];
  table.append(
    caption,
    el("thead", {}, el("tr", {}, ...headings.map((text) => el("th", { scope: "col" }, text)))),
    body,
  );

  return {
    /** Whether it is open; a closed one need not be filled. */
    isOpen: () => table.closest("details")?.open ?? false,
    /** @param {() => void} callback */
    onOpen: (callback) => table.closest("details")?.addEventListener("toggle", () => callback()),
    clear() {
      caption.textContent = "";
      body.replaceChildren();
    },
    /**
     * @param {Intervals} intervals  oldest first; shown newest first
     * @param {string} title
     * @param {number} now [ms]
     */
    show(intervals, title, now) {
      caption.textContent = title;
      body.replaceChildren(
        ...intervals
          .toReversed()
          .map(({ start, n, average, min, max }) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, instants.brief(start, now)),
              ...[average, min, max].map((value) =>
                el("td", {}, n === 0 ? "no reading" : quantities.number(value, "flow_rate")),
              ),
              el("td", {}, quantities.count(n)),
            ),
          ),
      );
    },
  };
}
