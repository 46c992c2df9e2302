// @ts-check
/** The device's monthly statements, read when somebody looks: list, download, issue the month that ended last. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { NO_VALUE } from "../../lib/quantity.js";
import { t } from "../../lib/translate.js";
import { save, wholeBody } from "./downloads.js";

const MAY_ISSUE = new Set(["operator", "admin"]);

/**
 * @typedef {object} Statement  of GET /api/devices/ID/statements
 * @property {string} month  its first day
 * @property {number} revision
 * @property {number | null} volume  [m³]
 * @property {number} expected
 * @property {number} received
 * @property {number} bad
 * @property {number} resets
 * @property {number} rollovers
 * @property {"first" | "gapless" | "gap" | "overlap"} follows
 * @property {boolean | null} is_touched  null: a later revision counts
 */

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {string} options.deviceId
 * @param {import("../../lib/zone.js").Zone} options.zone  the site's
 */
export function createStatements({ context, deviceId, zone }) {
  const { api, announce, clock, locale, profile, quantities } = context;
  const path = `/api/devices/${encodeURIComponent(deviceId)}/statements`;
  const monthName = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const stop = new AbortController();
  const headings = [
    t("device.month"),
    t("device.revision"),
    t("device.volume"),
    t("device.complete"),
    t("device.resets"),
    t("device.joins"),
    t("device.state"),
    t("device.file"),
  ];
  const body = h("tbody");
  const table = h(
    "table",
    { id: "statements", hidden: true },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        headings.map((text) => h("th", { scope: "col" }, text)),
      ),
    ),
    body,
  );
  const note = h("p", { class: "empty" });
  const issue = h("button", { type: "button", hidden: true, onclick: () => void issueMonth() });
  const retry = h("button", { type: "button", hidden: true, onclick: () => void load() }, t("action.retry"));
  const node = h(
    "details",
    { class: "card" },
    h("summary", {}, t("device.statements")),
    h(
      "div",
      { class: "table-frame", tabindex: 0, role: "group", "aria-label": t("device.statements") },
      table,
    ),
    note,
    h("div", { class: "actions" }, retry, issue),
  );
  let loaded = false;
  let busy = false;
  node.addEventListener("toggle", () => {
    if (node.open && !loaded) void load();
  });

  /** "2026-10", of the month before this one at the site. */
  function lastMonth() {
    const [year, month] = zone.date(clock.now()).split("-").map(Number);
    return new Date(Date.UTC(year, month - 2)).toISOString().slice(0, 7);
  }

  /** @param {string} month  "2026-10" */
  const named = (month) => monthName.format(Date.parse(`${month}-01T00:00:00Z`));

  /** @param {() => Promise<string>} work  gives what to say */
  async function once(work) {
    if (busy) return;
    busy = true;
    setAttribute(node, "aria-busy", "true");
    let words = "";
    try {
      words = await work();
    } catch (error) {
      if (stop.signal.aborted) return;
      words = failureWords(error);
    }
    busy = false;
    setAttribute(node, "aria-busy", null);
    setText(note, words);
    if (words !== "") announce(words);
  }

  async function load() {
    setText(note, t("device.historyLoading"));
    await once(read);
    // The focus stays in reach when the button goes.
    if (loaded && document.activeElement === retry) node.querySelector("summary")?.focus();
    retry.hidden = loaded;
  }

  async function read() {
    const { statements } = await api.get(path, {}, { signal: stop.signal });
    loaded = true;
    body.replaceChildren(.../** @type {Statement[]} */ (statements).map(row));
    table.hidden = statements.length === 0;
    const due = lastMonth();
    const issued = statements.some((/** @type {Statement} */ each) => each.month.startsWith(due));
    if (issued && document.activeElement === issue) node.querySelector("summary")?.focus();
    issue.hidden = issued || !MAY_ISSUE.has(profile.role);
    setText(issue, t("device.issue", { month: named(due) }));
    return statements.length === 0 ? t("device.noStatements") : "";
  }

  function issueMonth() {
    const month = lastMonth();
    return once(async () => {
      await api.post(`${path}/${month}`, {}, { signal: stop.signal });
      await read();
      return t("device.issued", { month: named(month) });
    });
  }

  /** @param {Statement} statement */
  function row({ month, revision, volume, expected, received, bad, resets, rollovers, follows, is_touched }) {
    const name = named(month.slice(0, 7));
    const whole = expected > 0 ? percent.format(Math.min(1, (received - bad) / expected)) : NO_VALUE;
    const state = is_touched === null ? "device.replaced" : is_touched ? "device.touched" : "device.counts";
    const get = () =>
      once(async () => {
        const answer = await api.fetchAnswer("GET", `${path}/${month.slice(0, 7)}`, {
          query: { revision },
          headers: { accept: "*/*" },
          signal: stop.signal,
        });
        save(
          await wholeBody(answer),
          `${deviceId.replace(/[^\w.-]+/g, "_")}_${month.slice(0, 7)}_${revision}.csv`,
        );
        return t("device.downloaded", { format: "CSV" });
      });
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", {}, revision),
      h("td", {}, quantities.withUnit(volume, "totalizer")),
      h("td", {}, whole),
      h("td", {}, quantities.count(resets + rollovers)),
      h("td", {}, t(`device.joins.${follows}`)),
      h("td", {}, t(state)),
      h(
        "td",
        {},
        h(
          "button",
          {
            type: "button",
            "aria-label": t("device.statementOf", { month: name, revision }),
            onclick: () => void get(),
          },
          "CSV",
        ),
      ),
    );
  }

  return { node, dispose: () => stop.abort() };
}
