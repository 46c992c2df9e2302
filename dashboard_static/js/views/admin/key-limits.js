// @ts-check
/** Where a key may be used from, and the units of its sender: the fields of the form, and as words of the list. */
import { t } from "../../lib/translate.js";
import { pair } from "./section.js";

/** The first of each is ours. @type {Record<string, string[]>} */
export const UNITS = {
  flow_rate: ["m3/h", "m3/s", "m3/min", "m3/d", "l/s", "l/min", "l/h"],
  totalizer: ["m3", "l"],
  level: ["m", "cm", "mm"],
  pressure: ["bar", "mbar", "kPa", "Pa"],
};

const LABELS = /** @type {const} */ ({
  flow_rate: "quantity.flow_rate",
  totalizer: "quantity.totalizer",
  level: "quantity.level",
  pressure: "quantity.pressure",
});

const metrics = /** @type {(keyof typeof LABELS)[]} */ (Object.keys(LABELS));
const written = (/** @type {string} */ unit) => unit.replace("m3", "m³");

/** @returns {import("./field.js").Field[]} */
export const limitFields = () => [
  {
    name: "allowed_networks",
    label: t("admin.key.networks"),
    kind: "lines",
    hint: t("admin.key.networksHint"),
    attributes: { spellcheck: "false" },
  },
  {
    name: "units",
    label: t("admin.key.units"),
    kind: "select",
    hint: t("admin.key.unitsHint"),
    options: [pair("ours", t("admin.key.ours")), pair("others", t("admin.key.others"))],
  },
  ...metrics.map((metric) => ({
    name: metric,
    label: t(LABELS[metric]),
    kind: /** @type {const} */ ("select"),
    options: UNITS[metric].map((unit) => pair(unit, written(unit))),
    when: (/** @type {Record<string, any>} */ values) => values.units === "others",
  })),
];

/**
 * What the API takes of these fields; what is usual is left out.
 *
 * @param {Record<string, any>} values
 */
export function limitsOf({ allowed_networks, ...values }) {
  const others = metrics.filter((metric) => (values[metric] ?? UNITS[metric][0]) !== UNITS[metric][0]);
  return {
    ...(allowed_networks.length > 0 && { allowed_networks }),
    ...(others.length > 0 && {
      flat_units: Object.fromEntries(others.map((metric) => [metric, values[metric]])),
    }),
  };
}

/** @param {string[] | null} networks */
export const networksText = (networks) => networks?.join(", ") ?? t("admin.key.anywhere");

/** @param {Record<string, string>} units */
export const unitsText = (units) =>
  metrics
    .filter((metric) => metric in units)
    .map((metric) => `${t(LABELS[metric])} ${written(units[metric])}`)
    .join(", ") || t("admin.key.oursShort");
