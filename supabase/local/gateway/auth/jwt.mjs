// @ts-check
import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * The claims of a JWT signed with `secret` (HS256), or null if it is malformed, signed otherwise or
 * expired.
 *
 * @param {string} token
 * @param {string} secret
 * @returns {Record<string, unknown> | null}
 */
export function verifyJwt(token, secret) {
  const parts = token.split(".");
  if (parts.length !== 3) return null;
  const [header, payload, signature] = parts;
  const expected = createHmac("sha256", secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const claims = parsePart(payload);
  if (!claims || parsePart(header)?.alg !== "HS256") return null;
  const expired = claims.exp !== undefined && !(Number(claims.exp) > Date.now() / 1000);
  return expired ? null : claims;
}

/** @param {string} part */
function parsePart(part) {
  try {
    const value = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return value !== null && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
