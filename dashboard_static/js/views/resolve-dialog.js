// @ts-check
/** Asks for a note and resolves one alert. */
import { byId, setText } from "../lib/dom.js";

/** @typedef {import("../types.js").Alert} Alert */

/**
 * @param {object} options
 * @param {(alert: Alert, note: string) => Promise<string | null>} options.onConfirm  gives null, or what went
 *   wrong in words
 * @param {HTMLElement} options.fallback  takes the focus when the button that opened the dialog is gone
 */
export function createResolveDialog({ onConfirm, fallback }) {
  const dialog = byId("resolve", HTMLDialogElement);
  const form = byId("resolve-form", HTMLFormElement);
  const message = byId("resolve-message", HTMLElement);
  const note = byId("resolve-note", HTMLTextAreaElement);
  const error = byId("resolve-error", HTMLElement);
  const confirm = byId("resolve-confirm", HTMLButtonElement);
  /** @type {Alert | null} */
  let alert = null;

  byId("resolve-cancel", HTMLButtonElement).addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (alert === null || confirm.disabled) return;
    const asked = alert;
    confirm.disabled = true;
    setText(error, "");
    const problem = await onConfirm(asked, note.value.trim());
    confirm.disabled = false;
    if (alert !== asked) return;
    if (problem === null) dialog.close();
    else setText(error, problem);
  });
  dialog.addEventListener("close", () => {
    alert = null;
    setText(message, "");
    form.reset();
    if (document.activeElement === document.body) fallback.focus();
  });

  return {
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
