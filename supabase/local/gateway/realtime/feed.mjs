import { setTimeout as sleep } from "node:timers/promises";
import { describe, log } from "../log.mjs";
import { openDatabase, reopenDatabase } from "./database.mjs";
import { deliver } from "./delivery.mjs";
import { limits } from "./limits.mjs";
import { LogDecoder } from "./log-decoder.mjs";
import { PUBLICATION } from "./log-session.mjs";
import { subscribe } from "./subscribe.mjs";
import { Subscriptions } from "./subscriptions.mjs";
import { untilVisible } from "./visibility.mjs";

/**
 * @typedef {import("./channel.mjs").Channel} Channel
 * @typedef {import("./database.mjs").Database} Database
 * @typedef {{claims: import("./tokens.mjs").Claims, asked: Record<string, any>[]}} Wish
 * `asked` are a client's postgres_changes as it sent them.
 */

/**
 * Reads the log and serves the channels, one step after the other.
 *
 * While the database is away channels keep waiting; when it is back, and when changes had to be dropped, each is
 * subscribed anew and told so, which is a client's sign to read again.
 */
export class Feed {
  #url;
  /** @type {Database | null} */
  #database = null;
  #decoder = new LogDecoder();
  #subscriptions = new Subscriptions();
  /** @type {Map<Channel, Wish>} */
  #wishes = new Map();
  /** @type {Map<Channel, {isTold: boolean}>} those to be subscribed; isTold: also if it changes nothing */
  #pending = new Map();
  /** [ms since 1970] when the database was opened */
  #since = 0;
  /** How far the log was taken. */
  #lsn = "";
  #published = "";
  #nextPublicationCheck = 0;
  #closing = new AbortController();
  #wake = () => {};
  /** @type {Promise<void>} */
  #running = Promise.resolve();

  /** @param {string} url a superuser's */
  constructor(url) {
    this.#url = url;
  }

  /** @throws {import("./log-session.mjs").SecondServerError} */
  async start() {
    const database = await openDatabase(this.#url);
    try {
      await this.#begin(database);
    } catch (error) {
      await database.close();
      throw error;
    }
    this.#running = this.#run();
  }

  /**
   * Subscribes a channel, in place of what it had. It is told the outcome by channel.subscribed() or
   * channel.subscriptionFailed(message).
   *
   * @param {Channel} channel
   * @param {Wish} wish
   */
  subscribe(channel, wish) {
    this.#wishes.set(channel, wish);
    this.#pending.set(channel, { isTold: true });
    this.#wake();
  }

  /** @param {Channel} channel */
  unsubscribe(channel) {
    this.#wishes.delete(channel);
    this.#pending.delete(channel);
    this.#subscriptions.delete(channel);
  }

  async close() {
    this.#closing.abort();
    this.#wake();
    await this.#database?.close();
    await Promise.race([this.#running, sleep(limits.closeMs, undefined, { ref: false })]);
  }

  /** @param {Database} database */
  async #begin(database) {
    this.#published = await database.questions.publishedTables();
    this.#decoder = new LogDecoder();
    this.#lsn = "";
    this.#database = database;
    this.#since = Date.now();
  }

  async #run() {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        if (this.#database) await this.#turn(this.#database);
        else await this.#reconnect(signal);
      } catch (error) {
        if (!signal.aborted) await this.#lose(error);
      }
      if (this.#database && this.#pending.size === 0 && !signal.aborted) await this.#pause();
    }
  }

  /** @param {AbortSignal} signal */
  async #reconnect(signal) {
    const database = await reopenDatabase(this.#url, signal);
    if (database === null) return;
    if (signal.aborted) await database.close();
    else await this.#begin(database);
  }

  /** @param {unknown} error */
  async #lose(error) {
    log("error", "realtime: lost the database", { error: describe(error) });
    this.#subscriptions.clear();
    this.#subscribeAll(true);
    const database = this.#database;
    this.#database = null;
    await database?.close();
    if (Date.now() - this.#since < limits.steadyMs) await this.#rest(limits.reconnectMs.last);
  }

  /** @param {boolean} isTold */
  #subscribeAll(isTold) {
    for (const channel of this.#wishes.keys()) {
      if (isTold || !this.#pending.has(channel)) this.#pending.set(channel, { isTold });
    }
  }

  /**
   * What was in the log before a channel asked is not for it: first the log, then the newcomers.
   *
   * @param {Database} database
   */
  async #turn(database) {
    const newcomers = [...this.#pending];
    await this.#drain(database);
    if (Date.now() >= this.#nextPublicationCheck) await this.#checkPublication(database);
    for (const [channel, { isTold }] of newcomers) {
      const wish = this.#wishes.get(channel);
      if (wish) await this.#admit(database, channel, wish, isTold);
    }
  }

  /** @param {Database} database @param {Channel} channel @param {Wish} wish @param {boolean} isTold */
  async #admit(database, channel, wish, isTold) {
    const outcome = await subscribe(database.questions, wish);
    // It may have left or changed its wish meanwhile.
    if (this.#wishes.get(channel) !== wish) return;
    this.#pending.delete(channel);
    if ("error" in outcome) {
      this.unsubscribe(channel);
      channel.subscriptionFailed(outcome.error);
    } else {
      const isChanged = this.#subscriptions.set(channel, wish.claims, outcome.bindings);
      if (isTold || isChanged) channel.subscribed();
    }
  }

  /** @param {Database} database */
  async #drain({ log: logSession, questions }) {
    const lsn = await logSession.flushedLsn();
    if (lsn === this.#lsn) return;
    const messages = await logSession.take();
    await logSession.forgetOldLog();
    // When it was cut off there is more to take at the next turn.
    this.#lsn = messages.length < limits.pollChanges ? lsn : "";
    const isWanted = (/** @type {number} */ relation) => this.#subscriptions.has(relation);
    const { changes, xids, dropped } = this.#decoder.decode(messages, isWanted, limits.queuedChanges);
    if (changes.length > 0) await untilVisible(questions, xids);
    for (let start = 0; start < changes.length; start += limits.batchChanges) {
      await deliver(questions, this.#subscriptions, changes.slice(start, start + limits.batchChanges));
    }
    if (dropped > 0) {
      log("warning", "realtime: too many changes at once; every channel is told to read again", { dropped });
      this.#subscribeAll(true);
    }
  }

  /** A table that joined or left the publication changes what the channels get. @param {Database} database */
  async #checkPublication({ questions }) {
    this.#nextPublicationCheck = Date.now() + limits.publicationMs;
    const published = await questions.publishedTables();
    if (published === this.#published) return;
    log("info", `realtime: the tables of publication ${PUBLICATION} have changed`);
    this.#published = published;
    this.#subscribeAll(false);
  }

  /** Until the next look at the log, or until a channel asks. */
  #pause() {
    return this.#rest(this.#subscriptions.isEmpty ? limits.idlePollMs : limits.pollMs);
  }

  /** @param {number} time [ms], cut short by a channel that asks and by the end */
  async #rest(time) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
    this.#wake = () => {};
  }
}
