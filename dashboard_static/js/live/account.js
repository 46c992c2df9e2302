// @ts-check
/** What people do with their own account. What fails is said in words. */
import { passwordWords, signInWords } from "../lib/errors.js";
import { createSupabase } from "../lib/supabase.js";
import { t } from "../lib/translate.js";

/** As supabase/config.toml asks; the service decides. */
export const PASSWORD_LENGTH = 10;

/**
 * @param {import("../lib/config.js").Config} config
 * @param {import("../lib/supabase.js").SupabaseClient} client
 */
export function createAccount(config, client) {
  /**
   * Asks the service whether this is the person's password, beside their session.
   *
   * @param {string} email
   * @param {string} password
   */
  async function confirm(email, password) {
    const { auth } = createSupabase(config, { isBeside: true });
    const { error } = await auth.signInWithPassword({ email, password });
    if (error === null) await auth.signOut({ scope: "local" });
    else if (error.code === "invalid_credentials") return t("password.wrong");
    return error === null ? null : signInWords(error);
  }

  /** Sets it and ends every other session. @param {string} password */
  async function setPassword(password) {
    const { error } = await client.auth.updateUser({ password });
    if (error !== null) return { isSet: false, words: passwordWords(error) };
    const others = await client.auth.signOut({ scope: "others" });
    return { isSet: true, words: t(others.error === null ? "password.done" : "password.othersStay") };
  }

  return {
    confirm,
    setPassword,

    /** @param {string} email @param {string} current @param {string} next */
    async changePassword(email, current, next) {
      const problem = await confirm(email, current);
      return problem === null ? setPassword(next) : { isSet: false, words: problem };
    },

    /** Has a link sent that leads back to this page. @param {string} email */
    async sendLink(email) {
      const { origin, pathname } = globalThis.location;
      const { error } = await client.auth.resetPasswordForEmail(email, { redirectTo: origin + pathname });
      return error === null ? null : signInWords(error);
    },
  };
}

/** @typedef {ReturnType<typeof createAccount>} Account */
