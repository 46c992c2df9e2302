// @ts-check
/** Boot: language, settings, the clients, who is signed in. */
import { createApi } from "./data/api.js";
import { loadProfile } from "./data/queries.js";
import { backoffMs } from "./lib/backoff.js";
import { createClock } from "./lib/clock.js";
import { loadConfig } from "./lib/config.js";
import { failureWords, signInWords } from "./lib/errors.js";
import { createPreferences } from "./lib/preferences.js";
import { createSupabase } from "./lib/supabase.js";
import { chooseLanguage, setLanguage, t } from "./lib/translate.js";
import { watchSession } from "./live/session.js";
import { createShell } from "./shell.js";
import { openSession } from "./signed-in.js";

const preferences = createPreferences();
const { language, locale } = chooseLanguage(preferences.get("language"), globalThis.navigator.languages);
setLanguage(language, locale);

const reload = () => globalThis.location.reload();
/** What the frame's buttons do now; they are there before the settings are. */
const actions = {
  retry: reload,
  signOut: () => {},
  /** @type {(email: string, password: string) => Promise<string | null>} */
  signIn: async () => null,
};
const shell = createShell({
  language,
  onLanguage: (next) => {
    preferences.set("language", next);
    reload();
  },
  onRetry: () => actions.retry(),
  onSignOut: () => actions.signOut(),
  onSignIn: (email, password) => actions.signIn(email, password),
});

/**
 * @param {import("./lib/config.js").Config} config
 * @param {number} clockOffset [ms]
 */
function start(config, clockOffset) {
  const client = createSupabase(config);
  const clock = createClock(clockOffset);
  const api = createApi({ baseUrl: config.api_url, client });
  /** @type {ReturnType<typeof openSession> | null} */
  let opened = null;
  /** Counts sessions, so that an answer for one that ended is dropped. */
  let sessions = 0;

  actions.signIn = async (email, password) => {
    const { error } = await client.auth.signInWithPassword({ email, password });
    return error === null ? null : signInWords(error);
  };
  const session = watchSession({ client, onBegin: begin, onEnd: end });
  actions.signOut = () => void session.signOut(close);
  shell.showVersion(config.version);

  /**
   * Reads who this is, as often as it takes, and opens the views.
   *
   * @param {{id: string, email: string}} user
   * @param {number} [attempt]
   */
  async function begin(user, attempt = 0) {
    sessions += 1;
    const mine = sessions;
    shell.showAccount(user.email);
    shell.status.show("connecting");
    actions.retry = () => void begin(user);
    try {
      const profile = await loadProfile(client, user.id);
      if (mine !== sessions) return;
      shell.banner.hide();
      if (profile === null) return shell.showNoOrganization();
      shell.showOrganization(profile.organization ?? "");
      opened = openSession({ client, api, config, clock, locale, preferences }, shell, profile);
      actions.retry = opened.retry;
    } catch (error) {
      if (mine !== sessions) return;
      shell.banner.show(failureWords(error));
      clock.setTimeout(() => mine === sessions && void begin(user, attempt + 1), backoffMs(attempt));
    }
  }

  async function close() {
    const closing = opened;
    opened = null;
    shell.banner.hide();
    await closing?.close();
  }

  /** @param {"none" | "asked" | "expired"} reason */
  function end(reason) {
    sessions += 1;
    void close();
    if (reason === "asked") globalThis.history.replaceState(null, "", globalThis.location.pathname);
    shell.showSignIn(reason === "expired" ? t("signIn.expired") : "");
  }
}

try {
  const { config, clockOffset } = await loadConfig();
  start(config, clockOffset);
} catch (error) {
  shell.status.show("off");
  const message = error instanceof Error ? error.message : String(error);
  shell.banner.show(t("shell.noSettings", { message }));
}
