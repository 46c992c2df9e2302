// @ts-check
/** Asks for a note and resolves one alert. */
import { resolveAlert } from "../../data/queries.js";
import { h, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../types.js").Alert} Alert */

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {() => HTMLElement} options.fallback  takes the focus when the button that opened the dialog is gone
 */
export function createResolveDialog({ context, fallback }) {
  const { client, fleet, announce, redraw } = context;
  const message = h("p");
  const note = h("textarea", { id: "resolve-note", name: "note", rows: 3, maxlength: 2000 });
  const error = h("p", { class: "error", role: "alert" });
  const confirm = h("button", { class: "primary", type: "submit" }, t("alerts.dialog"));
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, t("action.cancel"));
  const form = h(
    "form",
    { onsubmit: submit },
    h("h2", { id: "resolve-title" }, t("alerts.dialog")),
    message,
    h("label", { for: "resolve-note" }, t("alerts.note")),
    note,
    error,
    h("div", { class: "actions" }, cancel, confirm),
  );
  const dialog = h("dialog", { "aria-labelledby": "resolve-title", onclose: onClose }, form);
  /** @type {Alert | null} */
  let alert = null;

  async function submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    if (alert === null || confirm.disabled) return;
    const asked = alert;
    confirm.disabled = true;
    setText(error, "");
    const problem = await resolve(asked, note.value.trim());
    confirm.disabled = false;
    if (alert !== asked) return;
    if (problem === null) dialog.close();
    else setText(error, problem);
  }

  /**
   * @param {Alert} asked
   * @param {string} words
   * @returns {Promise<string | null>} null, or what went wrong in words
   */
  async function resolve(asked, words) {
    try {
      if (!(await resolveAlert(client, asked.id, words))) return t("alerts.notChanged");
    } catch (failure) {
      return failureWords(failure);
    }
    fleet.applyAlert({ eventType: "UPDATE", new: { ...asked, is_resolved: true }, old: {} });
    redraw();
    announce(t("alerts.resolved"));
    return null;
  }

  function onClose() {
    alert = null;
    setText(message, "");
    form.reset();
    if (document.activeElement === document.body) fallback().focus();
  }

  return {
    /** To put into the view. */
    node: dialog,
    /** @param {Alert} next */
    open(next) {
      alert = next;
      setText(message, next.message);
      setText(error, "");
      dialog.showModal();
      note.focus();
    },
    close: () => dialog.close(),
  };
}
