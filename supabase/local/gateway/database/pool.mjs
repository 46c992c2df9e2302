// @ts-check
import postgres from "postgres";
import { noteAnswer, noteAway } from "./availability.mjs";
import { isDatabaseAway } from "./errors.mjs";
import { POSTGREST_TYPES } from "./types.mjs";

/** [s] How long to wait for the server to accept, and between two tries. */
const CONNECT_TIMEOUT_S = 5;
const RETRY_S = 0.1;
/** [ms] How long a request waits for a free connection, as PostgREST does. */
const ACQUIRE_TIMEOUT_MS = 10_000;
/** Statements with more parameters are bulk inserts, each with a text of its own: not worth preparing. */
const MAX_PREPARED_PARAMETERS = 64;
/** A connection keeps every prepared statement; it is replaced after so many uses. */
const MAX_USES = 10_000;

/** What a request gets when every connection stayed busy for ACQUIRE_TIMEOUT_MS. */
export class PoolExhausted extends Error {
  name = "PoolExhausted";
  code = "PGRST003";
}

/**
 * One connection. postgres.js would open another one by itself after a loss, in the middle of what the
 * caller takes for a transaction; `losses` lets the caller see that. And it forgets a statement that is
 * sent between a connection's error and its close, such as the rollback after the error: nobody would
 * ever be answered, and the connection never given back.
 */
class Member {
  losses = 0;
  uses = 0;
  /** @type {((error: Error) => void) | undefined} Ends the wait for the statement under way. */
  abandon;

  /** @param {string} url */
  constructor(url) {
    this.sql = postgres(url, {
      connection: { TimeZone: "UTC", application_name: "fluxio-gateway" },
      types: POSTGREST_TYPES,
      max: 1,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_S,
      backoff: () => RETRY_S,
      onnotice: () => {},
      onclose: () => {
        this.losses += 1;
        this.abandon?.(connectionLost());
      },
    });
  }

  /**
   * @param {string} statement
   * @param {any[]} parameters
   * @param {{prepare: boolean}} options
   * @returns {Promise<any>} rejected at the latest when the connection is closed.
   */
  run(statement, parameters, options) {
    const closed = new Promise((_, reject) => {
      this.abandon = reject;
    });
    return Promise.race([this.sql.unsafe(statement, parameters, options), closed]);
  }
}

/**
 * A pool with the part of postgres.js that kysely-postgres-js uses: `reserve()`, and `unsafe()` and
 * `release()` of what that returns. postgres.js' own `reserve` hands a connection that died back to its
 * pool as a living one, which ends the process at the next use.
 *
 * @param {string} url
 * @param {{size: number, statementSuffix: () => string}} settings `statementSuffix` is appended to each
 *   prepared statement; a new suffix makes all of them be planned afresh.
 */
export function createPool(url, { size, statementSuffix }) {
  /** @type {Member[]} */
  const idle = [];
  /** @type {Set<Member>} */
  const all = new Set();
  /** @type {{give: (member: Member) => void}[]} */
  const waiting = [];

  async function acquire() {
    const free = idle.pop();
    if (free) return free;
    if (all.size < size) return add();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(ticket), 1);
        reject(new PoolExhausted("Timed out acquiring connection from connection pool."));
      }, ACQUIRE_TIMEOUT_MS);
      const ticket = {
        /** @param {Member} member */
        give(member) {
          clearTimeout(timer);
          resolve(member);
        },
      };
      waiting.push(ticket);
    });
  }

  function add() {
    const member = new Member(url);
    all.add(member);
    return member;
  }

  /** @param {Member} member */
  function release(member) {
    // Too old, or of a connection that is not to be trusted any more.
    if (member.uses > MAX_USES) {
      all.delete(member);
      void member.sql.end({ timeout: 1 });
    } else {
      idle.push(member);
    }
    if (waiting.length > 0) {
      const next = idle.pop() ?? add();
      waiting.shift()?.give(next);
    }
  }

  async function reserve() {
    const member = await acquire();
    // Counted from the first answer on: what was lost before it is no part of what the caller began.
    let losses = -1;
    return {
      /**
       * @param {string} text
       * @param {any[]} parameters
       */
      async unsafe(text, parameters) {
        member.uses += 1;
        const prepare = parameters.length > 0 && parameters.length <= MAX_PREPARED_PARAMETERS;
        const statement = prepare ? text + statementSuffix() : text;
        try {
          if (losses !== -1 && losses !== member.losses) throw connectionLost();
          const rows = await member.run(statement, parameters.map(untyped(member.sql)), { prepare });
          losses = member.losses;
          noteAnswer();
          return rows;
        } catch (error) {
          if (isDatabaseAway(error)) {
            noteAway(error);
            member.uses = Number.POSITIVE_INFINITY;
          }
          throw error;
        }
      },
      release: () => release(member),
    };
  }

  async function end() {
    await Promise.all([...all].map((member) => member.sql.end({ timeout: 1 })));
  }

  // kysely-postgres-js takes only a function for a postgres.js instance.
  return Object.assign(() => {}, { reserve, end });
}

/**
 * postgres.js guesses the type of a boolean or an array from the value, which is wrong for `true` in a
 * jsonb column; of type 0 the server says what it expects.
 *
 * @param {import("postgres").Sql<any>} sql
 */
function untyped(sql) {
  return (/** @type {any} */ value) =>
    typeof value === "boolean" || Array.isArray(value) ? sql.typed(value, 0) : value;
}

function connectionLost() {
  return Object.assign(new Error("the connection was lost within a transaction"), {
    code: "CONNECTION_CLOSED",
  });
}
