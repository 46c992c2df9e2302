// @ts-check
/**
 * One line of JSON on standard error.
 *
 * @param {"info" | "warning" | "error"} level
 * @param {string} message
 * @param {Record<string, unknown>} [fields]
 */
export function log(level, message, fields = {}) {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
}

/**
 * What went wrong, in one line, without the statement's parameters (they may hold secrets).
 *
 * @param {unknown} problem
 * @returns {string}
 */
export function describe(problem) {
  if (problem === null || typeof problem !== "object") return String(problem);
  const { name, code, message } = /** @type {Record<string, unknown>} */ (problem);
  return `${typeof code === "string" ? code : (name ?? "object")}: ${message}`;
}
