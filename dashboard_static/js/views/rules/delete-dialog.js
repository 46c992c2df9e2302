// @ts-check
/** Asks before a rule is deleted. */
import { deleteRule } from "../../data/rules.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { ApiProblem, failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("../../data/rules.js").Rule} Rule */

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {(rule: Rule) => void} options.onDeleted
 */
export function createDeleteDialog({ context: { api }, onDeleted }) {
  const words = h("p", {});
  const error = h("p", { class: "error", role: "alert" });
  const confirm = h("button", { type: "button", class: "primary", onclick: remove }, t("rules.delete"));
  const cancel = h("button", { type: "button", onclick: () => node.close() }, t("action.cancel"));
  const node = h(
    "dialog",
    { "aria-labelledby": "delete-title" },
    h("h2", { id: "delete-title" }, t("rules.deleteTitle")),
    words,
    error,
    h("div", { class: "actions" }, cancel, confirm),
  );
  /** @type {Rule | null} */
  let asked = null;
  let pending = false;

  async function remove() {
    if (asked === null || pending) return;
    const rule = asked;
    pending = true;
    setAttribute(confirm, "aria-disabled", "true");
    setText(error, "");
    let problem = "";
    try {
      await deleteRule(api, rule.id);
    } catch (failure) {
      // Gone already is what was asked for.
      const gone = failure instanceof ApiProblem && failure.status === 404;
      if (!gone) problem = failureWords(failure);
    }
    pending = false;
    setAttribute(confirm, "aria-disabled", null);
    if (problem === "") {
      // The dialog gives the focus back before its row goes.
      if (asked === rule) node.close();
      onDeleted(rule);
    } else if (asked === rule) setText(error, problem);
  }

  return {
    node,
    /** @param {Rule} rule */
    open(rule) {
      asked = rule;
      setText(words, t("rules.deleteWords", { name: rule.rule_name }));
      setText(error, "");
      node.showModal();
      cancel.focus();
    },
    close: () => node.close(),
  };
}
