// @ts-check
/** The chart's table twin: the window in equal intervals. */
import { h } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";

/** @typedef {ReturnType<typeof import("../../lib/series.js").toIntervals>} Intervals */

/**
 * @param {object} options
 * @param {import("../../lib/quantity.js").QuantityFormat} options.quantities
 * @param {import("../../lib/time.js").InstantFormat} options.instants
 */
export function createIntervalTable({ quantities, instants }) {
  const caption = h("caption");
  const body = h("tbody");
  const headings = [
    t("device.from"),
    t("device.average"),
    t("device.lowest"),
    t("device.highest"),
    t("device.readings"),
  ];
  const table = h(
    "table",
    { id: "intervals" },
    caption,
    h("thead", {}, h("tr", {}, ...headings.map((text) => h("th", { scope: "col" }, text)))),
    body,
  );

  const details = h(
    "details",
    {},
    h("summary", {}, t("device.asTable")),
    h("div", { class: "table-frame" }, table),
  );

  return {
    node: details,
    /** Whether it is open; a closed one need not be filled. */
    isOpen: () => details.open,
    /** @param {() => void} callback */
    onOpen: (callback) => details.addEventListener("toggle", () => callback()),
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
            h(
              "tr",
              {},
              h("th", { scope: "row" }, instants.brief(start, now)),
              ...[average, min, max].map((value) =>
                h("td", {}, n === 0 ? t("value.noReading") : quantities.number(value, "flow_rate")),
              ),
              h("td", {}, quantities.count(n)),
            ),
          ),
      );
    },
  };
}
