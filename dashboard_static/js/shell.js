// @ts-check
/** The frame around the views: header, tabs, who is signed in, sign-in form, banner, footer. */
import { byId, h, setAttribute, setText } from "./lib/dom.js";
import { LANGUAGES, t } from "./lib/translate.js";
import { createBanner } from "./shell/banner.js";
import { createGate } from "./shell/gate.js";
import { createSignIn } from "./shell/sign-in.js";
import { createStatus } from "./shell/status.js";

/** Languages in their own words, so that everybody finds theirs. */
export const LANGUAGE_NAMES = { en: "English", de: "Deutsch" };

/**
 * @param {object} options
 * @param {import("./lib/translate.js").Language} options.language
 * @param {(language: string) => void} options.onLanguage
 * @param {() => void} options.onRetry
 * @param {() => void} options.onSignOut
 * @param {(email: string, password: string) => Promise<string | null>} options.onSignIn
 * @param {(email: string) => Promise<string | null>} options.onForgot  has a link sent
 */
export function createShell({ language, onLanguage, onRetry, onSignOut, onSignIn, onForgot }) {
  translatePage(language);
  const status = createStatus();
  const banner = createBanner({ onRetry });
  const signIn = createSignIn({ onSubmit: onSignIn });
  const gate = createGate();
  const organization = byId("organization", HTMLElement);
  const account = byId("account", HTMLElement);
  const accountName = byId("account-name", HTMLElement);
  const noOrganization = byId("no-organization", HTMLElement);
  const nav = byId("nav", HTMLElement);
  const tabs = byId("tabs", HTMLElement);
  const notice = byId("notice", HTMLElement);
  const content = byId("content", HTMLElement);
  /** @type {Map<string, HTMLAnchorElement>} */
  const links = new Map();

  byId("sign-out", HTMLButtonElement).addEventListener("click", onSignOut);
  byId("forgot", HTMLButtonElement).addEventListener("click", () => {
    signIn.hide();
    gate.showForgot({
      onSend: onForgot,
      onBack: () => {
        gate.hide();
        signIn.show("");
      },
    });
  });
  byId("skip", HTMLAnchorElement).addEventListener("click", (event) => {
    // The address belongs to the views.
    event.preventDefault();
    content.focus();
  });
  const choice = byId("language", HTMLSelectElement);
  choice.append(
    ...LANGUAGES.map((each) =>
      h("option", { value: each, lang: each, selected: each === language }, LANGUAGE_NAMES[each]),
    ),
  );
  choice.addEventListener("change", () => onLanguage(choice.value));

  return {
    status,
    banner,
    gate,

    /** @param {string} name  the view's, or of what it shows; empty: none */
    setTitle(name) {
      document.title = name === "" ? "FluxIO" : `${name} · FluxIO`;
    },

    /**
     * The tabs of the views that this person may see.
     *
     * @param {readonly import("./types.js").ViewEntry[]} views
     */
    showTabs(views) {
      links.clear();
      for (const { id, path, title, tab } of views) {
        if (tab) links.set(id, h("a", { href: `#${path.replace(/\/:.*/, "")}` }, t(title)));
      }
      tabs.replaceChildren(...[...links.values()].map((link) => h("li", {}, link)));
      nav.hidden = links.size < 2;
    },

    /** @param {import("./types.js").ViewEntry} entry */
    markTab({ id, under }) {
      for (const [tab, link] of links) {
        const current = tab === id ? "page" : tab === under ? "true" : null;
        setAttribute(link, "aria-current", current);
      }
    },

    /** A sentence above the view until the next address; empty for none. @param {string} text */
    showNotice(text) {
      notice.hidden = text === "";
      setText(notice, text);
    },

    /** Somebody is signed in, whoever it is. @param {string} email */
    showAccount(email) {
      signIn.hide();
      gate.hide();
      account.hidden = false;
      setText(accountName, email);
    },

    /** @param {string} name  of the organization */
    showOrganization: (name) => setText(organization, name),

    showNoOrganization() {
      noOrganization.hidden = false;
      status.show("off");
    },

    /** @param {string} words  of the time zone, empty: not known */
    showZone: (words) => setText(byId("zone", HTMLElement), words),

    /** @param {string} version */
    showVersion: (version) =>
      setText(byId("version", HTMLElement), version === "" ? "" : `FluxIO ${version}`),

    /** Nobody is signed in: nothing of a person stays. @param {string} words  why the form is shown again */
    showSignIn(words) {
      this.showNothing();
      account.hidden = true;
      setText(accountName, "");
      status.show("off");
      signIn.show(words);
    },

    /** Takes away what a person sees; their name and the way out stay. */
    showNothing() {
      gate.hide();
      noOrganization.hidden = true;
      nav.hidden = true;
      tabs.replaceChildren();
      links.clear();
      for (const node of [organization, notice]) setText(node, "");
      notice.hidden = true;
      this.showZone("");
      this.setTitle("");
      status.show("locked");
    },
  };
}

/** @typedef {ReturnType<typeof createShell>} Shell */

/** Writes index.html's texts in the language. @param {string} language */
function translatePage(language) {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) {
    setText(node, t(/** @type {import("./lib/translate.js").Key} */ (node.getAttribute("data-t"))));
  }
  for (const node of document.querySelectorAll("[data-t-label]")) {
    const key = /** @type {import("./lib/translate.js").Key} */ (node.getAttribute("data-t-label"));
    setAttribute(node, "aria-label", t(key));
  }
}
