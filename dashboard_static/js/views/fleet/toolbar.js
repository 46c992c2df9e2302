// @ts-check
/** What the table shows: search, state, order, groups; and how many devices that are. */
import { h, setText } from "../../lib/dom.js";
import { SORTS, STATES } from "../../lib/fleet-list.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../lib/fleet-list.js").Choice} Choice */

/**
 * @param {object} options
 * @param {(change: Partial<Choice>) => void} options.onChange
 * @param {import("../../lib/quantity.js").QuantityFormat} options.quantities
 */
export function createToolbar({ onChange, quantities }) {
  const search = h("input", { id: "fleet-search", type: "search", autocomplete: "off", spellcheck: "false" });
  const state = h(
    "select",
    { id: "fleet-state" },
    h("option", { value: "" }, t("fleet.anyState")),
    ...STATES.map((each) => h("option", { value: each }, t(`fleet.is.${each}`))),
  );
  const sort = h(
    "select",
    { id: "fleet-sort" },
    ...SORTS.flatMap((key) => [
      h("option", { value: key }, t(`fleet.by.${key}`)),
      h("option", { value: `-${key}` }, t(`fleet.by.${key}.reversed`)),
    ]),
  );
  const grouped = h("input", { id: "fleet-grouped", type: "checkbox" });
  const count = h("p", { class: "fleet-count" });

  search.addEventListener("input", () => onChange({ search: search.value }));
  state.addEventListener("change", () => onChange({ state: /** @type {Choice["state"]} */ (state.value) }));
  sort.addEventListener("change", () => {
    const reversed = sort.value.startsWith("-");
    onChange({ sort: /** @type {Choice["sort"]} */ (reversed ? sort.value.slice(1) : sort.value), reversed });
  });
  grouped.addEventListener("change", () => onChange({ grouped: grouped.checked }));

  const node = h(
    "div",
    { class: "fleet-bar", role: "search" },
    h("div", { class: "fleet-find" }, h("label", { for: "fleet-search" }, t("fleet.search")), search),
    h("div", {}, h("label", { for: "fleet-state" }, t("fleet.state")), state),
    h("div", {}, h("label", { for: "fleet-sort" }, t("fleet.sort")), sort),
    h("label", { class: "fleet-check", for: "fleet-grouped" }, grouped, " ", t("fleet.group")),
    count,
  );

  return {
    node,
    search,
    /** The controls say what the address says; what is being typed stays. @param {Choice} choice */
    set(choice) {
      if (search.value !== choice.search) search.value = choice.search;
      state.value = choice.state;
      sort.value = `${choice.reversed ? "-" : ""}${choice.sort}`;
      grouped.checked = choice.grouped;
    },
    /** @param {number} found @param {number} of @param {boolean} known */
    showCount(found, of, known) {
      setText(
        count,
        known ? t("fleet.found", { found: quantities.count(found), of: quantities.count(of) }) : "",
      );
    },
  };
}
