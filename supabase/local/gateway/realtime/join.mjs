import { Channel } from "./channel.mjs";
import { bindingId } from "./filters.mjs";
import { limits } from "./limits.mjs";
import { TokenError, verifyToken } from "./tokens.mjs";

/** A join that is refused; the message goes to the client after `delayMs`. */
export class JoinError extends Error {
  /** @param {string} reason @param {number} [delayMs] */
  constructor(reason, delayMs = limits.joinErrorDelayMs) {
    super(reason);
    this.delayMs = delayMs;
  }
}

/**
 * Makes the channel that a phx_join asks for.
 *
 * Only the token and the topic can refuse it. Postgres_changes that are wrong are told by a system message
 * after the join, as on the hosted service.
 *
 * @param {import("./socket.mjs").Socket} socket
 * @param {import("./serializer.mjs").Message} message
 * @param {import("./channel.mjs").Services} services
 * @returns {{channel: Channel, claims: import("./tokens.mjs").Claims, response: Record<string, unknown>}}
 * @throws {JoinError}
 */
export function join(socket, { joinRef, topic, payload }, services) {
  if (!topic.startsWith("realtime:")) throw new JoinError("unmatched topic", 0);
  if (topic === "realtime:") throw new JoinError("TopicNameRequired: You must provide a topic name");
  if (socket.channelCount >= limits.channelsPerSocket)
    throw new JoinError("ChannelRateLimitReached: Too many channels");
  const { config } = payload;
  if (config === null || typeof config !== "object") {
    throw new JoinError("InvalidJoinPayload: a join without config is not supported");
  }
  const token = tokenOf(payload, socket.apiToken);
  const claims = claimsOf(token, services.jwtSecret);
  if (config.private === true) {
    // Its rules would be policies on realtime.messages, which hosted Supabase has and this database has not.
    throw new JoinError(
      `Unauthorized: You do not have permissions to read from this Channel topic: ${topic.slice("realtime:".length)}`,
    );
  }
  const asked = (Array.isArray(config.postgres_changes) ? config.postgres_changes : []).filter(
    (/** @type {unknown} */ params) =>
      params !== null && typeof params === "object" && !Array.isArray(params),
  );
  const channel = new Channel(services, socket, {
    joinRef,
    topic,
    token,
    asked,
    options: {
      ackBroadcast: config.broadcast?.ack === true,
      selfBroadcast: config.broadcast?.self === true,
      presence: config.presence?.enabled === true,
    },
  });
  const postgres_changes = asked.map((/** @type {object} */ params) => ({
    ...params,
    id: bindingId(params),
  }));
  return { channel, claims, response: { postgres_changes } };
}

/** A key instead of a token, and none, mean the rights of the connection's key. */
function tokenOf(
  /** @type {Record<string, unknown>} */ { access_token, user_token },
  /** @type {string} */ apiToken,
) {
  const token = access_token || user_token;
  return typeof token === "string" && !token.startsWith("sb_") ? token : apiToken;
}

/** @param {string} token @param {string} secret */
function claimsOf(token, secret) {
  try {
    return verifyToken(token, secret);
  } catch (error) {
    if (error instanceof TokenError) throw new JoinError(`${error.code}: ${error.message}`);
    throw error;
  }
}
