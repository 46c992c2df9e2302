import { describe, log } from "../log.mjs";
import { Channel } from "./channel.mjs";
import { JoinError, join } from "./join.mjs";
import { limits } from "./limits.mjs";
import { decode, decodeBroadcast, encode, JSON_ENCODING } from "./serializer.mjs";

/**
 * @typedef {import("./serializer.mjs").Message} Message
 */

/** One client's connection and its channels. */
export class Socket {
  /** @type {Map<string, Channel>} by topic */
  #channels = new Map();
  #isCorked = false;
  lastSeen = Date.now();

  /**
   * @param {import("ws").WebSocket} ws
   * @param {import("node:stream").Duplex} stream below `ws`
   * @param {import("./serializer.mjs").Version} version
   * @param {string} apiToken what the API key stands for
   * @param {import("./channel.mjs").Services} services
   */
  constructor(ws, stream, version, apiToken, services) {
    this.ws = ws;
    this.stream = stream;
    this.version = version;
    this.apiToken = apiToken;
    this.services = services;
    ws.on("message", (/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) => {
      try {
        this.#receive(data, isBinary);
      } catch (error) {
        // One client's message must never end the server of all.
        log("error", "realtime: a message could not be handled", { error: describe(error) });
        ws.close(1011);
      }
    });
    ws.on("ping", () => this.#touch());
    ws.on("pong", () => this.#touch());
    ws.on("error", () => {});
    ws.on("close", () => {
      for (const channel of this.#channels.values()) channel.discard();
      this.#channels.clear();
    });
  }

  get channelCount() {
    return this.#channels.size;
  }

  /** @param {import("./serializer.mjs").Envelope} envelope @param {string} payload JSON */
  send(envelope, payload) {
    this.sendFrame(encode(this.version, envelope, payload));
  }

  /** A client that does not keep up is cut off; it reads again when it is back. @param {string | Buffer} frame */
  sendFrame(frame) {
    if (this.ws.readyState !== this.ws.OPEN) return;
    if (this.ws.bufferedAmount > limits.bufferedBytes) return this.ws.terminate();
    this.#cork();
    this.ws.send(frame);
  }

  /** What is sent in one go, as the changes of a batch are, is written by one call to the system. */
  #cork() {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.stream.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.stream.uncork();
    });
  }

  /** @param {Channel} channel */
  forget(channel) {
    if (this.#channels.get(channel.topic) === channel) this.#channels.delete(channel.topic);
  }

  #touch() {
    this.lastSeen = Date.now();
  }

  /** What is no message is ignored. @param {Buffer} data @param {boolean} isBinary */
  #receive(data, isBinary) {
    this.#touch();
    const message = isBinary ? decodeBroadcast(data) : decode(this.version, data.toString("utf8"));
    if (message === null) return;
    if (message.topic === "phoenix") {
      if (message.event === "heartbeat") this.#reply(message, "ok", {});
    } else if (message.event === "phx_join") this.#join(message);
    else this.#handle(message, isBinary);
  }

  /** @param {Message} message */
  #join(message) {
    this.#channels.get(message.topic)?.close();
    try {
      const { channel, claims, response } = join(this, message, this.services);
      this.#channels.set(channel.topic, channel);
      this.#reply(message, "ok", response);
      channel.open(claims);
    } catch (error) {
      if (!(error instanceof JoinError)) throw error;
      setTimeout(() => this.#reply(message, "error", { reason: error.message }), error.delayMs).unref();
    }
  }

  /** @param {Message} message @param {boolean} isBinary */
  #handle(message, isBinary) {
    const channel = this.#channels.get(message.topic);
    const isStale = channel && message.joinRef !== null && message.joinRef !== channel.joinRef;
    if (!channel || isStale) {
      if (message.event === "phx_leave") this.#reply(message, "ok", {});
      else if (!channel) this.#reply(message, "error", { reason: "unmatched topic" });
      return;
    }
    switch (message.event) {
      case "phx_leave":
        this.#reply(message, "ok", {});
        channel.close();
        break;
      case "access_token":
        channel.refreshToken(message.payload.access_token);
        break;
      case "broadcast":
        this.#broadcast(channel, message, isBinary);
        break;
      case "presence":
        // Nobody's presence is kept; the answer lets a client's track() end.
        this.#reply(message, "ok", {});
        break;
    }
  }

  /** @param {Channel} channel @param {Message} message @param {boolean} isBinary */
  #broadcast(channel, message, isBinary) {
    const { broadcasts } = this.services;
    if (!isBinary) broadcasts.sendText(channel, message.payload);
    else if (message.payload.encoding !== JSON_ENCODING || isJson(message.payload.bytes)) {
      broadcasts.sendBinary(channel, message.payload);
    } else return;
    if (channel.options.ackBroadcast) this.#reply(message, "ok", {});
  }

  /** @param {Message} message @param {"ok" | "error"} status @param {Record<string, unknown>} response */
  #reply({ joinRef, ref, topic }, status, response) {
    this.send({ joinRef, ref, topic, event: "phx_reply" }, JSON.stringify({ response, status }));
  }
}

/** @param {Buffer} bytes */
function isJson(bytes) {
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}
