// @ts-check
import { json } from "../../http/answers.mjs";
import { describe, log } from "../../log.mjs";
import { roleOf } from "../keys.mjs";
import { readAttributes } from "./attributes.mjs";
import { AdminProblem, EMAIL_EXISTS, invalid } from "./problems.mjs";
import { createUser, deleteUser, getUser, listUsers, updateUser } from "./users.mjs";

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** As Supabase's own gateway tells a browser. */
const BROWSER = /^\s*Mozilla\s*\/\s*5\s*\.\s*0/i;
const DEFAULT_PER_PAGE = 50;
const MAX_PER_PAGE = 1_000;

/**
 * The part of Auth's admin API that @supabase/lite lacks: what `auth.admin` of the official clients calls
 * to list, make, read, change and delete users. Secret key only, and never from a browser.
 *
 * @param {import("../../database/connection.mjs").SupabaseConnection} connection
 * @param {import("../../config.mjs").GatewayConfig} config
 * @returns {(request: Request) => Promise<Response>} Takes requests below /auth/v1/admin/ whose headers went
 *   through withOpaqueKey.
 */
export function createAdminRoutes(connection, config) {
  /** @param {Request} request */
  async function route(request) {
    refuseStrangers(request.headers, config);
    const url = new URL(request.url);
    const db = connection.kysely;
    if (url.pathname === "/auth/v1/admin/users") {
      if (request.method === "GET") return list(db, url);
      if (request.method === "POST") return json(200, await createUser(db, await readAttributes(request)));
      return new Response(null, { status: 405, headers: { allow: "GET, POST" } });
    }
    const [, id] = /^\/auth\/v1\/admin\/users\/([^/]+)$/.exec(url.pathname) ?? [];
    if (id === undefined) return json(404, { code: 404, error_code: "not_found", msg: "404 page not found" });
    if (!UUID.test(id)) throw new AdminProblem(404, "validation_failed", "user_id must be an UUID");
    if (request.method === "GET") return json(200, await getUser(db, id));
    if (request.method === "PUT") return json(200, await updateUser(db, id, await readAttributes(request)));
    if (request.method === "DELETE") return remove(db, id, request);
    return new Response(null, { status: 405, headers: { allow: "GET, PUT, DELETE" } });
  }

  return async (request) => {
    try {
      return await route(request);
    } catch (error) {
      const refusal = error instanceof AdminProblem ? error : refusalOf(error);
      if (refusal.status >= 500) {
        const { pathname } = new URL(request.url);
        log("error", "the database refused a user", {
          method: request.method,
          path: pathname,
          error: describe(error),
        });
      }
      return refusal.toResponse();
    }
  };
}

/**
 * What to say about an error of the database.
 *
 * @param {unknown} error
 */
function refusalOf(error) {
  const code = String(Reflect.get(Object(error), "code"));
  // Text that PostgreSQL cannot hold, such as a zero byte.
  if (code.startsWith("22")) return invalid("A value cannot be stored");
  // Two requests for one address or id at once.
  if (code === "23505") return new AdminProblem(422, "email_exists", EMAIL_EXISTS);
  return new AdminProblem(500, "unexpected_failure", "Database error saving or finding the user");
}

/**
 * @param {Headers} headers
 * @param {import("../../config.mjs").GatewayConfig} config
 */
function refuseStrangers(headers, config) {
  if (!headers.has("apikey")) throw new AdminProblem(401, "no_authorization", "No API key found in request");
  const role = roleOf(headers, config);
  if (role === null) throw new AdminProblem(401, "bad_jwt", "Invalid API key or token");
  if (role !== "service_role") throw new AdminProblem(403, "not_admin", "User not allowed");
  if (BROWSER.test(headers.get("user-agent") ?? "")) {
    throw new AdminProblem(401, "no_authorization", "Forbidden use of secret API key in browser");
  }
}

/**
 * @param {import("kysely").Kysely<any>} db
 * @param {URL} url
 */
async function list(db, url) {
  const page = positive(url.searchParams.get("page"), 1);
  const perPage = Math.min(positive(url.searchParams.get("per_page"), DEFAULT_PER_PAGE), MAX_PER_PAGE);
  const { users, total } = await listUsers(db, { page, perPage });
  const last = Math.max(1, Math.ceil(total / perPage));
  const links = [[last, "last"]];
  if (page < last) links.unshift([page + 1, "next"]);
  const link = links
    .map(([to, rel]) => `<${url.pathname}?page=${to}&per_page=${perPage}>; rel="${rel}"`)
    .join(", ");
  return json(200, { users, aud: "authenticated" }, { "x-total-count": String(total), link });
}

/**
 * @param {import("kysely").Kysely<any>} db
 * @param {string} id
 * @param {Request} request
 */
async function remove(db, id, request) {
  const body = await request.json().catch(() => ({}));
  if (body?.should_soft_delete === true) await deleteUser(db, id, { soft: true });
  else await deleteUser(db, id, { soft: false });
  return json(200, {});
}

/**
 * @param {string | null} text
 * @param {number} otherwise
 */
function positive(text, otherwise) {
  const number = Number(text ?? otherwise);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new AdminProblem(400, "validation_failed", "Bad Pagination Parameters");
  }
  return number || otherwise;
}
