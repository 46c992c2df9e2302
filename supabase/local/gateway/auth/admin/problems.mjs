// @ts-check
import { json } from "../../http/answers.mjs";

/** A refusal of the admin API: status, stable code and text as Auth (GoTrue) gives them. */
export class AdminProblem extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  toResponse() {
    const headers = { "x-sb-error-code": this.code };
    return json(this.status, { code: this.status, error_code: this.code, msg: this.message }, headers);
  }
}

export const EMAIL_EXISTS = "A user with this email address has already been registered";

/** @param {string} message */
export function invalid(message) {
  return new AdminProblem(400, "validation_failed", message);
}

export function notFound() {
  return new AdminProblem(404, "user_not_found", "User not found");
}
