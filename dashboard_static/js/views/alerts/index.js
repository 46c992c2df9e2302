// @ts-check
/** Alerts: the open and the past ones, one of them with its history, and how this browser tells of new ones. */
import { loadNames } from "../../data/alerts.js";
import { h } from "../../lib/dom.js";
import { address } from "../../lib/routes.js";
import { t } from "../../lib/translate.js";
import { createAlertDialog } from "../parts/alert-dialog.js";
import { createDetail } from "./detail.js";
import { queryOf, questionOf, readFilter } from "./filter.js";
import { createFilterForm } from "./filter-form.js";
import { createOpenList } from "./open-list.js";
import { createPastList } from "./past-list.js";
import { createSignals } from "./signals.js";

/** [ms] in which several alerts that are resolved lead to one reading of the past. */
const SOON_MS = 500;

/** @returns {import("../../types.js").View} */
export function createView() {
  /** @type {ReturnType<typeof build>} */
  let view;
  return {
    mount(root, context, params) {
      view = build(root, context);
      view.change(params, true);
    },
    update: (now) => view.update(now),
    change: (params) => view.change(params, false),
    unmount: () => view.unmount(),
  };
}

/** @param {HTMLElement} root @param {import("../../types.js").Context} context */
function build(root, context) {
  const { client, clock, fleet, feed, instants, profile, redraw } = context;
  const mayAct = profile.role !== "viewer";
  let filter = readFilter({});
  let id = "";
  /** @type {Map<string, string> | null} null: not known yet */
  let names = null;
  /** Ids of people that the names did not have. @type {Set<string>} */
  const strangers = new Set();
  /** Ids of the open alerts when the past was read last. @type {Set<string>} */
  let open = new Set();
  let missed = false;
  /** @type {unknown} */
  let soon = null;
  let closed = false;

  /** @param {string | null | undefined} person */
  function nameOf(person) {
    if (!person) return t("alerts.program");
    const name = names?.get(person);
    if (name !== undefined) return name;
    if (names === null) return "…";
    // Perhaps somebody new: each is asked for once.
    if (!strangers.has(person)) {
      strangers.add(person);
      void readNames();
    }
    return t("alerts.formerPerson");
  }

  /** @param {string} alertId */
  const link = (alertId) => address(["alerts", alertId], queryOf(filter));
  const back = () => address(["alerts"], queryOf(filter));
  const dialog = createAlertDialog({
    context,
    fallback: () => (id === "" ? openList.title : detail.title),
    onDone: readSoon,
  });
  const onDeed = mayAct ? dialog.open : null;
  const form = createFilterForm({
    fleet,
    onChange(next) {
      filter = next;
      context.navigate(back(), { replace: true });
    },
  });
  const openList = createOpenList({ context, link, nameOf, onDeed });
  const pastList = createPastList({ context, link, nameOf });
  const detail = createDetail({ context, back, nameOf, onDeed });
  const signals = createSignals(context);
  const lists = h("div", { class: "alert-lists" }, form.node, openList.node, pastList.node, signals.node);
  root.append(h("h1", {}, t("alerts.title")), detail.node, lists, dialog.node);

  async function readNames() {
    try {
      const known = await loadNames(client);
      if (!closed) names = known;
    } catch {
      // A name is asked for again with the next reload; the lists say what could not be loaded.
    }
    redraw();
  }

  function readSoon() {
    if (soon !== null) return;
    soon = clock.setTimeout(() => {
      soon = null;
      void pastList.reload();
      if (id !== "") void detail.load();
    }, SOON_MS);
  }

  const unsubscribe = feed.subscribe({
    gap() {
      missed = true;
    },
    reload(failure) {
      if (failure !== null) return;
      if (names === null) void readNames();
      if (missed) readSoon();
      missed = false;
    },
  });
  void readNames();

  return {
    /** @param {import("../../types.js").Params} params @param {boolean} first */
    change(params, first) {
      const before = id;
      filter = readFilter(params);
      id = params.id ?? "";
      form.show(filter);
      pastList.ask(questionOf(filter, instants.timeZone));
      lists.hidden = id !== "";
      detail.open(id);
      context.setTitle(id === "" ? t("alerts.title") : t("alerts.details"));
      redraw();
      if (first || before === id) return;
      if (dialog.node.open) dialog.close();
      if (id === "") openList.title.focus();
      else detail.title.focus();
      globalThis.scrollTo(0, 0);
    },

    /** @param {number} now [ms] */
    update(now) {
      const present = new Set(fleet.alerts().map((alert) => alert.id));
      if ([...open].some((each) => !present.has(each))) readSoon();
      open = present;
      if (id === "") {
        openList.show(questionOf(filter, instants.timeZone), now);
        pastList.show(now);
        signals.show();
      } else {
        detail.show(now);
      }
    },

    unmount() {
      closed = true;
      unsubscribe();
      clock.clearTimeout(soon);
      pastList.close();
      detail.close();
      dialog.close();
    },
  };
}
