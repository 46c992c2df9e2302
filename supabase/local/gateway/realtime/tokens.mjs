import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * @typedef {{role: string, exp: number, [claim: string]: unknown}} Claims
 * What a token says. `exp` is in seconds since 1970.
 */

/** A token that is not accepted. `code` and `message` are what the hosted service calls it. */
export class TokenError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const malformed = () => new TokenError("MalformedJWT", "The token provided is not a valid JWT");

/**
 * The claims of a token signed with `secret` (HS256) that has not expired.
 *
 * @param {string} token
 * @param {string} secret
 * @param {number} [now] seconds since 1970
 * @returns {Claims}
 * @throws {TokenError}
 */
export function verifyToken(token, secret, now = Math.floor(Date.now() / 1000)) {
  const parts = token.split(".");
  if (parts.length !== 3) throw malformed();
  const [header, payload, signature] = parts;
  const claims = decode(payload);
  if (decode(header).alg !== "HS256") throw signatureError();
  const expected = createHmac("sha256", secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw signatureError();
  const { role, exp } = claims;
  if (typeof role !== "string" || !Number.isInteger(exp)) {
    throw new TokenError("InvalidJWTToken", "Fields `role` and `exp` are required in JWT");
  }
  if (exp <= now) throw new TokenError("InvalidJWTToken", `Token has expired ${now - exp} seconds ago`);
  return /** @type {Claims} */ (claims);
}

const signatureError = () => new TokenError("JwtSignatureError", "Failed to validate JWT signature");

/** @param {string} part @returns {Record<string, any>} */
function decode(part) {
  let value;
  try {
    value = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    throw malformed();
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw malformed();
  return value;
}

/**
 * The token an API key stands for: `sb_...` keys for the project's old ones, any other is a token itself.
 *
 * @param {string} key
 * @param {import("../config.mjs").GatewayConfig} config
 * @throws {TokenError} for an `sb_...` key of another project
 */
export function tokenOfKey(key, config) {
  if (key === config.publishable_key) return config.anon_jwt;
  if (key === config.secret_key) return config.service_role_jwt;
  if (key.startsWith("sb_")) throw malformed();
  return key;
}
