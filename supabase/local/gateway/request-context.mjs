// @ts-check
import { AsyncLocalStorage } from "node:async_hooks";

/**
 * What is known of the request being served, for code that @supabase/lite calls without passing it on.
 *
 * @typedef {object} RequestContext
 * @property {string} method
 * @property {string} path As PostgREST sees it, so without /rest/v1.
 * @property {Record<string, string>} headers Names in lower case.
 * @property {Error} [databaseAway] Set when PostgreSQL could not be reached or ended the connection.
 * @property {string[]} notes What third-party code wrote to the console meanwhile.
 */

/** @type {AsyncLocalStorage<RequestContext>} */
export const requestContext = new AsyncLocalStorage();

/**
 * The context of `request`.
 *
 * @param {Request} request
 * @returns {RequestContext}
 */
export function contextOf(request) {
  const path = new URL(request.url).pathname.replace(/^\/rest\/v1(?=\/|$)/, "");
  return { method: request.method, path, headers: Object.fromEntries(request.headers), notes: [] };
}
