// @ts-check
import { PostgresConnection } from "@supabase/lite/postgres";
import { Kysely } from "kysely";
import { PostgresJSDialect } from "kysely-postgres-js";
import { toPostgrestError } from "./errors.mjs";
import { assertLiteVersion, replaceInternals } from "./internals.mjs";
import { createPool } from "./pool.mjs";
import { applyRequestSettings } from "./request-settings.mjs";

/** Connections for requests, and for Auth and the catalog. */
const REQUEST_POOL_SIZE = 10;
const ADMIN_POOL_SIZE = 5;
/** A schema that changes while it is read is read again, but not for ever. */
const MAX_SCHEMA_READS = 5;

/**
 * @supabase/lite's connection, made to behave like PostgREST's on a Supabase database. What it cures, and
 * why, is in the README beside main.mjs; each cure has a test in tests/integration/local_stack.
 *
 * Two logins: Auth's tables and the catalog are read as the superuser, requests run as `authenticator`,
 * who can become anon, authenticated and service_role and nothing else.
 */
export class SupabaseConnection extends PostgresConnection {
  /** Grows whenever the schema may have changed. */
  #schemaGeneration = 0;
  /** @type {Promise<import("@supabase/lite").IntrospectResult> | undefined} */
  #schemaRead;
  #pools;
  #forRequests;
  /** @type {Map<string, [string, string][]>} */
  #roleSettings = new Map();

  /** @param {{adminUrl: string, requestUrl: string}} urls */
  constructor({ adminUrl, requestUrl }) {
    assertLiteVersion();
    super({ url: adminUrl });
    // A comment that changes with the schema: prepared statements are then prepared anew.
    const statementSuffix = () => ` /* schema ${this.#schemaGeneration} */`;
    const admin = createPool(adminUrl, { size: ADMIN_POOL_SIZE, statementSuffix });
    const requests = createPool(requestUrl, { size: REQUEST_POOL_SIZE, statementSuffix });
    this.#pools = [admin, requests];
    this.kysely = kyselyOn(admin);
    replaceInternals(this, {
      // lite grants ALL on every table to anon here, or runs requests as the superuser.
      ensureRlsContext: async () => true,
      applyJwtSessionContext: (
        /** @type {Kysely<any>} */ transaction,
        /** @type {{auth?: {role?: string, jwt?: object | null}}} */ vars,
      ) => applyRequestSettings(transaction, vars.auth, this.#roleSettings),
      // Done by applyJwtSessionContext, in the same statement.
      applyRpcRequestGucs: async () => {},
    });
    this.#forRequests = Object.create(this, { kysely: { value: kyselyOn(requests) } });
  }

  /**
   * @param {Parameters<PostgresConnection["withContext"]>} args
   * @returns {Promise<any>}
   */
  withContext(...args) {
    return super.withContext.apply(this.#forRequests, args);
  }

  /** @param {unknown} error */
  normalizeDbError(error) {
    return toPostgrestError(super.normalizeDbError(error));
  }

  /** @param {{useCache?: boolean}} [options] */
  async introspect(options) {
    if (options?.useCache && this.introspection) return this.introspection;
    this.#schemaRead ??= this.#readSchema().finally(() => {
      this.#schemaRead = undefined;
    });
    return this.#schemaRead;
  }

  async clearSchemaCache() {
    this.#schemaGeneration += 1;
    await super.clearSchemaCache();
  }

  /** @param {Map<string, [string, string][]>} settings See readRoleSettings. */
  useRoleSettings(settings) {
    this.#roleSettings = settings;
  }

  async close() {
    await Promise.all(this.#pools.map((pool) => pool.end()));
  }

  async #readSchema() {
    for (let read = 1; ; read += 1) {
      const generation = this.#schemaGeneration;
      const schema = await super.introspect({ useCache: false });
      if (schema.timezones === undefined) {
        // lite answers an error with an empty schema, in which every table is unknown.
        throw new Error("the schema cannot be read from the database");
      }
      if (generation === this.#schemaGeneration || read === MAX_SCHEMA_READS) return schema;
    }
  }
}

/** @param {ReturnType<typeof createPool>} pool */
function kyselyOn(pool) {
  return new Kysely({
    dialect: new PostgresJSDialect({
      postgres: /** @type {import("postgres").Sql} */ (/** @type {unknown} */ (pool)),
    }),
  });
}
