// @ts-check
/** Dialogs: a form, a question, or something to read. One at a time; nothing of it stays when it is closed. */
import { createDecimal } from "../../lib/decimal.js";
import { h, setText } from "../../lib/dom.js";
import { ApiProblem, failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { createField } from "./field.js";

/** @typedef {import("./field.js").Field} Field */

/** @typedef {Record<string, any>} Values */

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string | false} [intro]
 * @property {string} [confirm]
 * @property {Field[]} [fields]
 * @property {Values} [values]
 * @property {boolean} [danger]
 * @property {(values: Values, changed: Values) => Promise<any>} send  changed: what differs from `values`
 * @property {(answer: any) => void} [done]  after the dialog closed; else the list is read again
 * @property {string} [said]  what is announced then
 */

/**
 * @param {import("../../types.js").Context} context
 * @param {HTMLElement} heading  takes the focus when what opened the dialog is gone
 * @param {() => void} reload  after a change
 */
export function createDialogs({ announce, locale }, heading, reload) {
  const node = h("div");
  const decimal = createDecimal(locale);
  /** @type {HTMLDialogElement | null} */
  let shown = null;

  /**
   * @param {string} title
   * @param {Node[]} content
   * @param {{wide?: boolean, keep?: boolean, onClose?: () => void}} [options]  keep: Escape does not close it
   */
  function show(title, content, { wide = false, keep = false, onClose } = {}) {
    close();
    const caption = h("h2", { id: "admin-dialog", tabindex: -1 }, title);
    const dialog = h(
      "dialog",
      { "aria-labelledby": "admin-dialog", class: wide && "admin-wide" },
      caption,
      content,
    );
    dialog.addEventListener("cancel", (event) => keep && event.preventDefault());
    dialog.addEventListener("close", () => {
      if (shown === dialog) shown = null;
      dialog.remove();
      onClose?.();
      // The browser gave the focus back to what opened it, if that is still there.
      if (document.activeElement === document.body) heading.focus();
    });
    node.append(dialog);
    shown = dialog;
    dialog.showModal();
    const first = dialog.querySelector("input:not([disabled]), select, textarea");
    (first instanceof HTMLElement ? first : caption).focus();
    return () => {
      if (shown === dialog) close();
    };
  }

  function close() {
    const closing = shown;
    shown = null;
    closing?.close();
    closing?.remove();
  }

  const closeButton = (/** @type {string} */ label) => h("button", { type: "button", onclick: close }, label);

  /**
   * A form; `send` is called once a submit, and its failure is shown where it belongs.
   *
   * @param {Question} question
   */
  function ask({
    title,
    intro,
    confirm = t("admin.save"),
    fields = [],
    values = {},
    danger,
    send,
    done = reload,
    said,
  }) {
    const made = fields.map((field) => createField(field, values[field.name], decimal));
    const error = h("p", { class: "error", role: "alert" });
    const submit = h("button", { type: "submit", class: danger ? "danger" : "primary" }, confirm);
    const read = () => Object.fromEntries(made.map((field) => [field.name, field.read()]));
    const sift = () => {
      const now = read();
      for (const { node, input, field, check } of made) {
        const used = field.when?.(now) ?? true;
        node.hidden = !used;
        input.disabled = !used;
        check();
      }
    };
    const form = h(
      "form",
      { onsubmit: onSubmit, oninput: sift },
      intro && h("p", {}, intro),
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
        Object.entries(all).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
      );
      try {
        const answer = await send(all, changed);
        if (!node.isConnected) return;
        if (open) shut();
        announce(said ?? t("admin.saved"));
        done(answer);
      } catch (failed) {
        submit.disabled = false;
        setText(error, showFaults(failed, used) || words(failed));
        const faulty = used.find(({ input }) => input.hasAttribute("aria-invalid"));
        if (faulty) faulty.input.focus();
        else if (!form.contains(document.activeElement)) submit.focus();
        // It may have been done all the same.
        reload();
      }
    }
  }

  return {
    node,
    close,
    show,
    /** Something to read. @param {string} title @param {Node[]} content @param {Parameters<typeof show>[2]} [options] */
    read: (title, content, options) =>
      show(title, [...content, h("div", { class: "actions" }, closeButton(t("admin.close")))], options),

    ask,
    /**
     * Asks before something is put into use or out of it.
     *
     * @param {string} name
     * @param {boolean} on
     * @param {string | false} intro  what it means
     * @param {() => Promise<any>} send
     */
    turn: (name, on, intro, send) =>
      ask({
        title: on ? t("admin.onOf", { name }) : t("admin.offOf", { name }),
        intro,
        confirm: on ? t("admin.on") : t("admin.off"),
        danger: !on,
        send,
      }),
    /** @param {string} name @param {string} intro @param {() => Promise<any>} send */
    remove: (name, intro, send) =>
      ask({ title: t("admin.removeOf", { name }), intro, confirm: t("admin.remove"), danger: true, send }),
  };
}

/** The API's own words where there are any: "the last admin must stay". @param {unknown} error */
function words(error) {
  return error instanceof ApiProblem && [400, 404, 409].includes(error.status) && error.detail
    ? error.detail
    : failureWords(error);
}

/**
 * Faults at their fields; gives what has no field here.
 *
 * @param {unknown} error
 * @param {ReturnType<typeof createField>[]} fields
 */
function showFaults(error, fields) {
  let rest = "";
  for (const { pointer = "", detail = "" } of error instanceof ApiProblem ? error.errors : []) {
    const field = fields.find(({ name }) => name === pointer.split("/")[1]);
    if (field) field.fail(detail);
    else rest += `${pointer} ${detail} `;
  }
  return rest;
}
