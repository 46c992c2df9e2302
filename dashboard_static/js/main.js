// @ts-check
/** Boot: language, settings, the clients, who is signed in. */
import { createApi } from "./data/api.js";
import { loadProfile } from "./data/queries.js";
import { readArrival } from "./lib/arrival.js";
import { backoffMs } from "./lib/backoff.js";
import { createClock } from "./lib/clock.js";
import { loadConfig } from "./lib/config.js";
import { failureWords, signInWords } from "./lib/errors.js";
import { createPreferences } from "./lib/preferences.js";
import { createSupabase } from "./lib/supabase.js";
import { chooseLanguage, setLanguage, t } from "./lib/translate.js";
import { createAccount } from "./live/account.js";
import { createIdleLock } from "./live/idle-lock.js";
import { LEAVE_MS, watchSession } from "./live/session.js";
import { createShell } from "./shell.js";
import { openSession } from "./signed-in.js";

const preferences = createPreferences();
const { language, locale } = chooseLanguage(preferences.get("language"), globalThis.navigator.languages);
setLanguage(language, locale);

/** In this tab: a password must be set before anything is shown, also after a reload. */
const NEEDS_PASSWORD = "fluxio-needs-password";
const arrival = readArrival(globalThis.location.hash);
// Tokens do not stay in the address, nor in the history.
if (arrival !== null) globalThis.history.replaceState(null, "", globalThis.location.pathname);
globalThis.addEventListener("hashchange", (event) => {
  if (readArrival(globalThis.location.hash) === null) return;
  // A link that is opened in this very page: it is read when the page begins, and is no view.
  event.stopImmediatePropagation();
  reload();
});

/** @param {string} next */
function speak(next) {
  preferences.set("language", next);
  reload();
}

const reload = () => globalThis.location.reload();
/** What the frame's buttons do now; they are there before the settings are. */
const actions = {
  retry: reload,
  signOut: () => {},
  /** @type {(email: string, password: string) => Promise<string | null>} */
  signIn: async () => null,
  /** @type {(email: string) => Promise<string | null>} */
  forgot: async () => null,
};
const shell = createShell({
  language,
  onLanguage: speak,
  onRetry: () => actions.retry(),
  onSignOut: () => actions.signOut(),
  onSignIn: (email, password) => actions.signIn(email, password),
  onForgot: (email) => actions.forgot(email),
});

/** @typedef {{id: string, email: string}} User */

/**
 * @param {import("./lib/config.js").Config} config
 * @param {number} clockOffset [ms]
 */
async function start(config, clockOffset) {
  const client = createSupabase(config);
  const clock = createClock(clockOffset);
  const api = createApi({ baseUrl: config.api_url, client });
  const own = createAccount(config, client);
  const lock = createIdleLock({
    // The browser's own, which its tabs share.
    clock: createClock(0),
    minutes: () => preferences.get("lockMinutes"),
    onChange: () => user !== null && void open(user),
  });
  /** @type {User | null} */
  let user = null;
  /** @type {ReturnType<typeof openSession> | null} */
  let opened = null;
  /** Until the channels of the last session are left. */
  let closing = Promise.resolve();
  /** Counts sessions, so that an answer for one that ended is dropped. */
  let sessions = 0;

  shell.showVersion(config.version);
  actions.signIn = async (email, password) => {
    const { error } = await client.auth.signInWithPassword({ email, password });
    return error === null ? null : signInWords(error);
  };
  actions.forgot = own.sendLink;
  let badLink = await arrive();
  const session = watchSession({ client, onBegin: begin, onEnd: end });
  actions.signOut = () => void session.signOut(close);
  /** @type {import("./types.js").AccountActions} */
  const account = {
    changePassword: own.changePassword,
    signOutEverywhere: async () => {
      const error = await session.signOutEverywhere();
      return error && signInWords(error, "account.failed");
    },
    chooseLanguage: speak,
  };

  /** Takes over the session that a mail's link brought. Gives words when the link no longer works. */
  async function arrive() {
    if (arrival === null) return "";
    if (arrival.tokens === null) return t("signIn.badLink");
    for (;;) {
      const { error } = await client.auth.setSession(arrival.tokens);
      shell.banner.hide();
      if (error === null) {
        if (arrival.needsPassword) globalThis.sessionStorage.setItem(NEEDS_PASSWORD, "1");
        return "";
      }
      if (error.name !== "AuthRetryableFetchError") return t("signIn.badLink");
      // The link works once: what it brought is kept until the service can be reached.
      shell.banner.show(signInWords(error));
      await new Promise((resolve) => {
        actions.retry = () => resolve(undefined);
      });
    }
  }

  /** @param {User} person */
  function begin(person) {
    user = person;
    lock.begin();
    void open(person, badLink);
    badLink = "";
  }

  /** Shows the views, or what must come before them. @param {User} person @param {string} [notice] */
  async function open(person, notice = "") {
    sessions += 1;
    const mine = sessions;
    shell.showAccount(person.email);
    closing = close();
    if (globalThis.sessionStorage.getItem(NEEDS_PASSWORD) !== null) {
      shell.showNothing();
      shell.gate.showNewPassword(person.email, (password) => setFirst(person, password));
    } else if (lock.isLocked()) {
      shell.showNothing();
      shell.gate.showLock(person.email, (password) => unlock(person, password));
    } else {
      shell.status.show("connecting");
      await Promise.race([
        closing,
        new Promise((resolve) => clock.setTimeout(() => resolve(null), LEAVE_MS)),
      ]);
      if (mine === sessions) await load(person, mine, notice);
    }
  }

  /** @param {User} person @param {string} password */
  async function setFirst(person, password) {
    const { isSet, words } = await own.setPassword(password);
    if (!isSet) return words;
    globalThis.sessionStorage.removeItem(NEEDS_PASSWORD);
    void open(person, words);
    return null;
  }

  /** @param {User} person @param {string} password */
  async function unlock(person, password) {
    const problem = await own.confirm(person.email, password);
    if (problem === null) lock.release();
    return problem;
  }

  /**
   * Reads who this is, as often as it takes, and opens the views.
   *
   * @param {User} person
   * @param {number} mine  of `sessions`
   * @param {string} notice
   * @param {number} [attempt]
   */
  async function load(person, mine, notice, attempt = 0) {
    actions.retry = () => void open(person, notice);
    try {
      const profile = await loadProfile(client, person.id);
      if (mine !== sessions) return;
      shell.banner.hide();
      if (profile === null) return shell.showNoOrganization();
      shell.showOrganization(profile.organization ?? "");
      opened = openSession({ client, api, config, clock, locale, preferences, account }, shell, profile);
      actions.retry = opened.retry;
      if (notice !== "") shell.showNotice(notice);
    } catch (error) {
      if (mine !== sessions) return;
      shell.banner.show(failureWords(error));
      clock.setTimeout(
        () => mine === sessions && void load(person, mine, notice, attempt + 1),
        backoffMs(attempt),
      );
    }
  }

  async function close() {
    const leaving = opened;
    opened = null;
    shell.banner.hide();
    await leaving?.close();
  }

  /** @param {"none" | "asked" | "expired"} reason */
  function end(reason) {
    sessions += 1;
    user = null;
    lock.end();
    globalThis.sessionStorage.removeItem(NEEDS_PASSWORD);
    closing = close();
    if (reason === "asked") globalThis.history.replaceState(null, "", globalThis.location.pathname);
    shell.showSignIn(reason === "expired" ? t("signIn.expired") : reason === "none" ? badLink : "");
    badLink = "";
  }
}

try {
  const { config, clockOffset } = await loadConfig();
  await start(config, clockOffset);
} catch (error) {
  shell.status.show("off");
  const message = error instanceof Error ? error.message : String(error);
  shell.banner.show(t("shell.noSettings", { message }));
}
