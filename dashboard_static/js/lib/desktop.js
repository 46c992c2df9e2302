// @ts-check
/** Notifications of the desktop. */

/** One at a time: the next replaces the last. */
const TAG = "fluxio-alerts";

export function createDesktop() {
  const Desktop = globalThis.isSecureContext ? globalThis.Notification : undefined;
  /** @type {Notification | null} */
  let shown = null;

  return {
    /** @returns {NotificationPermission | "none"} none: the browser has no notifications, or not here */
    state: () => Desktop?.permission ?? "none",

    /** Asks the person; from a click only. @returns {Promise<void>} */
    async ask() {
      await Desktop?.requestPermission();
    },

    /** @param {string} text @param {string} to  the address that a click opens */
    show(text, to) {
      if (Desktop?.permission !== "granted") return;
      try {
        shown = new Desktop("FluxIO", { body: text, tag: TAG, icon: "icon.svg" });
      } catch {
        // Some phones have the word but not the thing.
        return;
      }
      shown.addEventListener("click", () => {
        globalThis.focus();
        globalThis.location.hash = to;
      });
    },

    close() {
      shown?.close();
      shown = null;
    },
  };
}

/** @typedef {ReturnType<typeof createDesktop>} Desktop */
