// @ts-check
/** The person's own account: who, password, lock, language, sessions. */
import { h, setText } from "../../lib/dom.js";
import { LANGUAGES, t } from "../../lib/translate.js";
import { PASSWORD_LENGTH } from "../../live/account.js";
import { LOCK_MINUTES } from "../../live/idle-lock.js";
import { createSecretForm, newPasswordFields } from "../../shell/secret-form.js";
import { LANGUAGE_NAMES } from "../../shell.js";

/** @typedef {import("../../types.js").Context} Context */

/** @returns {import("../../types.js").View} */
export function createView() {
  const zone = h("dd");
  const time = h("dd");
  /** @type {Context} */
  let context;

  return {
    mount(root, given) {
      context = given;
      root.append(
        h("h1", {}, t("account.title")),
        person(context, zone, time),
        password(context),
        lock(context),
        sessions(context),
      );
    },
    update(now) {
      setText(zone, context.instants.zoneName(now));
      setText(time, context.instants.full(now));
    },
    unmount() {},
  };
}

/** @param {Context} context @param {HTMLElement} zone @param {HTMLElement} time */
function person({ profile, account }, zone, time) {
  const language = h(
    "select",
    { id: "account-language", onchange: () => account.chooseLanguage(language.value) },
    LANGUAGES.map((each) =>
      h(
        "option",
        { value: each, lang: each, selected: each === document.documentElement.lang },
        LANGUAGE_NAMES[each],
      ),
    ),
  );
  return card(
    "person",
    h(
      "dl",
      { class: "account-facts" },
      h("dt", {}, t("signIn.email")),
      h("dd", {}, profile.email),
      profile.full_name !== null && [h("dt", {}, t("account.name")), h("dd", {}, profile.full_name)],
      h("dt", {}, t("account.role")),
      h("dd", {}, t(`account.${profile.role}`)),
      h("dt", {}, t("account.organization")),
      h("dd", {}, profile.organization ?? "–"),
      h("dt", {}, t("account.zone")),
      zone,
      h("dt", {}, t("account.now")),
      time,
    ),
    h("p", { class: "subtitle" }, t("account.zoneHelp")),
    h("label", { for: "account-language" }, t("shell.language")),
    language,
  );
}

/** @param {Context} context */
function password({ profile, account, announce }) {
  const done = h("p");
  const { form } = createSecretForm({
    id: "change",
    fields: [
      { name: "current", label: "password.current", autocomplete: "current-password" },
      ...newPasswordFields(PASSWORD_LENGTH),
    ],
    submit: "password.submit",
    user: profile.email,
    onSubmit: async ({ current, next, again }) => {
      setText(done, "");
      if (next !== again) return t("password.differ");
      const { isSet, words } = await account.changePassword(profile.email, current, next);
      if (!isSet) return words;
      setText(done, words);
      announce(words);
      return null;
    },
  });
  return card("password", form, done);
}

/** @param {Context} context */
function lock({ preferences, announce }) {
  const chosen = Number(preferences.get("lockMinutes"));
  const choice = h(
    "select",
    { id: "account-lock-choice", "aria-labelledby": "account-lock", "aria-describedby": "account-lock-help" },
    LOCK_MINUTES.map((count) =>
      h(
        "option",
        { value: count, selected: count === chosen },
        count === 0 ? t("account.never") : t("account.minutes", { count }),
      ),
    ),
  );
  choice.addEventListener("change", () => {
    preferences.set("lockMinutes", Number(choice.value));
    announce(t("account.lockSaved"));
  });
  return card("lock", h("p", { id: "account-lock-help", class: "subtitle" }, t("account.lockHelp")), choice);
}

/** @param {Context} context */
function sessions({ account }) {
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { type: "button", onclick: end }, t("account.everywhere"));

  async function end() {
    if (button.disabled) return;
    setText(error, "");
    button.disabled = true;
    const problem = await account.signOutEverywhere();
    button.disabled = false;
    if (problem === null) return;
    setText(error, problem);
    button.focus();
  }

  return card("sessions", h("p", { class: "subtitle" }, t("account.sessionsHelp")), error, button);
}

/** @param {"person" | "password" | "lock" | "sessions"} name @param {...Node} children */
function card(name, ...children) {
  return h(
    "section",
    { class: "card", "aria-labelledby": `account-${name}` },
    h("h2", { id: `account-${name}` }, t(`account.${name}`)),
    ...children,
  );
}
