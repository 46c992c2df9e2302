// @ts-check
/** Failures in words that a person can act on. */
import { t } from "./translate.js";

/** A failed read or write of the REST interface: PostgREST's code and text. */
export class RestError extends Error {
  /** @param {{message: string, code?: string}} cause @param {number} status  0: no answer came */
  constructor(cause, status) {
    super(cause.message);
    this.name = "RestError";
    this.code = cause.code ?? "";
    this.status = status;
  }
}

/**
 * Throws what supabase-js returned as an error; gives the data otherwise.
 *
 * @template T
 * @param {{data: T, error: {message: string, code?: string} | null, status: number}} answer
 * @returns {T}
 */
export function orThrow(answer) {
  if (answer.error) throw new RestError(answer.error, answer.status);
  return answer.data;
}

/** @typedef {{pointer?: string, detail?: string}} Fault  one faulty member of a body */

/** A failed call of the API: what its problem document (RFC 9457) says. */
export class ApiProblem extends Error {
  /**
   * @param {object} problem
   * @param {number} problem.status  0: no answer came
   * @param {string} [problem.code]  stable, see docs/api.md; "timeout" or "unreachable" without an answer
   * @param {string} [problem.detail]
   * @param {Fault[]} [problem.errors]  where in the body
   * @param {string} [problem.requestId]
   * @param {number | null} [problem.retryAfterS] [s]
   */
  constructor({ status, code = "", detail = "", errors = [], requestId = "", retryAfterS = null }) {
    super(detail || `status ${status}`);
    this.name = "ApiProblem";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.requestId = requestId;
    this.retryAfterS = retryAfterS;
  }
}

/**
 * What failed, in words: of Supabase's REST interface, of the API, or anything else.
 *
 * @param {unknown} error
 */
export function failureWords(error) {
  if (!(error instanceof RestError || error instanceof ApiProblem)) {
    return t("failure.unexpected", { message: messageOf(error) });
  }
  const { status, code } = error;
  if (code === "timeout") return t("failure.slow");
  if (status === 0) return t("failure.unreachable");
  if (status === 401) return t("failure.session");
  if (code === "42501" || status === 403) return t("failure.forbidden");
  if (status === 404) return t("failure.notFound");
  if (status === 429) return t("failure.tooMany");
  if (status >= 500) {
    const words = { status: String(status) };
    return error instanceof ApiProblem ? t("failure.api", words) : t("failure.database", words);
  }
  return t("failure.refused", { message: error.message });
}

/**
 * @param {{name?: string, code?: string, status?: number, message?: string}} error  of supabase-js Auth
 */
export function signInWords(
  error,
  otherwise = /** @type {"signIn.failed" | "account.failed"} */ ("signIn.failed"),
) {
  if (error.code === "invalid_credentials") return t("signIn.wrong");
  if (error.code === "email_not_confirmed") return t("signIn.unconfirmed");
  if (error.code === "user_banned") return t("signIn.locked");
  if (error.status === 429) return t("signIn.tooMany");
  if (error.name === "AuthRetryableFetchError" || error.status === 0) return t("signIn.unreachable");
  return t(otherwise, { message: error.message ?? "" });
}

/**
 * What to say when a new password was refused.
 *
 * @param {{code?: string, status?: number, name?: string, message?: string}} error
 */
export function passwordWords(error) {
  if (error.code === "weak_password") return t("password.weak", { message: error.message ?? "" });
  if (error.code === "same_password") return t("password.same");
  if (error.code === "reauthentication_needed") return t("password.signInAgain");
  return signInWords(error, "account.failed");
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
