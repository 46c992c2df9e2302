// @ts-check
/** Dialogs: a form, a question, or something to read. One at a time; nothing of it stays when it is closed. */
import { h, setText } from "../../lib/dom.js";
import { ApiProblem, failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { createField } from "./field.js";

/** @typedef {Record<string, any>} Values */
/** @typedef {import("./field.js").Field} Field */

/**
 * @param {import("../../types.js").Context} context
 * @param {() => HTMLElement} fallback  takes the focus when what opened the dialog is gone
 */
export function createDialogs({ announce }, fallback) {
  const node = h("div");
  /** @type {HTMLDialogElement | null} */
  let shown = null;

  /**
   * @param {string} title
   * @param {Node[]} content
   * @param {{wide?: boolean, keep?: boolean, onClose?: () => void}} [options]  keep: Escape does not close it
   */
  function show(title, content, { wide = false, keep = false, onClose } = {}) {
    close();
    const opener = document.activeElement;
    const heading = h("h2", { id: "admin-dialog", tabindex: -1 }, title);
    const dialog = h(
      "dialog",
      { "aria-labelledby": "admin-dialog", class: wide && "admin-wide" },
      heading,
      content,
    );
    dialog.addEventListener("cancel", (event) => keep && event.preventDefault());
    dialog.addEventListener("close", () => {
      if (shown === dialog) shown = null;
      dialog.remove();
      onClose?.();
      if (opener instanceof HTMLElement && opener.isConnected && opener.checkVisibility()) opener.focus();
      else if (fallback().isConnected) fallback().focus();
    });
    node.append(dialog);
    shown = dialog;
    dialog.showModal();
    const first = dialog.querySelector("input:not([disabled]), select, textarea");
    (first instanceof HTMLElement ? first : heading).focus();
    return () => dialog.close();
  }

  function close() {
    const closing = shown;
    shown = null;
    closing?.close();
  }

  const closeButton = (/** @type {string} */ label) => h("button", { type: "button", onclick: close }, label);

  return {
    node,
    close,
    show,
    /** Something to read. @param {string} title @param {Node[]} content @param {Parameters<typeof show>[2]} [options] */
    read: (title, content, options) =>
      show(title, [...content, h("div", { class: "actions" }, closeButton(t("admin.close")))], options),

    /**
     * A form; `send` is called once a submit, and its failure is shown where it belongs.
     *
     * @param {object} options
     * @param {string} options.title
     * @param {string | null} [options.intro]
     * @param {string} options.confirm
     * @param {Field[]} [options.fields]
     * @param {Values} [options.values]
     * @param {boolean} [options.danger]
     * @param {(values: Values, changed: Values) => Promise<any>} options.send  changed: what differs from `values`
     * @param {(answer: any) => void} options.done  after the dialog closed
     * @param {string} options.said  what is announced then
     */
    ask({ title, intro = null, confirm, fields = [], values = {}, danger = false, send, done, said }) {
      const made = fields.map((field) => createField(field, values[field.name]));
      const error = h("p", { class: "error", role: "alert" });
      const submit = h("button", { type: "submit", class: danger ? "danger" : "primary" }, confirm);
      const read = () => Object.fromEntries(made.map((field) => [field.name, field.read()]));
      const sift = () => {
        const now = read();
        for (const { node, input, field } of made) {
          const used = field.when?.(now) ?? true;
          node.hidden = !used;
          input.disabled = !used;
        }
      };
      const form = h(
        "form",
        { onsubmit: onSubmit, oninput: sift },
        intro !== null && h("p", {}, intro),
        made.map((field) => field.node),
        error,
        h("div", { class: "actions" }, closeButton(t("action.cancel")), submit),
      );
      sift();
      const before = read();
      let open = true;
      const shut = show(title, [form], { onClose: () => (open = false) });

      /** @param {SubmitEvent} event */
      async function onSubmit(event) {
        event.preventDefault();
        if (submit.disabled) return;
        submit.disabled = true;
        setText(error, "");
        for (const field of made) field.fail("");
        const used = made.filter(({ node }) => !node.hidden);
        const all = Object.fromEntries(used.map((field) => [field.name, field.read()]));
        const changed = Object.fromEntries(
          Object.entries(all).filter(
            ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
          ),
        );
        try {
          const answer = await send(all, changed);
          if (open) shut();
          announce(said);
          done(answer);
        } catch (failed) {
          submit.disabled = false;
          setText(error, showFaults(failed, used) || words(failed));
        }
      }
    },
  };
}

/** The API's own words where there are any: "the last admin must stay". @param {unknown} error */
function words(error) {
  const own = error instanceof ApiProblem && error.status >= 400 && error.status < 500 && error.detail;
  return own && error instanceof ApiProblem && error.status !== 401 && error.status !== 403
    ? own
    : failureWords(error);
}

/**
 * Faults at their fields; gives what has no field here.
 *
 * @param {unknown} error
 * @param {ReturnType<typeof createField>[]} fields
 */
function showFaults(error, fields) {
  if (!(error instanceof ApiProblem) || error.errors.length === 0) return "";
  const rest = [];
  for (const { pointer = "", detail = "" } of error.errors) {
    const field = fields.find(({ name }) => name === pointer.split("/")[1]);
    if (field) field.fail(detail);
    else rest.push(`${pointer} ${detail}`);
  }
  const faulty = fields.find(({ input }) => input.getAttribute("aria-invalid") === "true");
  faulty?.input.focus();
  return rest.join(" ") || error.detail;
}
