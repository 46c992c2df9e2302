// @ts-check
/** Which part of the system is away, and what that means for a person. Pure. */
import { failureWords, RestError } from "./errors.js";
import { t } from "./translate.js";

/** @typedef {"network" | "service" | "database" | "realtime" | "api"} Part */

/**
 * @typedef {object} Signs
 * @property {boolean} online  what the browser says of its network
 * @property {unknown | null} failure  of the newest reload; null: it succeeded
 * @property {boolean} lost  no live events arrive
 * @property {"unknown" | "ok" | "away"} api
 */

/**
 * network: nothing can be reached. service: Supabase cannot, the API can. database: the service answers and
 * has no database. realtime: only live events are missing. api: the API alone, or as well.
 *
 * @param {Signs} signs
 * @returns {Part[]}
 */
export function findOutages({ online, failure, lost, api }) {
  // A browser may believe that it is offline while everything comes.
  if (!online && failure !== null) return ["network"];
  /** @type {Part[]} */
  const parts = [];
  if (failure instanceof RestError && failure.status === 0) {
    if (api === "away") return ["network"];
    parts.push("service");
  } else if (failure instanceof RestError && failure.status >= 500) parts.push("database");
  else if (failure === null && lost) parts.push("realtime");
  if (api === "away") parts.push("api");
  return parts;
}

/**
 * What to say; empty when all is well.
 *
 * @param {Signs} signs
 * @param {string} loadedAt  when the values shown were read; empty: never
 */
export function outageWords(signs, loadedAt) {
  const parts = findOutages(signs);
  const words = parts.map((part) => t(`outage.${part}`));
  const isRead = signs.failure === null;
  if (!isRead && parts.every((part) => part === "api")) words.unshift(failureWords(signs.failure));
  if (!isRead && loadedAt !== "") words.push(t("outage.since", { at: loadedAt }));
  return words.join(" ");
}
