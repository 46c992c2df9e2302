// @ts-check
import { readFileSync } from "node:fs";

/**
 * What the gateway is told by the file it is started with (mode 0600; it holds every secret).
 *
 * @typedef {object} GatewayConfig
 * @property {string} host Address to listen on; loopback.
 * @property {number} port 0 = any free one.
 * @property {string} database_url PostgreSQL as supabase_admin, the cluster's superuser.
 * @property {string} jwt_secret Signs people's tokens and the legacy keys (HS256).
 * @property {string} publishable_key sb_publishable_...: requests run as anon.
 * @property {string} secret_key sb_secret_...: requests run as service_role.
 * @property {string} anon_jwt Legacy form of the publishable key.
 * @property {string} service_role_jwt Legacy form of the secret key.
 * @property {string} site_url Where links of Auth lead to.
 * @property {string[]} schemas Exposed by /rest/v1.
 * @property {number} max_rows The most rows one answer holds.
 * @property {number} jwt_expiry_s [s] Life of an access token.
 * @property {boolean} [enable_signup] Whether strangers may sign up; off unless said otherwise.
 */

/** @type {Record<string, (value: unknown) => boolean>} */
const REQUIRED = {
  host: isText,
  port: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 65_536,
  database_url: isText,
  jwt_secret: (value) => isText(value) && String(value).length >= 32,
  publishable_key: (value) => isText(value) && String(value).startsWith("sb_publishable_"),
  secret_key: (value) => isText(value) && String(value).startsWith("sb_secret_"),
  anon_jwt: isText,
  service_role_jwt: isText,
  site_url: isText,
  schemas: (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
  max_rows: (value) => Number.isInteger(value) && Number(value) > 0,
  jwt_expiry_s: (value) => Number.isInteger(value) && Number(value) > 0,
};

/**
 * The configuration in `file`. Throws an Error naming the setting, never its value, that is missing or wrong.
 *
 * @param {string} file
 * @returns {GatewayConfig}
 */
export function readConfig(file) {
  const config = JSON.parse(readFileSync(file, "utf8"));
  const wrong = Object.keys(REQUIRED).filter((name) => !REQUIRED[name](config[name]));
  if (wrong.length > 0) {
    throw new Error(`missing or not usable in the configuration: ${wrong.join(", ")}`);
  }
  return config;
}

/** @param {unknown} value */
function isText(value) {
  return typeof value === "string" && value !== "";
}
