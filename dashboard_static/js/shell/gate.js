// @ts-check
/** A card in place of the views: forgotten password, new password, locked. One at a time. */

import { byId, h, setText } from "../lib/dom.js";
import { t } from "../lib/translate.js";
import { PASSWORD_LENGTH } from "../live/account.js";
import { createSecretForm, newPasswordFields } from "./secret-form.js";

/** @typedef {(value: string) => Promise<string | null>} Ask  gives null, or what went wrong in words */

export function createGate() {
  const root = byId("gate", HTMLElement);

  /**
   * @param {string} title
   * @param {string} text
   * @param {{form: HTMLElement, focus: () => void}} card
   * @param {...Node} more
   */
  function show(title, text, card, ...more) {
    root.replaceChildren(
      h(
        "section",
        { class: "card sign-in", "aria-labelledby": "gate-title" },
        h("h1", { id: "gate-title" }, title),
        h("p", { class: "subtitle" }, text),
        card.form,
        ...more,
      ),
    );
    card.focus();
  }

  return {
    hide() {
      if (root.contains(document.activeElement)) byId("content", HTMLElement).focus();
      root.replaceChildren();
    },

    /** @param {{onSend: Ask, onBack: () => void}} on */
    showForgot({ onSend, onBack }) {
      const sent = h("p", { role: "status" });
      const form = createSecretForm({
        id: "forgot",
        fields: [{ name: "email", label: "signIn.email", type: "email", autocomplete: "username" }],
        submit: "forgot.submit",
        onSubmit: async ({ email }) => {
          setText(sent, "");
          const problem = await onSend(email.trim());
          if (problem === null) setText(sent, t("forgot.sent"));
          return problem;
        },
      });
      const back = h("button", { type: "button", class: "link", onclick: onBack }, t("forgot.back"));
      show(t("forgot.title"), t("forgot.text"), form, sent, back);
    },

    /** @param {string} email @param {Ask} onSet */
    showNewPassword(email, onSet) {
      const form = createSecretForm({
        id: "reset",
        fields: newPasswordFields(PASSWORD_LENGTH),
        submit: "password.submit",
        user: email,
        onSubmit: async ({ next, again }) => (next === again ? onSet(next) : t("password.differ")),
      });
      show(t("password.title"), t("password.of", { email }), form);
    },

    /** @param {string} email @param {Ask} onUnlock */
    showLock(email, onUnlock) {
      const form = createSecretForm({
        id: "lock",
        fields: [{ name: "password", label: "signIn.password", autocomplete: "current-password" }],
        submit: "lock.submit",
        user: email,
        onSubmit: ({ password }) => onUnlock(password),
      });
      show(t("lock.title"), t("lock.text", { email }), form);
    },
  };
}
