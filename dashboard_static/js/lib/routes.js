// @ts-check
/** Addresses in the hash: "#/devices/NIVUS_01?window=24h". Pure. */

/** @typedef {import("../types.js").ViewEntry} ViewEntry */
/** @typedef {import("../types.js").Params} Params */

/**
 * An address of the page.
 *
 * @param {(string | number)[]} path  `address(["devices", id])`
 * @param {Record<string, string | number | null | undefined>} [query]  null and undefined are left out
 */
export function address(path, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) search.set(name, String(value));
  }
  const asked = search.size === 0 ? "" : `?${search}`;
  return `#/${path.map((part) => encodeURIComponent(part)).join("/")}${asked}`;
}

/**
 * What a hash shows; null when it names no view. A bare "#ID", the form of older links, is that device.
 *
 * @template {Pick<ViewEntry, "path">} Entry
 * @param {string} hash
 * @param {readonly Entry[]} views
 * @returns {{entry: Entry, params: Params} | null}
 */
export function findView(hash, views) {
  const [path, ...asked] = canonical(hash).slice(1).split("?");
  const parts = decoded(path.split("/").slice(1));
  if (parts === null) return null;
  for (const entry of views) {
    const params = match(entry.path.split("/").slice(1), parts);
    if (params !== null) {
      return { entry, params: { ...Object.fromEntries(new URLSearchParams(asked.join("?"))), ...params } };
    }
  }
  return null;
}

/**
 * The hash as it is written today.
 *
 * @param {string} hash
 */
export function canonical(hash) {
  return hash.length > 1 && !hash.startsWith("#/") ? `#/devices/${hash.slice(1)}` : hash;
}

/**
 * @param {string[]} pattern
 * @param {string[]} parts
 * @returns {Params | null}
 */
function match(pattern, parts) {
  if (parts.length > pattern.length) return null;
  /** @type {Params} */
  const params = {};
  for (const [i, name] of pattern.entries()) {
    const part = parts[i] ?? "";
    if (!name.startsWith(":")) {
      if (part !== name) return null;
    } else if (part !== "") {
      params[name.slice(1).replace("?", "")] = part;
    } else if (!name.endsWith("?")) return null;
  }
  return params;
}

/** @param {string[]} parts @returns {string[] | null} null: a broken escape */
function decoded(parts) {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return null;
  }
}
