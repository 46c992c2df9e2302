// @ts-check
/** The sign-in form. */
import { byId, setText } from "../lib/dom.js";
import { t } from "../lib/translate.js";

/**
 * @param {{onSubmit: (email: string, password: string) => Promise<string | null>}} options
 *   onSubmit gives null, or what went wrong in words
 */
export function createSignIn({ onSubmit }) {
  const section = byId("sign-in", HTMLElement);
  const form = byId("sign-in-form", HTMLFormElement);
  const email = byId("email", HTMLInputElement);
  const password = byId("password", HTMLInputElement);
  const error = byId("sign-in-error", HTMLElement);
  const notice = byId("sign-in-notice", HTMLElement);
  const button = byId("sign-in-button", HTMLButtonElement);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    setText(error, "");
    button.disabled = true;
    setText(button, t("signIn.busy"));
    const problem = await onSubmit(email.value.trim(), password.value);
    button.disabled = false;
    setText(button, t("signIn.submit"));
    if (problem === null) {
      form.reset();
      return;
    }
    setText(error, problem);
    password.focus();
    password.select();
  });

  return {
    /** @param {string} words  why the form is shown again; empty for no reason */
    show(words) {
      section.hidden = false;
      notice.hidden = words === "";
      setText(notice, words);
      setText(error, "");
      email.focus();
    },
    /** The focus goes to the content, not to nowhere. */
    hide() {
      const { activeElement } = document;
      const focused = activeElement === document.body || section.contains(activeElement);
      if (!section.hidden && focused) byId("content", HTMLElement).focus();
      section.hidden = true;
      form.reset();
    },
  };
}
