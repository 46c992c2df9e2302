import pg from "pg";
import { limits } from "./limits.mjs";

/** Values and times of the log come in ISO form and UTC, and errors in the words that the server knows. */
const OPTIONS = [
  "timezone=UTC",
  "datestyle=ISO",
  "intervalstyle=postgres",
  "bytea_output=hex",
  "extra_float_digits=1",
  "lc_messages=C",
];

/**
 * @param {string} url
 * @param {string} purpose shown in pg_stat_activity
 * @returns {Promise<pg.Client>}
 */
export async function connect(url, purpose) {
  const client = new pg.Client({
    connectionString: url,
    application_name: `realtime ${purpose}`,
    connectionTimeoutMillis: limits.statementMs,
    keepAlive: true,
    options: OPTIONS.map((option) => `-c ${option}`).join(" "),
  });
  // What fails is told by the query under way or the next one; the end of an idle session must not throw.
  client.on("error", () => {});
  await client.connect();
  return client;
}
