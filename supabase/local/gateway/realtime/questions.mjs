import { connect } from "./connect.mjs";
import { limits } from "./limits.mjs";
import { PUBLICATION } from "./log-session.mjs";

/** The session that answers who may see what. A question that fails fails alone. */
export class Questions {
  #client;

  /** @param {import("pg").Client} client */
  constructor(client) {
    this.#client = client;
  }

  /** @param {string} url a superuser's @returns {Promise<Questions>} */
  static async open(url) {
    const client = await connect(url, "questions");
    await client.query(`set statement_timeout = ${limits.statementMs}`);
    return new Questions(client);
  }

  /** A snapshot of who is still committing, as `xmin:xmax:xip,...`. @returns {Promise<string>} */
  snapshot() {
    return this.#one("select pg_current_snapshot()::text as value", []);
  }

  /** The names of the published tables. @returns {Promise<string>} */
  publishedTables() {
    return this.#one(
      "select coalesce(string_agg(relation || '.' || schema_name || '.' || table_name, ','), '') as value from _realtime_local.published_tables($1)",
      [PUBLICATION],
    );
  }

  /**
   * The relations a binding covers; see _realtime_local.check_binding.
   *
   * @param {import("./filters.mjs").Binding} binding
   * @param {string} role
   * @returns {Promise<number[]>} oids
   */
  async checkBinding({ schema, table, filters, select }, role) {
    const { rows } = await this.#client.query(
      "select check_binding as relation from _realtime_local.check_binding($1, $2, $3, $4, $5, $6)",
      [PUBLICATION, schema, table, role, JSON.stringify(filters), select],
    );
    return rows.map((row) => row.relation);
  }

  /**
   * @param {number} relation
   * @param {string[]} roles
   * @returns {Promise<import("./judge.mjs").TableFacts | null>} null for a table that is gone
   */
  tableFacts(relation, roles) {
    return this.#one("select _realtime_local.table_facts($1, $2) as value", [relation, roles], "table_facts");
  }

  /**
   * @param {number} relation
   * @param {import("./filters.mjs").Filter} filter
   * @param {(string | null)[]} candidates
   * @returns {Promise<number[]>} places of the candidates that match
   */
  matches(relation, { column, operator, operand }, candidates) {
    return this.#one(
      "select _realtime_local.matches($1, $2, $3, $4, $5) as value",
      [relation, column, operator, operand, candidates],
      "matches",
    );
  }

  /**
   * @param {number} relation
   * @param {(string | null)[][]} keys
   * @param {{role: string, claims: string}[]} viewers
   * @returns {Promise<{viewer: number, visible: number[] | null}[]>}
   */
  async visibleKeys(relation, keys, viewers) {
    const { rows } = await this.#client.query({
      name: "visible_keys",
      text: "select viewer, visible from _realtime_local.visible_keys($1, $2, $3)",
      values: [relation, JSON.stringify(keys), JSON.stringify(viewers)],
    });
    return rows;
  }

  /**
   * @param {{type: number, text: string}[]} values
   * @returns {Promise<string[]>} JSON texts
   */
  async asJson(values) {
    const { rows } = await this.#client.query(
      `select _realtime_local.as_json(value.type, value.text)::text as json
       from unnest($1::oid[], $2::text[]) with ordinality as value (type, text, place) order by value.place`,
      [values.map((value) => value.type), values.map((value) => value.text)],
    );
    return rows.map((row) => row.json);
  }

  /** @param {string} text @param {unknown[]} values @param {string} [name] of a prepared statement */
  async #one(text, values, name) {
    const { rows } = await this.#client.query({ text, values, name });
    return rows[0]?.value ?? null;
  }

  /** Ends the session. */
  async close() {
    await this.#client.end().catch(() => {});
  }
}
