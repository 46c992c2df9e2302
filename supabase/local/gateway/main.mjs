// @ts-check
/**
 * The local Supabase's REST, Auth and Realtime in one process and on one port.
 *
 *   node main.mjs init CONFIG.json    make the schema auth in the database; harmless to repeat
 *   node main.mjs serve CONFIG.json   serve until SIGTERM or SIGINT; prints {"ready":true,"port":N} on
 *                                     standard output as soon as it listens
 *
 * config.mjs describes CONFIG.json. Standard error holds one line of JSON per event.
 */
import "./quiet-console.mjs";
import "./database/unheard.mjs";

import { initializeAuth } from "./auth/application.mjs";
import { readConfig } from "./config.mjs";
import { SupabaseConnection } from "./database/connection.mjs";
import { describe, log } from "./log.mjs";
import { serve } from "./server.mjs";

/** @param {import("./config.mjs").GatewayConfig} config */
async function init(config) {
  const url = config.database_url;
  const connection = new SupabaseConnection({ adminUrl: url, requestUrl: url });
  try {
    await initializeAuth(connection, config);
  } finally {
    await connection.close();
  }
}

/** @param {import("./config.mjs").GatewayConfig} config */
async function serveUntilSignal(config) {
  const gateway = await serve(config);
  process.stdout.write(`${JSON.stringify({ ready: true, port: gateway.port })}\n`);
  await new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  await gateway.close();
}

const commands = { init, serve: serveUntilSignal };
const [name = "", file] = process.argv.slice(2);
const command = Object.hasOwn(commands, name)
  ? commands[/** @type {keyof typeof commands} */ (name)]
  : undefined;
if (!command || file === undefined) {
  process.stderr.write("usage: main.mjs init|serve CONFIG.json\n");
  process.exit(2);
}
try {
  await command(readConfig(file));
  process.exit(0);
} catch (error) {
  log("error", `${name} failed`, { error: describe(error) });
  process.exit(1);
}
