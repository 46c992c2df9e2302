// @ts-check
/** The open alerts, live, and what a person does to one or to several. */
import { h, setText } from "../../lib/dom.js";
import { sortAlerts } from "../../lib/fleet-view.js";
import { t } from "../../lib/translate.js";
import { matches } from "./filter.js";
import { createRows } from "./rows.js";

/** @typedef {import("../../types.js").Alert} Alert */
/** @typedef {import("../../data/alerts.js").Deed} Deed */

/** Most rows at first, and with each "show more". */
const STEP = 100;

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {(id: string) => string} options.link
 * @param {(id: string | null | undefined) => string} options.nameOf
 * @param {((deed: Deed, alerts: Alert[]) => void) | null} options.onDeed  null: this person may not
 */
export function createOpenList({ context, link, nameOf, onDeed }) {
  const { fleet, feed } = context;
  /** @type {Set<string>} */
  const selected = new Set();
  /** @type {Alert[]} */
  let shown = [];
  let most = STEP;

  const title = h("h2", { id: "open-title", tabindex: -1 }, t("alerts.open"));
  const rows = createRows({
    context,
    link,
    nameOf,
    fallback: () => title,
    onDeed: onDeed && ((deed, alert) => onDeed(deed, [alert])),
    onSelect: onDeed ? select : undefined,
  });
  const all = h("input", { type: "checkbox", onchange: () => selectAll(all.checked) });
  const count = h("span", { class: "alert-time" });
  const acknowledge = h(
    "button",
    { type: "button", onclick: () => act("acknowledge") },
    t("alerts.acknowledge"),
  );
  const resolve = h("button", { type: "button", onclick: () => act("resolve") }, t("alerts.resolve"));
  const tools = h(
    "div",
    { class: "alert-tools", role: "group", "aria-labelledby": "open-title" },
    h("label", { class: "check" }, all, " ", t("alerts.selectAll")),
    count,
    acknowledge,
    resolve,
  );
  const old = h("p", { class: "alert-old", hidden: true }, t("alerts.old"));
  const empty = h("p", { class: "empty" });
  const rest = h("span", {});
  const more = h(
    "p",
    { class: "empty", hidden: true },
    rest,
    " ",
    h("button", { type: "button", onclick: showMore }, t("alerts.showMore")),
  );
  const node = h(
    "section",
    { class: "card", "aria-labelledby": "open-title" },
    title,
    old,
    onDeed && tools,
    rows.node,
    empty,
    more,
  );

  /** @param {string} id @param {boolean} wanted */
  function select(id, wanted) {
    if (wanted) selected.add(id);
    else selected.delete(id);
    context.redraw();
  }

  /** @param {boolean} wanted */
  function selectAll(wanted) {
    for (const { id } of shown) select(id, wanted);
  }

  function showMore() {
    most += STEP;
    context.redraw();
  }

  /** @param {Deed} deed */
  function act(deed) {
    onDeed?.(deed, chosen(deed));
  }

  /** @param {Deed} deed */
  const chosen = (deed) =>
    shown.filter(
      ({ id, acknowledged_at }) => selected.has(id) && (deed === "resolve" || acknowledged_at === null),
    );

  return {
    node,
    title,
    /** @param {import("../../data/alerts.js").PastQuestion} question @param {number} now [ms] */
    show(question, now) {
      const open = fleet.alerts();
      const wanted = sortAlerts(open.filter((alert) => matches(alert, question)));
      shown = wanted.slice(0, most);
      const present = new Set(shown.map(({ id }) => id));
      for (const id of selected) if (!present.has(id)) selected.delete(id);
      rows.show(shown, now, selected);

      const acknowledgeable = chosen("acknowledge").length > 0;
      const held = document.activeElement;
      const losing =
        (shown.length === 0 && tools.contains(held)) ||
        (!acknowledgeable && held === acknowledge) ||
        (selected.size === 0 && held === resolve);
      if (losing) title.focus();
      tools.hidden = shown.length === 0;
      all.checked = shown.length > 0 && selected.size === shown.length;
      all.indeterminate = selected.size > 0 && !all.checked;
      setText(count, t("alerts.selected", { count: selected.size }));
      acknowledge.disabled = !acknowledgeable;
      resolve.disabled = selected.size === 0;

      old.hidden = feed.state() !== "lost";
      empty.hidden = shown.length > 0;
      if (!fleet.isLoaded()) setText(empty, t("alerts.loading"));
      else setText(empty, open.length === 0 ? t("alerts.empty") : t("alerts.noMatch"));
      more.hidden = wanted.length <= most;
      setText(rest, more.hidden ? "" : t("alerts.more", { count: wanted.length - most }));
    },
  };
}
