// @ts-check
/**
 * Who is signed in. supabase-js keeps and refreshes the session; this tells the page when it begins and ends.
 */
import { SESSION_KEY } from "../lib/supabase.js";

/** [ms] for leaving the channels; with a dead connection no answer comes. */
export const LEAVE_MS = 2000;

/**
 * @param {object} options
 * @param {import("../lib/supabase.js").SupabaseClient} options.client
 * @param {(user: {id: string, email: string}) => void} options.onBegin
 * @param {(reason: "none" | "asked" | "expired") => void} options.onEnd  none: nobody was signed in at the start
 * @param {Pick<Storage, "removeItem">} [options.storage]
 */
export function watchSession({ client, onBegin, onEnd, storage = globalThis.localStorage }) {
  /** @type {string | null} */
  let userId = null;
  let asked = false;
  let started = false;

  const { data } = client.auth.onAuthStateChange((_event, session) => {
    // supabase-js holds a lock while it calls back; what we start must run after it.
    globalThis.setTimeout(() => follow(session), 0);
  });

  /** @param {import("@supabase/supabase-js").Session | null} session */
  function follow(session) {
    const next = session?.user.id ?? null;
    if (started && next === userId) return;
    const had = userId !== null;
    started = true;
    userId = next;
    if (session !== null) {
      if (had) onEnd("expired");
      onBegin({ id: session.user.id, email: session.user.email ?? "" });
    } else onEnd(had ? (asked ? "asked" : "expired") : "none");
    asked = false;
  }

  /**
   * Signs out on every device. Gives the error when the server refused or cannot be reached: then nothing has changed.
   */
  async function signOutEverywhere() {
    asked = true;
    const { error } = await client.auth.signOut({ scope: "global" });
    if (error !== null) asked = false;
    return error;
  }

  /**
   * Signs out on this device, also when the server cannot be reached.
   *
   * @param {() => Promise<unknown>} leave  leaves the channels: they keep the person's rights otherwise
   */
  async function signOut(leave) {
    asked = true;
    const patience = new Promise((resolve) => globalThis.setTimeout(resolve, LEAVE_MS));
    await Promise.race([leave(), patience]);
    const { error } = await client.auth.signOut({ scope: "local" });
    if (error === null) return;
    storage.removeItem(SESSION_KEY);
    follow(null);
  }

  return { signOut, signOutEverywhere, dispose: () => data.subscription.unsubscribe() };
}
