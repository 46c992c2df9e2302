// @ts-check
/** Failures in words that a person can act on. */

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

/** @param {unknown} error */
export function restWords(error) {
  if (!(error instanceof RestError)) return `Unexpected error: ${messageOf(error)}`;
  if (error.status === 0) return "The server cannot be reached.";
  if (error.status === 401)
    return "Your session has run out and is being renewed. If this stays, sign out and in again.";
  if (error.code === "42501" || error.status === 403) return "You are not allowed to do this.";
  if (error.status === 429) return "Too many requests. Wait a moment.";
  if (error.status >= 500) return `The database is not available (${error.status}).`;
  return `The server refused the request: ${error.message}`;
}

/**
 * @param {{name?: string, code?: string, status?: number, message?: string}} error  of supabase-js Auth
 */
export function signInWords(error) {
  if (error.code === "invalid_credentials") return "Wrong e-mail address or password.";
  if (error.code === "email_not_confirmed") return "This e-mail address is not confirmed yet.";
  if (error.code === "user_banned") return "This account is locked.";
  if (error.status === 429) return "Too many attempts. Wait a minute and try again.";
  if (error.name === "AuthRetryableFetchError" || error.status === 0) {
    return "The sign-in service cannot be reached. Check the connection and try again.";
  }
  return `Sign-in failed: ${error.message ?? "unknown error"}`;
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
