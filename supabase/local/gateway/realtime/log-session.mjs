import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "./connect.mjs";
import { limits } from "./limits.mjs";

/** The publication that hosted Supabase reads, and this server too. */
export const PUBLICATION = "supabase_realtime";

/** Advisory lock of the one server that may read a database's log ("rltm" in ASCII). */
const LOCK = 0x726c746d;

/** Another server reads this database. */
export class SecondServerError extends Error {}

/**
 * The session that holds the lock and the slot; both vanish with it, and a temporary slot keeps no log for a server
 * that is gone.
 *
 * PostgreSQL drops a session's temporary slots at the first error, so nothing that can fail by a client's doing is
 * asked here.
 */
export class LogSession {
  #client;
  #slot;
  #nextSnapshot = 0;

  /** @param {import("pg").Client} client @param {string} slot */
  constructor(client, slot) {
    this.#client = client;
    this.#slot = slot;
  }

  /**
   * Waits for the transactions that are open now, however long they take.
   *
   * @param {string} url a superuser's
   * @returns {Promise<LogSession>}
   * @throws {SecondServerError}
   */
  static async open(url) {
    const client = await connect(url, "log");
    try {
      await takeLock(client);
      const slot = await client.query(
        "select slot_name from pg_create_logical_replication_slot('realtime_' || pg_backend_pid(), 'pgoutput', true)",
      );
      await client.query(`set statement_timeout = ${limits.statementMs}`);
      return new LogSession(client, slot.rows[0].slot_name);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  /** How far the log is on disk. A look at it costs far less than decoding. @returns {Promise<string>} */
  async flushedLsn() {
    const { rows } = await this.#client.query("select pg_current_wal_flush_lsn() as lsn");
    return rows[0].lsn;
  }

  /**
   * Takes the next changes from the log; whole transactions, so there can be more than asked for.
   *
   * @returns {Promise<Buffer[]>} pgoutput's messages
   */
  async take() {
    const { rows } = await this.#client.query({
      name: "take",
      text: `select data from pg_logical_slot_get_binary_changes(
        $1, null, $2, 'proto_version', '1', 'publication_names', $3)`,
      values: [this.#slot, limits.pollChanges, PUBLICATION],
    });
    return rows.map((row) => row.data);
  }

  /**
   * Lets the slot begin its next reading further on: each reading begins at the last snapshot in the log,
   * which PostgreSQL by itself writes every 15 s only. PostgreSQL 15 cannot be asked to. A snapshot is itself log,
   * so there must be a pause between two: a transaction that stays open makes them useless.
   */
  async forgetOldLog() {
    if (Date.now() < this.#nextSnapshot) return;
    this.#nextSnapshot = Date.now() + limits.oldLogMs;
    const { rows } = await this.#client.query({
      name: "old_log",
      text: `select current_setting('server_version_num')::integer >= 160000
          and pg_wal_lsn_diff(confirmed_flush_lsn, restart_lsn) > 1048576 as is_long
        from pg_replication_slots where slot_name = $1`,
      values: [this.#slot],
    });
    if (rows[0]?.is_long) await this.#client.query("select pg_log_standby_snapshot()");
  }

  /** Ends the session, and with it the slot and the lock. */
  async close() {
    await this.#client.end().catch(() => {});
  }
}

/** A server that was killed may have its lock a moment longer. @param {import("pg").Client} client */
async function takeLock(client) {
  const deadline = Date.now() + limits.lockMs;
  for (;;) {
    const { rows } = await client.query(
      "select pg_try_advisory_lock($1) as is_ours, current_database() as database",
      [LOCK],
    );
    if (rows[0].is_ours) return;
    if (Date.now() > deadline) {
      throw new SecondServerError(
        `another Realtime server is reading the log of database "${rows[0].database}": only one may run for each database`,
      );
    }
    await sleep(100);
  }
}
