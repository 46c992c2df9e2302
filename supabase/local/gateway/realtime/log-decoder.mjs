import { PgoutputPlugin } from "pg-logical-replication";
import { PUBLICATION } from "./log-session.mjs";

/**
 * @typedef {Record<string, string | null | undefined>} Row
 * PostgreSQL's text of each column; undefined for a long value that an UPDATE left alone.
 *
 * @typedef {object} Change
 * @property {"INSERT" | "UPDATE" | "DELETE"} type
 * @property {number} relation oid
 * @property {string} committedAt as 2026-11-22T09:23:36.863Z
 * @property {Row} row empty for a DELETE
 * @property {Row} identity the old values of the replica identity, normally the primary key; empty for an INSERT
 * @property {number} bytes about how much the row takes
 */

const TYPES = /** @type {const} */ ({ insert: "INSERT", update: "UPDATE", delete: "DELETE" });

/** Makes changes of pgoutput's messages. TRUNCATE and messages of other kinds say nothing to subscribers. */
export class LogDecoder {
  #parser = new PgoutputPlugin({ protoVersion: 1, publicationNames: [PUBLICATION] });
  #committedAt = "";
  #xid = 0;

  /**
   * @param {Buffer[]} messages whole transactions
   * @param {(relation: number) => boolean} isWanted others are not kept
   * @param {number} limit of changes; what comes after it is dropped
   * @returns {{changes: Change[], xids: Set<number>, dropped: number}} xids are of the changes' transactions
   */
  decode(messages, isWanted, limit) {
    const changes = [];
    const xids = new Set();
    let dropped = 0;
    for (const bytes of messages) {
      const message = this.#parse(bytes);
      if (message === null || !isWanted(message.relation.relationOid)) continue;
      if (changes.length === limit) {
        dropped += 1;
        continue;
      }
      xids.add(this.#xid);
      changes.push(this.#change(message, bytes.length));
    }
    return { changes, xids, dropped };
  }

  /** @param {Buffer} bytes */
  #parse(bytes) {
    const message = this.#parser.parse(bytes);
    switch (message.tag) {
      case "begin":
        this.#xid = message.xid >>> 0;
        this.#committedAt = new Date(Number(message.commitTime) / 1000).toISOString();
        return null;
      case "relation":
        // The library would make dates and doubles of the texts, and lose digits.
        for (const column of message.columns) column.parser = (/** @type {string} */ text) => text;
        return null;
      case "insert":
      case "update":
      case "delete":
        return message;
      default:
        return null;
    }
  }

  /**
   * @param {import("pg-logical-replication").Pgoutput.MessageInsert
   *   | import("pg-logical-replication").Pgoutput.MessageUpdate
   *   | import("pg-logical-replication").Pgoutput.MessageDelete} message
   * @param {number} bytes
   * @returns {Change}
   */
  #change(message, bytes) {
    const { relation } = message;
    return {
      type: TYPES[message.tag],
      relation: relation.relationOid,
      committedAt: this.#committedAt,
      row: message.tag === "delete" ? {} : message.new,
      identity: identityOf(message, relation.keyColumns),
      bytes,
    };
  }
}

/** An UPDATE that keeps the key comes without old values: they are the new ones. @returns {Row} */
function identityOf(message, /** @type {string[]} */ keyColumns) {
  if (message.tag === "insert") return {};
  const old = message.old ?? message.key;
  if (old || message.tag === "delete") return old ?? {};
  return Object.fromEntries(keyColumns.map((name) => [name, message.new[name]]));
}
