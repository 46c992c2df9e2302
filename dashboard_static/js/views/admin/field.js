// @ts-check
/** One labelled field of a form. */
import { h, setAttribute, setText } from "../../lib/dom.js";

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {"text" | "email" | "url" | "number" | "select" | "check" | "lines" | "many"} [kind]
 *   lines: a list, one a line; many: several of `options`
 * @property {[value: string, label: string][]} [options]
 * @property {string} [hint]
 * @property {boolean} [required]
 * @property {Record<string, string | number>} [attributes]  of the input
 * @property {(values: Record<string, any>) => boolean} [when]  whether it is shown
 */

let numbers = 0;

/** @param {Field} field @param {any} value */
export function createField(field, value) {
  const { name, label, kind = "text", options = [], hint, required = false, attributes = {} } = field;
  numbers += 1;
  const id = `field-${numbers}`;
  const error = h("p", { id: `${id}-error`, class: "error", hidden: true });
  const note = hint === undefined ? null : h("p", { id: `${id}-hint`, class: "subtitle" }, hint);
  const described = [note && `${id}-hint`, `${id}-error`].filter(Boolean).join(" ");
  const common = { id, name, required, "aria-describedby": described, autocomplete: "off", ...attributes };
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
    if (kind === "check") {
      return h("input", { ...common, type: "checkbox", class: "admin-check", checked: Boolean(value) });
    }
    const made = h("input", { ...common, type: kind });
    made.value = value === null || value === undefined ? "" : String(value);
    return made;
  }

  /** Null: nothing is given. */
  function read() {
    if (input instanceof HTMLSelectElement && input.multiple) {
      return [...input.selectedOptions].map((option) => option.value);
    }
    if (kind === "check" && input instanceof HTMLInputElement) return input.checked;
    const text = input.value.trim();
    if (kind === "lines") return text.split(/\s*\n\s*/).filter((line) => line !== "");
    if (text === "") return null;
    return kind === "number" ? Number(text) : text;
  }

  const caption = h("label", { for: id }, label);
  return {
    name,
    field,
    input,
    node: h("div", { class: "field" }, kind === "check" ? [input, caption] : [caption, input], note, error),
    read,
    /** @param {string} words  empty: it is right */
    fail(words) {
      setText(error, words);
      error.hidden = words === "";
      setAttribute(input, "aria-invalid", words === "" ? null : "true");
    },
  };
}
