// @ts-check
import postgres from "postgres";
import { describe, log } from "../log.mjs";
import { readRoleSettings } from "./role-settings.mjs";

const RETRY_S = 0.25;

/**
 * Keep `connection`'s picture of the schema and of the roles' settings fresh: they are read again on
 * `notify pgrst` (sent by migrations, and on Supabase by an event trigger) and after each loss of the
 * database, since what was notified meanwhile is gone.
 *
 * @param {import("./connection.mjs").SupabaseConnection} connection
 * @param {string} adminUrl
 * @returns {Promise<{close: () => Promise<void>}>} Settled once the first reading is done; rejected if the
 *   database cannot be reached.
 */
export async function listenForSchemaChanges(connection, adminUrl) {
  const sql = postgres(adminUrl, {
    max: 1,
    backoff: () => RETRY_S,
    onnotice: () => {},
    connection: { application_name: "fluxio-gateway-schema" },
  });

  async function reload() {
    await connection.clearSchemaCache();
    connection.useRoleSettings(await readRoleSettings(sql));
    await connection.introspect({ useCache: true });
  }
  const reloadLater = () => {
    reload().catch((error) => log("warning", "the schema cannot be reloaded", { error: describe(error) }));
  };

  await reload();
  let listening = false;
  await sql.listen("pgrst", reloadLater, () => {
    if (listening) reloadLater();
    listening = true;
  });
  return { close: () => sql.end({ timeout: 1 }) };
}
