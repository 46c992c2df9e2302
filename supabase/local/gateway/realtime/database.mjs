import { setTimeout as sleep } from "node:timers/promises";
import { describe, log } from "../log.mjs";
import { limits } from "./limits.mjs";
import { LogSession } from "./log-session.mjs";
import { Questions } from "./questions.mjs";

/**
 * The two sessions of the server; they live and end together.
 *
 * @typedef {{log: LogSession, questions: Questions, close: () => Promise<void>}} Database
 */

/**
 * @param {string} url a superuser's
 * @returns {Promise<Database>}
 * @throws {import("./log-session.mjs").SecondServerError}
 */
export async function openDatabase(url) {
  const logSession = await LogSession.open(url);
  try {
    const questions = await Questions.open(url);
    const close = async () => {
      await Promise.all([logSession.close(), questions.close()]);
    };
    return { log: logSession, questions, close };
  } catch (error) {
    await logSession.close();
    throw error;
  }
}

/**
 * Tries until it is there, or `signal` ends it.
 *
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<Database | null>}
 */
export async function reopenDatabase(url, signal) {
  /** @type {number} */
  let wait = limits.reconnectMs.first;
  let told = "";
  while (!signal.aborted) {
    try {
      const database = await openDatabase(url);
      log("info", "realtime: the database is back");
      return database;
    } catch (error) {
      const reason = describe(error);
      if (reason !== told) log("warning", "realtime: the database is away", { error: reason });
      told = reason;
    }
    await sleep(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(2 * wait, limits.reconnectMs.last);
  }
  return null;
}
