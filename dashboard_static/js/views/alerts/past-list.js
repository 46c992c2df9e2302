// @ts-check
/** The resolved alerts, page by page. */
import { loadPast, PAST_ROWS } from "../../data/alerts.js";
import { h, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { createRows } from "./rows.js";

/** @typedef {import("../../types.js").Alert} Alert */
/** @typedef {import("../../data/alerts.js").PastQuestion} PastQuestion */

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {(id: string) => string} options.link
 * @param {(id: string | null | undefined) => string} options.nameOf
 */
export function createPastList({ context, link, nameOf }) {
  const title = h("h2", { id: "past-title", tabindex: -1 }, t("alerts.past"));
  const rows = createRows({ context, link, nameOf, fallback: () => title, onDeed: null });
  const empty = h("p", { class: "empty" }, t("alerts.loading"));
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const retry = h("button", { type: "button", hidden: true, onclick: () => void again() }, t("action.retry"));
  const older = h(
    "button",
    { type: "button", hidden: true, onclick: () => void loadOlder() },
    t("alerts.older"),
  );
  const node = h(
    "section",
    { class: "card", "aria-labelledby": "past-title" },
    title,
    rows.node,
    empty,
    error,
    retry,
    older,
  );

  /** @type {PastQuestion | null} */
  let question = null;
  /** @type {Alert[]} */
  let known = [];
  let loaded = false;
  let reading = false;
  /** Counts questions, so that an answer that comes late is dropped. */
  let asked = 0;
  /** What to do again after a failure. */
  let again = reload;

  /**
   * Reads as many pages as are shown.
   *
   * @param {PastQuestion} wanted
   * @param {Alert[]} before  what is known already and kept
   * @param {number} least  rows
   */
  async function read(wanted, before, least) {
    asked += 1;
    const mine = asked;
    reading = true;
    const found = [...before];
    try {
      let complete = false;
      do {
        const page = await loadPast(context.client, wanted, found.at(-1) ?? null);
        if (mine !== asked) return;
        found.push(...page.rows);
        complete = page.complete;
      } while (!complete && found.length < least);
      known = found;
      loaded = true;
      older.hidden = complete;
      fail(null);
    } catch (failure) {
      if (mine !== asked) return;
      fail(failure);
    }
    reading = false;
    context.redraw();
  }

  /** @param {unknown | null} failure */
  function fail(failure) {
    error.hidden = failure === null;
    // A retry that had the focus goes: to the heading.
    if (failure === null && document.activeElement === retry) title.focus();
    retry.hidden = failure === null;
    setText(error, failure === null ? "" : t("alerts.notLoaded", { message: failureWords(failure) }));
  }

  /** Reads anew what is shown: somebody resolved one, or events were missed. */
  async function reload() {
    again = reload;
    if (question !== null) await read(question, [], Math.max(PAST_ROWS, known.length));
  }

  async function loadOlder() {
    if (question === null || reading) return;
    again = loadOlder;
    const first = known.length;
    const had = document.activeElement === older;
    await read(question, known, first + PAST_ROWS);
    context.announce(t("alerts.past"));
    if (had && older.hidden) title.focus();
  }

  return {
    node,
    reload,
    /** @param {PastQuestion} next */
    ask(next) {
      if (JSON.stringify(next) === JSON.stringify(question)) return;
      question = next;
      known = [];
      loaded = false;
      older.hidden = true;
      void reload();
    },
    /** @param {number} now [ms] */
    show(now) {
      rows.show(known, now);
      empty.hidden = known.length > 0 || (!loaded && !error.hidden);
      setText(empty, loaded ? t("alerts.noPast") : t("alerts.loading"));
    },
    close() {
      asked += 1;
    },
  };
}
