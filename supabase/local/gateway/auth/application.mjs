// @ts-check
import { App } from "@supabase/lite";
import { sql } from "kysely";

/** What Auth needs; lite makes them but does not say when it failed to. */
const AUTH_TABLES = ["users", "identities", "sessions", "refresh_tokens", "flow_state", "audit_log_entries"];

/**
 * REST and Auth of @supabase/lite on `connection`.
 *
 * @param {import("../database/connection.mjs").SupabaseConnection} connection
 * @param {import("../config.mjs").GatewayConfig} config
 */
export function createApplication(connection, config) {
  const enable_signup = config.enable_signup ?? false;
  return new App({
    connection,
    api: { enabled: true, schemas: config.schemas, max_rows: config.max_rows },
    auth: {
      enabled: true,
      jwt_secret: config.jwt_secret,
      jwt_expiry: config.jwt_expiry_s,
      publishable_key: config.publishable_key,
      secret_key: config.secret_key,
      site_url: config.site_url,
      enable_signup,
      email: { enable_signup, enable_confirmations: false },
    },
    // The migrations' bookkeeping belongs to `supabase db push`.
    db: { migrations: { enabled: false } },
    storage: { enabled: false },
    studio: { enabled: false },
  });
}

/**
 * Make the schema auth; harmless to repeat. Throws if a table of it is missing afterwards.
 *
 * @param {import("../database/connection.mjs").SupabaseConnection} connection
 * @param {import("../config.mjs").GatewayConfig} config
 */
export async function initializeAuth(connection, config) {
  await createApplication(connection, config).ensureSystemSchema();
  const { rows } = await sql`
    select t.name from unnest(${AUTH_TABLES}::text[]) as t (name)
    where to_regclass('auth.' || t.name) is null
  `.execute(connection.kysely);
  if (rows.length > 0) {
    throw new Error(
      `the schema auth lacks ${rows.map((row) => Reflect.get(Object(row), "name")).join(", ")}`,
    );
  }
}
