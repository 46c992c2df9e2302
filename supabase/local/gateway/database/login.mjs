// @ts-check
import { createHmac } from "node:crypto";
import postgres from "postgres";

/**
 * Let `authenticator` log in, and say how. Its password follows from the JWT secret, so that it is the
 * same at each start and needs no place of its own.
 *
 * @param {string} adminUrl PostgreSQL as the superuser.
 * @param {string} jwtSecret
 * @returns {Promise<string>} The URL to log in as authenticator.
 */
export async function openAuthenticatorLogin(adminUrl, jwtSecret) {
  const password = createHmac("sha256", jwtSecret).update("authenticator").digest("hex");
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    // Hexadecimal, so it needs no quoting; a utility statement takes no parameters.
    await sql.unsafe(`alter role authenticator with login password '${password}'`);
  } finally {
    await sql.end({ timeout: 1 });
  }
  const url = new URL(adminUrl);
  url.username = "authenticator";
  url.password = password;
  return url.href;
}
