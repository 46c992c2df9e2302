// @ts-check
import { sql } from "kysely";
import { json } from "../http/answers.mjs";

/**
 * `response` of /auth/v1/token, unless it signs in somebody who is banned or deleted, which
 * @supabase/lite does not look at: then 400 user_banned, as Auth answers, and the new session is gone.
 *
 * @param {Response} response
 * @param {import("../database/connection.mjs").SupabaseConnection} connection
 * @returns {Promise<Response>}
 */
export async function refuseBanned(response, connection) {
  if (response.status !== 200) return response;
  const { user } = await response.clone().json();
  const { rows } = await sql`
    delete from auth.sessions as s
    using auth.users as u
    where u.id = ${user?.id ?? null} and s.user_id = u.id
      and (u.banned_until > now() or u.deleted_at is not null)
    returning s.id
  `.execute(connection.kysely);
  if (rows.length === 0) return response;
  return json(400, { code: 400, error_code: "user_banned", msg: "User is banned" });
}
