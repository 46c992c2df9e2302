// @ts-check
/** The rules and channels as they were read last. */
import { loadChannelNames, loadRules } from "../../data/rules.js";
import { failureWords } from "../../lib/errors.js";
import { channelName } from "./values.js";

/** @typedef {import("../../data/rules.js").Rule} Rule */

/**
 * @param {import("../../types.js").Context} context
 * @param {() => void} onChange
 */
export function createStore({ client, clock }, onChange) {
  /** @type {Rule[] | null} */
  let rules = null;
  /** @type {string[]} */
  let channels = [];
  let channelsFailed = false;
  let failure = "";
  /** [ms] when the rules were read */
  let readAt = 0;
  /** Counts questions and own changes: an answer older than either is dropped. */
  let turn = 0;
  let closed = false;

  async function load() {
    turn += 1;
    const mine = turn;
    try {
      const named = loadChannelNames(client).catch(() => null);
      const [read, names] = await Promise.all([loadRules(client), named]);
      if (mine !== turn || closed) return;
      rules = read;
      channels = names ?? channels;
      channelsFailed = names === null;
      failure = "";
      readAt = clock.now();
    } catch (error) {
      if (mine !== turn || closed) return;
      failure = failureWords(error);
    }
    onChange();
  }

  return {
    load,
    /** Null: not read yet. */
    rules: () => rules,
    /** @param {string} id */
    rule: (id) => rules?.find((rule) => rule.id === id),
    failure: () => failure,
    readAt: () => readAt,
    channelsFailed: () => channelsFailed,
    /** Those that may be read, and those that rules name. */
    channels: () => [
      ...new Set([
        ...channels,
        ...(rules ?? []).flatMap((rule) => rule.notification_channels.map(channelName)),
      ]),
    ],
    /** A rule as the API answered it; without values it is gone. @param {string} id @param {Rule | null} next */
    put(id, next) {
      if (closed) return;
      if (rules !== null) {
        const others = rules.filter((rule) => rule.id !== id);
        rules = next === null ? others : [...others, next];
        onChange();
      }
      // What is on its way may be older than this, and one rule alone is no list.
      void load();
    },
    close() {
      closed = true;
    },
  };
}
