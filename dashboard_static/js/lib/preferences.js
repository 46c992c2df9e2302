// @ts-check
/** What a person chose on this browser: language, columns, folded parts. Nothing secret, nothing that must last. */

const KEY = "fluxio-preferences";

/**
 * @param {Pick<Storage, "getItem" | "setItem">} [storage]
 */
export function createPreferences(storage = globalThis.localStorage) {
  /** @returns {Record<string, unknown>} */
  function read() {
    try {
      const stored = JSON.parse(storage.getItem(KEY) ?? "{}");
      return stored !== null && typeof stored === "object" ? stored : {};
    } catch {
      return {};
    }
  }

  return {
    /** @param {string} name @returns {unknown} undefined when nothing was chosen; check what comes */
    get: (name) => read()[name],
    /** @param {string} name @param {unknown} value  as JSON; undefined forgets */
    set(name, value) {
      try {
        storage.setItem(KEY, JSON.stringify({ ...read(), [name]: value }));
      } catch {
        // Storage is full or forbidden: the choice lasts as long as the page.
      }
    },
  };
}

/** @typedef {ReturnType<typeof createPreferences>} Preferences */
