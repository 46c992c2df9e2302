// @ts-check
/** The filter of both lists; every change goes into the address. */
import { h } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";
import { readFilter, SEVERITIES, TYPES } from "./filter.js";
import { typeText } from "./words.js";

/** @typedef {import("./filter.js").Filter} Filter */

/**
 * @param {object} options
 * @param {import("../../live/fleet.js").Fleet} options.fleet
 * @param {(filter: Filter) => void} options.onChange
 */
export function createFilterForm({ fleet, onChange }) {
  const any = () => h("option", { value: "" }, t("alerts.any"));
  const ids = h("datalist", { id: "filter-devices" });
  const device = h("input", {
    id: "filter-device",
    list: "filter-devices",
    autocomplete: "off",
    onfocus: offer,
  });
  const severity = h(
    "select",
    { id: "filter-severity" },
    any(),
    ...SEVERITIES.map((each) => h("option", { value: each }, t(`severity.${each}`))),
  );
  const type = h(
    "select",
    { id: "filter-type" },
    any(),
    ...TYPES.map((each) => h("option", { value: each }, typeText(each))),
  );
  const from = h("input", { id: "filter-from", type: "date" });
  const to = h("input", { id: "filter-to", type: "date" });
  const clear = h("button", { type: "button", onclick: () => tell(readFilter({})) }, t("alerts.clear"));
  /** @type {[import("../../lib/translate.js").Key, HTMLInputElement | HTMLSelectElement][]} */
  const fields = [
    ["alerts.device", device],
    ["alerts.severity", severity],
    ["alerts.type", type],
    ["alerts.from", from],
    ["alerts.to", to],
  ];
  const node = h(
    "form",
    {
      class: "card alert-filter",
      role: "search",
      "aria-label": t("alerts.filter"),
      onchange: read,
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        read();
      },
    },
    ...fields.map(([words, field]) => h("div", {}, h("label", { for: field.id }, t(words)), field)),
    ids,
    clear,
  );

  function offer() {
    ids.replaceChildren(
      ...fleet.devices().map(({ device_id: value, device_name: name }) => h("option", { value }, name)),
    );
  }

  function read() {
    tell(
      readFilter({
        device: device.value.trim(),
        severity: severity.value,
        type: type.value,
        from: from.value,
        to: to.value,
      }),
    );
  }

  /** @param {Filter} filter */
  function tell(filter) {
    show(filter);
    onChange(filter);
  }

  /** @param {Filter} filter */
  function show(filter) {
    if (!type.querySelector(`option[value="${filter.type}"]`))
      type.append(h("option", { value: filter.type }, filter.type));
    device.value = filter.device;
    severity.value = filter.severity;
    type.value = filter.type;
    if (from.value !== filter.from) from.value = filter.from;
    if (to.value !== filter.to) to.value = filter.to;
    clear.disabled = Object.values(filter).every((value) => value === "");
  }

  return { node, show };
}
