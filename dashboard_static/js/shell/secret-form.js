// @ts-check
/** A form that takes passwords: nothing is sent twice, nothing typed stays in it. */
import { h, setText } from "../lib/dom.js";
import { t } from "../lib/translate.js";

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {import("../lib/translate.js").Key} label
 * @property {string} [type]  password
 * @property {string} autocomplete
 * @property {string} [hint]
 * @property {number} [minLength]
 */

/**
 * @param {object} options
 * @param {string} options.id  begins the ids of its fields
 * @param {readonly Field[]} options.fields
 * @param {import("../lib/translate.js").Key} options.submit
 * @param {string} [options.user]  for password managers: whose password it is
 * @param {(values: Record<string, string>) => Promise<string | null>} options.onSubmit  gives null, or words
 */
export function createSecretForm({ id, fields, submit, user, onSubmit }) {
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { class: "primary", type: "submit" }, t(submit));
  const inputs = fields.map(({ name, type = "password", autocomplete, hint, minLength }) =>
    h("input", {
      id: `${id}-${name}`,
      name,
      type,
      autocomplete,
      required: true,
      minlength: minLength,
      "aria-describedby": hint && `${id}-${name}-hint`,
    }),
  );
  const form = h(
    "form",
    { onsubmit: send },
    user !== undefined &&
      h("input", { name: "username", autocomplete: "username", value: user, readonly: true, hidden: true }),
    fields.flatMap(({ name, label, hint }, i) => [
      h("label", { for: `${id}-${name}` }, t(label)),
      inputs[i],
      hint === undefined ? null : h("p", { id: `${id}-${name}-hint`, class: "subtitle" }, hint),
    ]),
    error,
    button,
  );

  async function send(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    if (button.disabled) return;
    setText(error, "");
    button.disabled = true;
    let problem;
    try {
      problem = await onSubmit(Object.fromEntries(inputs.map(({ name, value }) => [name, value])));
    } catch (failure) {
      problem = failure instanceof Error ? failure.message : String(failure);
    }
    button.disabled = false;
    if (problem === null) {
      form.reset();
      return;
    }
    setText(error, problem);
    inputs[0].focus();
    inputs[0].select();
  }

  return { form, focus: () => inputs[0].focus() };
}

/** The two fields of a new password. @param {number} length @returns {Field[]} */
export const newPasswordFields = (length) => [
  {
    name: "next",
    label: "password.new",
    autocomplete: "new-password",
    hint: t("password.hint", { count: length }),
    minLength: length,
  },
  { name: "again", label: "password.repeat", autocomplete: "new-password" },
];
