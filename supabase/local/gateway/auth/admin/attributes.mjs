// @ts-check
import { randomUUID } from "node:crypto";
import bcrypt from "bcryptjs";
import { invalid } from "./problems.mjs";

const BCRYPT_COST = 10;
const MIN_PASSWORD_LENGTH = 6;
const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/**
 * What the caller may set of a user; the names are Auth's.
 *
 * @typedef {object} Attributes
 * @property {string} [id]
 * @property {string} [email]
 * @property {string} [password]
 * @property {string} [password_hash] bcrypt.
 * @property {boolean} [email_confirm]
 * @property {Record<string, unknown>} [user_metadata]
 * @property {Record<string, unknown>} [app_metadata]
 * @property {string} [role]
 * @property {string} [aud]
 * @property {string} [ban_duration] "24h", "1h30m"; "none" lifts the ban.
 */

/** @type {Record<keyof Attributes, string>} */
const TYPES = {
  id: "string",
  email: "string",
  password: "string",
  password_hash: "string",
  email_confirm: "boolean",
  user_metadata: "object",
  app_metadata: "object",
  role: "string",
  aud: "string",
  ban_duration: "string",
};

/**
 * The attributes in a request's body. Throws an AdminProblem if it is no JSON object, or a value is of the
 * wrong type. What is null counts as absent; phone numbers are not supported.
 *
 * @param {Request} request
 * @returns {Promise<Attributes>}
 */
export async function readAttributes(request) {
  const body = await request.json().catch(() => null);
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw invalid("Could not read the request body as a JSON object");
  }
  /** @type {Record<string, unknown>} */
  const attributes = {};
  for (const [name, type] of Object.entries(TYPES)) {
    const value = body[name];
    if (value === null || value === undefined) continue;
    if (typeof value !== type || Array.isArray(value)) throw invalid(`${name} must be of type ${type}`);
    attributes[name] = value;
  }
  if (attributes.email !== undefined) attributes.email = validEmail(String(attributes.email));
  return attributes;
}

/**
 * The bcrypt hash to store, or null if there is no password to set. bcrypt sees a password's first 72
 * bytes, here and at sign-in.
 *
 * @param {Attributes} attributes
 */
export async function passwordHash({ password, password_hash }) {
  if (password && password_hash) throw invalid("Only a password or a password hash should be provided");
  if (password_hash) {
    if (!/^\$2[aby]\$\d\d\$.{53}$/.test(password_hash)) throw invalid("password_hash is no bcrypt hash");
    return password_hash;
  }
  return password ? bcrypt.hash(password, BCRYPT_COST) : null;
}

/** A hash that no password has. */
export function unusableHash() {
  return bcrypt.hash(randomUUID() + randomUUID(), BCRYPT_COST);
}

/** @param {string | undefined} password */
export function isTooShort(password) {
  return password !== undefined && password.length < MIN_PASSWORD_LENGTH;
}

/**
 * When a ban of `duration` (Go's notation) ends; null for "none", undefined if there is nothing to change.
 *
 * @param {string | undefined} duration
 * @returns {string | null | undefined} ISO 8601.
 */
export function bannedUntil(duration) {
  if (duration === undefined) return undefined;
  if (duration === "none") return null;
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(duration)) {
    throw invalid(`invalid format for ban duration: time: invalid duration "${duration}"`);
  }
  let total = 0;
  for (const [, amount, unit] of duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) {
    total += Number(amount) * UNIT_MS[/** @type {keyof typeof UNIT_MS} */ (unit)];
  }
  const end = new Date(Date.now() + total);
  if (Number.isNaN(end.getTime())) throw invalid("invalid format for ban duration: too long");
  return end.toISOString();
}

/** @param {string} email */
function validEmail(email) {
  const address = email.trim().toLowerCase();
  if (address.length > 255 || !/^[^\s@]+@[^\s@]+$/.test(address)) {
    throw invalid("Unable to validate email address: invalid format");
  }
  return address;
}
