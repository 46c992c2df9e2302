// @ts-check
/** One labelled field of a form. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {"text" | "email" | "number" | "select" | "lines" | "many"} [kind]
 *   lines: a list, one a line; many: several of `options`
 * @property {[value: string, label: string][]} [options]  of a text: what may be picked
 * @property {string} [hint]
 * @property {[least: number, most: number]} [range]  of a whole number; without it a number may be any
 * @property {boolean} [required]
 * @property {Record<string, string | number>} [attributes]  of the input
 * @property {(values: Record<string, any>) => boolean} [when]  whether it is shown
 */

let numbers = 0;

/** @param {Field} field @param {any} value @param {ReturnType<typeof import("../../lib/decimal.js").createDecimal>} decimal */
export function createField(field, value, decimal) {
  const { name, label, kind = "text", options = [], range, hint, required = false, attributes = {} } = field;
  numbers += 1;
  const id = `field-${numbers}`;
  const error = h("p", { id: `${id}-error`, class: "error", hidden: true });
  const note = hint === undefined ? null : h("p", { id: `${id}-hint`, class: "subtitle" }, hint);
  const described = [note && `${id}-hint`, `${id}-error`].filter(Boolean).join(" ");
  const common = { id, name, required, "aria-describedby": described, autocomplete: "off", ...attributes };
  const offered =
    kind === "text" &&
    options.length > 0 &&
    h(
      "datalist",
      { id: `${id}-list` },
      options.map(([each]) => h("option", { value: each })),
    );
  const input = control();

  function control() {
    if (kind === "lines") {
      const area = h("textarea", { ...common, rows: 3 });
      area.value = (value ?? []).join("\n");
      return area;
    }
    if (kind === "select" || kind === "many") {
      const many = kind === "many";
      const chosen = new Set(many ? value : [String(value ?? "")]);
      const size = many ? Math.min(6, Math.max(2, options.length)) : null;
      return h(
        "select",
        { ...common, multiple: many, size },
        options.map(([each, text]) => h("option", { value: each, selected: chosen.has(each) }, text)),
      );
    }
    const made = h("input", { ...common, ...typeOf(kind), list: options.length > 0 && `${id}-list` });
    made.value = typeof value === "number" ? decimal.write(value) : (value ?? "");
    return made;
  }

  /** Null: nothing is given. */
  function read() {
    if (input instanceof HTMLSelectElement && input.multiple) {
      return [...input.selectedOptions].map((option) => option.value);
    }
    const text = input.value.trim();
    if (kind === "lines") return text.split(/\s*\n\s*/).filter((line) => line !== "");
    if (text === "") return null;
    return kind === "number" ? decimal.parse(text) : text;
  }

  const caption = h("label", { for: id }, label);
  return {
    name,
    field,
    input,
    node: h("div", { class: "field" }, caption, input, offered, note, error),
    read,
    /** Says why a number is none. */
    check() {
      const number = kind === "number" ? read() : null;
      if (typeof number !== "number") return input.setCustomValidity("");
      const [min, max] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      const isRight = number >= min && number <= max && (!range || Number.isInteger(number));
      const words = range
        ? t("admin.whole", { min, max })
        : t("admin.number", { example: decimal.write(1234.5) });
      return input.setCustomValidity(isRight ? "" : words);
    },
    /** @param {string} words  empty: it is right */
    fail(words) {
      setText(error, words);
      error.hidden = words === "";
      setAttribute(input, "aria-invalid", words === "" ? null : "true");
    },
  };
}

/** A number is a text here: what a browser's own number field does with a comma differs. @param {string} kind */
const typeOf = (kind) => (kind === "number" ? { type: "text", inputmode: "decimal" } : { type: kind });
