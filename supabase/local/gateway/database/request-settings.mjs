// @ts-check
import { sql } from "kysely";
import { requestContext } from "../request-context.mjs";

/**
 * Make the transaction of one request what PostgREST would make it: the role, its settings, the token's
 * claims and the request itself, in one statement.
 *
 * @param {import("kysely").Kysely<any>} transaction
 * @param {{role?: string, jwt?: object | null} | undefined} auth
 * @param {Map<string, [string, string][]>} roleSettings
 */
export async function applyRequestSettings(transaction, auth, roleSettings) {
  const role = auth?.role || "anon";
  const request = requestContext.getStore();
  const settings = [
    ["role", role],
    ["request.jwt.claims", JSON.stringify(auth?.jwt ?? { role })],
    ["request.method", request?.method ?? ""],
    ["request.path", request?.path ?? ""],
    ["request.headers", JSON.stringify(request?.headers ?? {})],
    ["request.cookies", JSON.stringify(parseCookies(request?.headers.cookie))],
    // A function may set these; what an earlier request left is not this one's.
    ["response.status", ""],
    ["response.headers", ""],
    ...(roleSettings.get(role) ?? []),
  ];
  const calls = settings.map(([name, value]) => sql`set_config(${name}, ${value}, true)`);
  await sql`select ${sql.join(calls)}`.execute(transaction);
}

/**
 * @param {string | undefined} header
 * @returns {Record<string, string>}
 */
function parseCookies(header = "") {
  const pairs = header.split(";").map((pair) => pair.trim().split(/=(.*)/s));
  return Object.fromEntries(pairs.filter(([name]) => name !== "").map(([name, value = ""]) => [name, value]));
}
