import { WebSocketServer } from "ws";
import { Broadcasts } from "./broadcasts.mjs";
import { Feed } from "./feed.mjs";
import { limits } from "./limits.mjs";
import { Socket } from "./socket.mjs";
import { TokenError, tokenOfKey, verifyToken } from "./tokens.mjs";

const VERSIONS = ["1.0.0", "2.0.0"];

/**
 * @typedef {object} Realtime
 * @property {(req: import("node:http").IncomingMessage, socket: import("node:stream").Duplex, head: Buffer) => void} handleUpgrade
 * for an upgrade of /realtime/v1/websocket; it refuses others itself
 * @property {() => Promise<void>} close ends every connection and gives the replication slot back
 */

/**
 * A server that speaks Supabase Realtime's protocol for postgres_changes, and for broadcasts between clients.
 *
 * @param {import("../config.mjs").GatewayConfig} config
 * @returns {Promise<Realtime>}
 * @throws {import("./log-session.mjs").SecondServerError} if another one reads this database; the database's error if it
 * cannot be reached or its publication has a row filter or a column list
 */
export async function createRealtime(config) {
  const feed = new Feed(config.database_url);
  await feed.start();
  const services = { jwtSecret: config.jwt_secret, feed, broadcasts: new Broadcasts() };
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytes,
    perMessageDeflate: false,
  });
  /** @type {Set<Socket>} */
  const sockets = new Set();
  const sweep = setInterval(() => closeIdle(sockets), limits.idleMs / 12);
  sweep.unref();

  return {
    handleUpgrade(req, socket, head) {
      const request = readRequest(req, config);
      if ("refusal" in request) return refuse(socket, request.status, request.refusal);
      server.handleUpgrade(req, socket, head, (ws) => {
        const client = new Socket(ws, socket, request.version, request.token, services);
        sockets.add(client);
        ws.on("close", () => sockets.delete(client));
      });
    },

    async close() {
      clearInterval(sweep);
      for (const { ws } of sockets) ws.close(1001, "server is stopping");
      await feed.close();
      for (const { ws } of sockets) ws.terminate();
      server.close();
    },
  };
}

/**
 * @param {import("node:http").IncomingMessage} req
 * @param {import("../config.mjs").GatewayConfig} config
 * @returns {{version: import("./serializer.mjs").Version, token: string} | {status: string, refusal: string}}
 */
function readRequest(req, config) {
  const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
  if (pathname !== "/realtime/v1/websocket") return { status: "404 Not Found", refusal: "Not found" };
  const version = searchParams.get("vsn") ?? "1.0.0";
  if (!VERSIONS.includes(version)) return { status: "403 Forbidden", refusal: "Unknown protocol version" };
  const key = req.headers["x-api-key"] ?? searchParams.get("apikey");
  if (typeof key !== "string" || key === "")
    return { status: "401 Unauthorized", refusal: "API key is missing" };
  try {
    const token = tokenOfKey(key, config);
    verifyToken(token, config.jwt_secret);
    return { version: /** @type {import("./serializer.mjs").Version} */ (version), token };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    const isExpired = error.message.startsWith("Token has expired");
    return { status: "401 Unauthorized", refusal: isExpired ? "Token has expired" : error.message };
  }
}

/** A plain HTTP answer instead of an upgrade. */
function refuse(
  /** @type {import("node:stream").Duplex} */ socket,
  /** @type {string} */ status,
  /** @type {string} */ error,
) {
  const body = JSON.stringify({ error });
  socket.on("error", () => {});
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** @param {Set<Socket>} sockets */
function closeIdle(sockets) {
  const oldest = Date.now() - limits.idleMs;
  for (const { ws, lastSeen } of sockets) {
    if (lastSeen < oldest) ws.close(1000, "idle");
  }
}
