// @ts-check
/** Wiring: settings, the Supabase client, who is signed in, what is shown. */
import { createDashboard } from "./dashboard.js";
import { loadProfile } from "./data/queries.js";
import { backoffMs } from "./lib/backoff.js";
import { createClock } from "./lib/clock.js";
import { loadConfig } from "./lib/config.js";
import { byId, setText } from "./lib/dom.js";
import { restWords, signInWords } from "./lib/errors.js";
import { createSupabase } from "./lib/supabase.js";
import { createInstantFormat } from "./lib/time.js";
import { watchSession } from "./live/session.js";
import { createBanner } from "./views/banner.js";
import { createSignIn } from "./views/sign-in.js";
import { createStatus } from "./views/status.js";

/** What "Try again" does now. */
let retry = () => globalThis.location.reload();
const status = createStatus();
const banner = createBanner({ onRetry: () => retry() });

/**
 * @param {import("./lib/config.js").Config} config
 * @param {number} clockOffset [ms]
 */
function start(config, clockOffset) {
  const client = createSupabase(config);
  const clock = createClock(clockOffset);
  const instants = createInstantFormat(undefined, undefined);
  const dashboard = createDashboard({ client, config, clock, instants, status, banner });
  const account = byId("account", HTMLElement);
  const organization = byId("organization", HTMLElement);
  const noOrganization = byId("no-organization", HTMLElement);
  /** Counts sessions, so that an answer for one that ended is dropped. */
  let sessions = 0;

  const signIn = createSignIn({
    onSubmit: async (email, password) => {
      const { error } = await client.auth.signInWithPassword({ email, password });
      return error === null ? null : signInWords(error);
    },
  });
  const session = watchSession({ client, onBegin: begin, onEnd: end });

  setText(byId("zone", HTMLElement), `Times in ${instants.zoneName(clock.now())}`);
  setText(byId("version", HTMLElement), config.version === "" ? "" : `FluxIO ${config.version}`);
  byId("sign-out", HTMLButtonElement).addEventListener("click", () => session.signOut(dashboard.close));

  /**
   * Reads who this is, as often as it takes, and opens the dashboard.
   *
   * @param {{id: string, email: string}} user
   * @param {number} [attempt]
   */
  async function begin(user, attempt = 0) {
    sessions += 1;
    const mine = sessions;
    signIn.hide();
    status.show("connecting");
    account.hidden = false;
    setText(byId("account-name", HTMLElement), user.email);
    retry = () => void begin(user);
    try {
      const profile = await loadProfile(client, user.id);
      if (mine !== sessions) return;
      banner.hide();
      if (profile === null) return showNoOrganization();
      setText(organization, profile.organization ?? "");
      retry = dashboard.retry;
      dashboard.open(profile);
    } catch (error) {
      if (mine !== sessions) return;
      banner.show(restWords(error));
      clock.setTimeout(() => mine === sessions && void begin(user, attempt + 1), backoffMs(attempt));
    }
  }

  function showNoOrganization() {
    noOrganization.hidden = false;
    status.show("off");
  }

  /** @param {"none" | "asked" | "expired"} reason */
  function end(reason) {
    sessions += 1;
    void dashboard.close();
    if (reason === "asked") globalThis.history.replaceState(null, "", globalThis.location.pathname);
    account.hidden = true;
    noOrganization.hidden = true;
    setText(organization, "");
    setText(byId("account-name", HTMLElement), "");
    status.show("off");
    signIn.show(reason === "expired" ? "Your session has ended. Please sign in again." : "");
  }
}

try {
  const { config, clockOffset } = await loadConfig();
  start(config, clockOffset);
} catch (error) {
  status.show("off");
  banner.show(
    `The page's settings could not be read. ${error instanceof Error ? error.message : String(error)}`,
  );
}
