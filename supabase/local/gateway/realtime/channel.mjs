import { limits } from "./limits.mjs";
import { TokenError, verifyToken } from "./tokens.mjs";

/**
 * @typedef {{ackBroadcast: boolean, selfBroadcast: boolean, presence: boolean}} ChannelOptions
 */

/** What channels need of the server. @typedef {{jwtSecret: string, feed: import("./feed.mjs").Feed, broadcasts: import("./broadcasts.mjs").Broadcasts}} Services */

/** One joined topic of one socket. */
export class Channel {
  #isOpen = true;
  /** @type {NodeJS.Timeout | undefined} */
  #tokenTimer;

  /**
   * @param {Services} services
   * @param {import("./socket.mjs").Socket} socket
   * @param {{joinRef: string | null, topic: string, token: string, asked: Record<string, any>[], options: ChannelOptions}} join
   */
  constructor(services, socket, { joinRef, topic, token, asked, options }) {
    this.services = services;
    this.socket = socket;
    this.joinRef = joinRef;
    this.topic = topic;
    this.name = topic.slice("realtime:".length);
    this.asked = asked;
    this.options = options;
    this.token = token;
  }

  /** @param {import("./tokens.mjs").Claims} claims of the channel's token */
  open(claims) {
    this.services.broadcasts.add(this);
    this.#accept(claims);
    if (this.options.presence) this.#push("presence_state", "{}");
  }

  /** @param {import("./tokens.mjs").Claims} claims */
  #accept(claims) {
    clearTimeout(this.#tokenTimer);
    const wait = Math.min(claims.exp * 1000 - Date.now(), limits.tokenCheckMs);
    this.#tokenTimer = setTimeout(() => this.#checkToken(), wait);
    if (this.asked.length > 0) this.services.feed.subscribe(this, { claims, asked: this.asked });
  }

  /** A later token replaces the channel's; keys and repeats of it change nothing. @param {unknown} token */
  refreshToken(token) {
    if (typeof token !== "string" || token.startsWith("sb_") || token === this.token) return;
    const claims = this.#verify(token);
    if (claims === null) return;
    this.token = token;
    this.#accept(claims);
  }

  #checkToken() {
    const claims = this.#verify(this.token);
    if (claims === null) return;
    const wait = Math.min(claims.exp * 1000 - Date.now(), limits.tokenCheckMs);
    this.#tokenTimer = setTimeout(() => this.#checkToken(), wait);
  }

  /** Claims, or null after closing the channel. @param {string} token */
  #verify(token) {
    try {
      return verifyToken(token, this.services.jwtSecret);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      this.#system("system", "error", error.message);
      this.close();
      return null;
    }
  }

  subscribed() {
    this.#system("postgres_changes", "ok", "Subscribed to PostgreSQL");
  }

  /** @param {string} message */
  subscriptionFailed(message) {
    this.#system("postgres_changes", "error", message);
  }

  /** @param {string} payload JSON of the change @param {number[]} ids of the bindings it is for */
  sendChange(payload, ids) {
    if (!this.#isOpen) return;
    this.socket.send(
      { topic: this.topic, event: "postgres_changes" },
      `{"data":${payload},"ids":[${ids.join(",")}]}`,
    );
  }

  /** Ends the channel and tells the client. */
  close() {
    if (!this.#isOpen) return;
    this.discard();
    this.socket.forget(this);
    this.socket.send(
      { joinRef: this.joinRef, ref: this.joinRef, topic: this.topic, event: "phx_close" },
      "{}",
    );
  }

  /** Ends the channel of a socket that is gone. */
  discard() {
    this.#isOpen = false;
    clearTimeout(this.#tokenTimer);
    this.services.feed.unsubscribe(this);
    this.services.broadcasts.delete(this);
  }

  /** @param {string} extension @param {"ok" | "error"} status @param {string} message */
  #system(extension, status, message) {
    this.#push("system", JSON.stringify({ channel: this.name, extension, message, status }));
  }

  /** @param {string} event @param {string} payload JSON */
  #push(event, payload) {
    if (this.#isOpen) this.socket.send({ joinRef: this.joinRef, topic: this.topic, event }, payload);
  }
}
