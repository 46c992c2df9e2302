// @ts-check
/** What the chart marks, in words: alerts that were open in the window, resets and rollovers. */
import { loadAlerts, loadEvents, MOST_ALERTS } from "../../data/device.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { address } from "../../lib/routes.js";
import { parseInstant } from "../../lib/time.js";
import { t } from "../../lib/translate.js";

/**
 * @typedef {object} Mark
 * @property {string} key
 * @property {number} number  as it stands in the chart
 * @property {number} from [ms]
 * @property {number} to [ms]
 * @property {"critical" | "warning" | "info" | "ink"} tone
 * @property {string} label
 * @property {string} text
 * @property {string} when
 * @property {string | null} href
 */

/**
 * @param {Awaited<ReturnType<typeof import("../../data/device.js").loadAlerts>>} alerts
 * @param {import("../../data/device.js").TotalizerEvent[]} events
 * @param {object} options
 * @param {import("../../lib/time.js").InstantFormat} options.instants
 * @param {import("../../lib/quantity.js").QuantityFormat} options.quantities
 * @param {number} options.now [ms]
 * @returns {Mark[]} newest first
 */
export function toMarks(alerts, events, { instants, quantities, now }) {
  /** @type {Omit<Mark, "number">[]} */
  const marks = [
    ...alerts.map((alert) => {
      const from = parseInstant(alert.measured_at ?? alert.created_at);
      const resolved = parseInstant(alert.resolved_at);
      return {
        key: alert.id,
        from,
        to: Number.isNaN(resolved) ? now : resolved,
        tone: alert.severity,
        label: t(`severity.${alert.severity}`),
        text: alert.message,
        when: Number.isNaN(resolved)
          ? t("device.openSince", { time: instants.exact(from) })
          : instants.range(from, resolved),
        href: address(["alerts"], { device: alert.device_id }),
      };
    }),
    ...events.map((event, index) => {
      const from = parseInstant(event.occurred_at);
      const values = {
        before: quantities.withUnit(event.totalizer_before, "totalizer"),
        after: quantities.withUnit(event.totalizer_after, "totalizer"),
      };
      return {
        key: `${event.kind} ${event.occurred_at} ${index}`,
        from,
        to: from,
        tone: /** @type {const} */ ("ink"),
        label: t(event.kind === "reset" ? "device.reset" : "device.rollover"),
        text: event.is_exact ? t("device.counterStep", values) : t("device.counterHour"),
        when: instants.exact(from),
        href: null,
      };
    }),
  ];
  return marks.sort((a, b) => b.from - a.from).map((mark, index) => ({ ...mark, number: index + 1 }));
}

/**
 * The marks of the window as they were read last.
 *
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {string} options.deviceId
 * @param {import("../../lib/time.js").InstantFormat} options.instants
 */
export function createMarked({ context, deviceId, instants }) {
  const { client, fleet, quantities } = context;
  /** @type {[Parameters<typeof toMarks>[0], Parameters<typeof toMarks>[1]] | null} */
  let known = null;
  /** The device's open alerts when they were read. */
  let open = "";
  let request = 0;

  /** Which alerts of the device are open, as the page knows it. */
  const openIds = () =>
    fleet
      .alerts()
      .filter(({ device_id }) => device_id === deviceId)
      .map(({ id }) => id)
      .sort()
      .join();

  return {
    /** Another window is shown. */
    forget() {
      request += 1;
      known = null;
    },
    /** @param {import("../../data/device.js").Window} window @throws {import("../../lib/errors.js").RestError} */
    async read(window) {
      request += 1;
      const mine = request;
      open = openIds();
      const read = await Promise.all([
        loadAlerts(client, deviceId, window),
        loadEvents(client, deviceId, window),
      ]);
      if (mine === request) known = read;
    },
    /** Whether an alert opened or ended since. */
    isOutdated: () => known !== null && openIds() !== open,
    /** Whether there are more alerts than were read. */
    isCut: () => known !== null && known[0].length >= MOST_ALERTS,
    /** Newest first; null: not known. @param {number} now [ms] */
    list: (now) => known && toMarks(...known, { instants, quantities, now }),
  };
}

/** @param {object} options @param {(mark: Mark) => void} options.onShow  points at it in the chart */
export function createMarks({ onShow }) {
  const title = h("h2", { id: "marks-title", tabindex: -1 }, t("device.marks"));
  const list = h("ol", { id: "marks" });
  const note = h("p", { class: "empty" });
  const node = h("section", { class: "card", "aria-labelledby": "marks-title" }, title, note, list);
  /** @type {Map<string, ReturnType<typeof createItem>>} */
  const items = new Map();

  function createItem() {
    const number = h("span", { class: "mark-number", "aria-hidden": "true" });
    const label = h("span", { class: "pill" });
    const text = h("span", { class: "mark-text" });
    const link = h("a", { class: "mark-text" });
    const when = h("p", { class: "alert-time" });
    /** @type {Mark | null} */
    let mark = null;
    const show = h("button", { type: "button", onclick: () => mark && onShow(mark) }, t("device.markShow"));
    const words = h("p", {}, number, " ", label, " ", link, text);
    return {
      node: h("li", {}, h("div", {}, words, when), show),
      /** @param {Mark} next */
      fill(next) {
        mark = next;
        setText(number, String(next.number));
        setText(label, next.label);
        setAttribute(label, "data-tone", next.tone);
        text.hidden = next.href !== null;
        link.hidden = next.href === null;
        setText(next.href === null ? text : link, next.text);
        setAttribute(link, "href", next.href);
        setText(when, next.when);
        setAttribute(show, "aria-label", t("device.markShowThis", { number: next.number, text: next.text }));
      },
    };
  }

  return {
    node,
    /** @param {Mark[] | null} marks  null: not known @param {string} words  beside the list */
    show(marks, words) {
      const keys = new Set(marks?.map(({ key }) => key));
      for (const [key, item] of items) {
        if (keys.has(key)) continue;
        if (item.node.contains(document.activeElement)) title.focus();
        item.node.remove();
        items.delete(key);
      }
      marks?.forEach((mark, index) => {
        const item = items.get(mark.key) ?? createItem();
        items.set(mark.key, item);
        if (list.children[index] !== item.node) list.insertBefore(item.node, list.children[index] ?? null);
        item.fill(mark);
      });
      list.hidden = items.size === 0;
      note.hidden = words === "";
      setText(note, words);
    },
  };
}
