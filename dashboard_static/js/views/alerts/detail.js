// @ts-check
/** One alert: what was found, and who did what about it when. */
import { loadAlert } from "../../data/alerts.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { numberOrNull } from "../../lib/quantity.js";
import { address } from "../../lib/routes.js";
import { t } from "../../lib/translate.js";
import { createFacts } from "../parts/facts.js";
import { subjectOf, typeText, writtenInstant } from "./words.js";

/** @typedef {import("../../types.js").Alert} Alert */
/** @typedef {import("../../data/alerts.js").WholeAlert} WholeAlert */
/** @typedef {import("../../data/alerts.js").Deed} Deed */
/** @typedef {{event: "opened" | "resolved", channel: Record<string, unknown>, created_at: string,
 *   sent_at: string | null, status: "waiting" | "sent" | "given_up", last_error: string | null}} Notice */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Types whose values are minutes of silence. */
const MINUTES = new Set(["no_data", "device_offline", "gateway_offline"]);

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {() => string} options.back  the address of the lists
 * @param {(id: string | null | undefined) => string} options.nameOf
 * @param {((deed: Deed, alerts: Alert[]) => void) | null} options.onDeed
 */
export function createDetail({ context, back, nameOf, onDeed }) {
  const { client, api, fleet, quantities } = context;
  const toLists = h("a", {}, t("alerts.back"));
  const title = h("h2", { id: "alert-title", tabindex: -1 }, t("alerts.details"));
  const severity = h("span", { class: "pill" });
  const state = h("span", { class: "pill" });
  const device = h("a", { class: "alert-device" });
  const subject = h("span", { class: "alert-time" });
  const message = h("p", {});
  const facts = createFacts("alert-facts");
  const history = h("ol", { class: "alert-history" });
  const acknowledge = h(
    "button",
    { type: "button", onclick: () => act("acknowledge") },
    t("alerts.acknowledge"),
  );
  const resolve = h("button", { type: "button", onclick: () => act("resolve") }, t("alerts.resolve"));
  const body = h(
    "div",
    { hidden: true },
    h("p", { class: "alert-head" }, severity, state, device, subject),
    message,
    facts.node,
    onDeed && h("div", { class: "alert-deeds" }, acknowledge, resolve),
    h("h3", {}, t("alerts.history")),
    history,
  );
  const words = h("p", { class: "empty" });
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const retry = h("button", { type: "button", hidden: true, onclick: () => void load() }, t("action.retry"));
  const node = h(
    "section",
    { class: "card alert-detail", "aria-labelledby": "alert-title", hidden: true },
    h("p", {}, toLists),
    title,
    words,
    body,
    error,
    retry,
  );

  let id = "";
  /** @type {WholeAlert | null} */
  let alert = null;
  /** @type {Notice[]} */
  let notices = [];
  /** What the live state said when it was read. @type {Alert | undefined} */
  let live;
  /** Counts questions, so that an answer that comes late is dropped. */
  let asked = 0;

  async function load() {
    asked += 1;
    const mine = asked;
    live = liveRow();
    try {
      const found = UUID.test(id) ? await loadAlert(client, id) : null;
      if (mine !== asked) return;
      alert = found;
      setText(words, found === null ? t("alerts.gone") : "");
      fail(null);
      context.redraw();
      if (found === null || context.profile.role === "viewer") return;
      const answer = await api.get("/api/notifications", { alert_id: id, limit: 100 });
      if (mine !== asked) return;
      notices = answer.notifications;
    } catch (failure) {
      if (mine !== asked) return;
      if (alert === null) setText(words, "");
      fail(failure);
    }
    context.redraw();
  }

  /** @param {unknown | null} failure */
  function fail(failure) {
    if (failure === null && document.activeElement === retry) title.focus();
    error.hidden = failure === null;
    retry.hidden = failure === null;
    setText(error, failure === null ? "" : t("alerts.notLoaded", { message: failureWords(failure) }));
  }

  const liveRow = () => fleet.alerts().find((each) => each.id === id);

  /** @param {Deed} deed */
  function act(deed) {
    if (alert !== null) onDeed?.(deed, [alert]);
  }

  /** @param {WholeAlert} shown @param {number} now */
  function draw(shown, now) {
    const known = shown.device_id === null ? undefined : fleet.device(shown.device_id);
    /** @param {unknown} instant */
    const when = (instant) => writtenInstant(context, known, instant, now);
    setText(severity, t(`severity.${shown.severity}`));
    setAttribute(severity, "data-tone", shown.severity);
    setText(state, t(shown.is_resolved ? "alerts.state.resolved" : "alerts.state.open"));
    setText(device, known?.device_name || shown.device_id || "");
    setAttribute(device, "href", shown.device_id === null ? null : address(["devices", shown.device_id]));
    device.hidden = shown.device_id === null;
    setText(subject, subjectOf(shown));
    subject.hidden = shown.device_id !== null;
    setText(message, shown.message);
    /** @type {[string, string][]} */
    const values = [[t("alerts.type"), typeText(shown.alert_type)]];
    const value = withUnit(shown.alert_type, shown.actual_value);
    const threshold = withUnit(shown.alert_type, shown.threshold_value);
    if (value !== null) values.push([t("alerts.value"), value]);
    if (threshold !== null) values.push([t("alerts.threshold"), threshold]);
    if (shown.measured_at !== null) values.push([t("alerts.measured"), when(shown.measured_at)]);
    facts.show(values);
    drawHistory(shown, when);

    for (const [button, gone] of /** @type {const} */ ([
      [acknowledge, shown.is_resolved || shown.acknowledged_at !== null],
      [resolve, shown.is_resolved],
    ])) {
      if (gone && document.activeElement === button) title.focus();
      button.hidden = gone;
    }
  }

  /** @param {WholeAlert} shown @param {(instant: unknown) => string} when */
  function drawHistory(shown, when) {
    /** @type {{at: string, text: string, note?: string | null}[]} */
    const steps = [{ at: shown.created_at, text: t("alerts.opened") }];
    if (shown.acknowledged_at !== null) {
      const name = nameOf(shown.acknowledged_by);
      steps.push({
        at: shown.acknowledged_at,
        text: t("alerts.acknowledgedBy", { name }),
        note: shown.acknowledgement_note,
      });
    }
    if (shown.resolved_at) {
      const by = shown.resolved_by;
      const text = by ? t("alerts.resolvedBy", { name: nameOf(by) }) : t("alerts.resolvedAlone");
      steps.push({ at: shown.resolved_at, text, note: shown.resolution_note });
    }
    for (const { event, channel, created_at, sent_at, status, last_error } of notices) {
      const name = Object.values(channel)
        .filter((each) => typeof each === "string")
        .join(" ");
      const text = t(`alerts.sent.${event}`, { channel: name, status: t(`alerts.sentStatus.${status}`) });
      steps.push({ at: sent_at ?? created_at, text, note: last_error });
    }
    steps.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    const lines = steps.map(({ at, text, note }) => [when(at), text, note ?? ""]);
    const drawn = JSON.stringify(lines);
    if (history.dataset.drawn === drawn) return;
    history.dataset.drawn = drawn;
    history.replaceChildren(
      ...lines.map(([at, text, note]) =>
        h(
          "li",
          {},
          h("span", { class: "alert-time" }, at),
          " ",
          text,
          note !== "" && h("p", { class: "alert-note" }, note),
        ),
      ),
    );
  }

  /** @param {string} type @param {unknown} value @returns {string | null} null: none, or its unit is in the message only */
  function withUnit(type, value) {
    const number = numberOrNull(value);
    if (number === null) return null;
    if (type.endsWith("_flow")) return quantities.withUnit(number, "flow_rate");
    if (type === "battery_low") return quantities.withUnit(number, "battery_level");
    return MINUTES.has(type) ? `${quantities.plain(number)}\u00a0min` : null;
  }

  return {
    node,
    title,
    load,
    /** @param {string} next  empty: none */
    open(next) {
      node.hidden = next === "";
      setAttribute(toLists, "href", back());
      if (next === id) return;
      id = next;
      alert = null;
      notices = [];
      asked += 1;
      fail(null);
      setText(words, t("alerts.loading"));
      if (id !== "") void load();
    },
    /** @param {number} now [ms] */
    show(now) {
      if (id === "") return;
      if (liveRow() !== live) void load();
      body.hidden = alert === null;
      if (alert !== null) draw(alert, now);
    },
    close() {
      asked += 1;
    },
  };
}
