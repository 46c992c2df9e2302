// @ts-check
import { readFileSync } from "node:fs";

/** The one version whose undocumented methods connection.mjs replaces. */
const LITE_VERSION = "0.10.0";

/**
 * Throws unless the installed @supabase/lite is the one this gateway was written against.
 */
export function assertLiteVersion() {
  const manifest = new URL("../package.json", import.meta.resolve("@supabase/lite"));
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  if (version !== LITE_VERSION) {
    throw new Error(`@supabase/lite ${LITE_VERSION} is needed, ${version} is installed`);
  }
}

/**
 * Replace methods of `target`, which must exist there: an update that renames one of them would otherwise
 * bring back, unseen, what the replacement cures.
 *
 * @param {object} target
 * @param {Record<string, Function>} replacements
 */
export function replaceInternals(target, replacements) {
  for (const [name, replacement] of Object.entries(replacements)) {
    if (typeof Reflect.get(target, name) !== "function") {
      throw new Error(`@supabase/lite has no method ${name} any more; see supabase/local/gateway/database`);
    }
    Object.defineProperty(target, name, { value: replacement });
  }
}
