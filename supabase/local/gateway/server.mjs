// @ts-check
import { createServer } from "node:http";
import { createApplication } from "./auth/application.mjs";
import { SupabaseConnection } from "./database/connection.mjs";
import { openAuthenticatorLogin } from "./database/login.mjs";
import { listenForSchemaChanges } from "./database/schema-listener.mjs";
import { createHandler } from "./http/handler.mjs";
import { createRealtime } from "./realtime/index.mjs";

/** [bytes] A filter `in.(...)` with a thousand ids is part of the address. */
const MAX_HEADER_BYTES = 64 * 1024;
/** [ms] How long running requests may take after a stop was asked for. */
const DRAIN_MS = 5_000;

/**
 * Serve /rest/v1, /auth/v1 and /realtime/v1. Rejected if the database cannot be reached or the port is
 * taken.
 *
 * @param {import("./config.mjs").GatewayConfig} config
 * @returns {Promise<{port: number, close: () => Promise<void>}>}
 */
export async function serve(config) {
  const requestUrl = await openAuthenticatorLogin(config.database_url, config.jwt_secret);
  const connection = new SupabaseConnection({ adminUrl: config.database_url, requestUrl });
  const schema = await listenForSchemaChanges(connection, config.database_url);
  const realtime = await createRealtime(config);
  const handler = createHandler(createApplication(connection, config), connection, config);

  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    void handler(request, response);
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    if (request.url?.startsWith("/realtime/v1/websocket")) realtime.handleUpgrade(request, socket, head);
    else socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, () => resolve(undefined));
  });

  async function close() {
    const closed = new Promise((resolve) => server.close(resolve));
    await realtime.close();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(timer);
    await schema.close();
    await connection.close();
  }

  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : config.port, close };
}
