// @ts-check
/** Asks for a note and acknowledges or resolves alerts. */
import { changeAlerts } from "../../data/alerts.js";
import { h, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../types.js").Alert} Alert */
/** @typedef {import("../../data/alerts.js").Deed} Deed */

/** Most alerts that are named; the others are counted. */
const NAMED = 5;

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {() => HTMLElement} options.fallback  takes the focus when the button that opened the dialog is gone
 * @param {(changed: Alert[]) => void} [options.onDone]
 */
export function createAlertDialog({ context, fallback, onDone = () => {} }) {
  const { client, fleet, announce, redraw } = context;
  const title = h("h2", { id: "alert-dialog-title" });
  const which = h("ul", { class: "dialog-alerts" });
  const note = h("textarea", { id: "alert-note", name: "note", rows: 3, maxlength: 2000 });
  const error = h("p", { class: "error", role: "alert" });
  const confirm = h("button", { class: "primary", type: "submit" });
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, t("action.cancel"));
  const form = h(
    "form",
    { onsubmit: submit },
    title,
    which,
    h("label", { for: "alert-note" }, t("alerts.note")),
    note,
    error,
    h("div", { class: "actions" }, cancel, confirm),
  );
  const dialog = h("dialog", { "aria-labelledby": "alert-dialog-title", onclose: onClose }, form);
  /** @type {{deed: Deed, alerts: Alert[]} | null} */
  let asked = null;

  async function submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    if (asked === null || confirm.disabled) return;
    const mine = asked;
    confirm.disabled = true;
    setText(error, "");
    const problem = await change(mine, note.value.trim());
    if (asked !== mine) return;
    confirm.disabled = false;
    if (problem === null) dialog.close();
    else setText(error, problem);
  }

  /**
   * @param {{deed: Deed, alerts: Alert[]}} mine
   * @param {string} words
   * @returns {Promise<string | null>} null, or what went wrong in words
   */
  async function change({ deed, alerts }, words) {
    /** @type {Alert[]} */
    let changed;
    try {
      changed = await changeAlerts(
        client,
        deed,
        alerts.map(({ id }) => id),
        words,
      );
    } catch (failure) {
      return failureWords(failure);
    }
    for (const row of changed) fleet.applyAlert({ eventType: "UPDATE", new: { ...row }, old: {} });
    redraw();
    onDone(changed);
    const missed = alerts.length - changed.length;
    if (missed > 0) context.feed.look();
    if (changed.length === 0) return t("alerts.notChanged", { count: alerts.length });
    const done = t(`alerts.done.${deed}`, { count: changed.length });
    announce(missed === 0 ? done : `${done}. ${t("alerts.notChanged", { count: missed })}`);
    return null;
  }

  function onClose() {
    asked = null;
    confirm.disabled = false;
    which.replaceChildren();
    form.reset();
    // The button that opened it may be gone, or go with the next drawing.
    if (document.activeElement === document.body) fallback().focus();
  }

  return {
    /** To put into the view. */
    node: dialog,
    /** @param {Deed} deed @param {Alert[]} alerts  at least one */
    open(deed, alerts) {
      asked = { deed, alerts };
      const words = t(`alerts.dialog.${deed}`, { count: alerts.length });
      setText(title, words);
      setText(confirm, words);
      const rest = alerts.length - NAMED;
      which.replaceChildren(
        ...alerts.slice(0, NAMED).map(({ message }) => h("li", {}, message)),
        ...(rest > 0 ? [h("li", {}, t("alerts.more", { count: rest }))] : []),
      );
      setText(error, "");
      dialog.showModal();
      note.focus();
    },
    close: () => dialog.close(),
  };
}
