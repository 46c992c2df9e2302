// @ts-check
import { verifyJwt } from "./jwt.mjs";

/** The role that each legacy key, a JWT, stands for. */
const LEGACY_ROLES = ["anon", "service_role"];

/**
 * `headers` with the project's key in the one form that @supabase/lite knows: sb_..., in the header
 * `apikey`. A legacy key, or a key in the address (?apikey=), is put there; a key that is none stays and is
 * refused by lite.
 *
 * @param {Request} request
 * @param {import("../config.mjs").GatewayConfig} config
 * @returns {Headers}
 */
export function withOpaqueKey(request, config) {
  const headers = new Headers(request.headers);
  const key = headers.get("apikey") ?? new URL(request.url).searchParams.get("apikey");
  if (key === null) return headers;
  const opaque = opaqueKey(key, config);
  headers.set("apikey", opaque);
  // Clients send the key as Bearer too until somebody signs in; it must stay equal to the key.
  const bearer = bearerOf(headers);
  if (bearer !== null && opaqueKey(bearer, config) === opaque) {
    headers.set("authorization", `Bearer ${opaque}`);
  }
  return headers;
}

/**
 * The role a request asks for: its token's, or else its key's. null without a valid key, or with a token
 * that is not valid.
 *
 * @param {Headers} headers As withOpaqueKey returns them.
 * @param {import("../config.mjs").GatewayConfig} config
 * @returns {string | null}
 */
export function roleOf(headers, config) {
  const key = headers.get("apikey");
  const roles = new Map([
    [config.publishable_key, "anon"],
    [config.secret_key, "service_role"],
  ]);
  const keyRole = key === null ? undefined : roles.get(key);
  if (keyRole === undefined) return null;
  const bearer = bearerOf(headers);
  if (bearer === null || bearer === key || bearer.startsWith("sb_")) return keyRole;
  const role = verifyJwt(bearer, config.jwt_secret)?.role;
  return typeof role === "string" ? role : null;
}

/**
 * @param {string} key
 * @param {import("../config.mjs").GatewayConfig} config
 */
function opaqueKey(key, config) {
  if (key === config.anon_jwt) return config.publishable_key;
  if (key === config.service_role_jwt) return config.secret_key;
  if (key.startsWith("sb_")) return key;
  const claims = verifyJwt(key, config.jwt_secret);
  // A person's token is no key.
  if (!claims || claims.sub !== undefined || !LEGACY_ROLES.includes(String(claims.role))) return key;
  return claims.role === "anon" ? config.publishable_key : config.secret_key;
}

/** @param {Headers} headers */
function bearerOf(headers) {
  return /^Bearer\s+(.+)$/i.exec(headers.get("authorization") ?? "")?.[1].trim() ?? null;
}
