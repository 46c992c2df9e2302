// @ts-check
/** The page's one status region: the connection in words, and news for those who do not see the screen. */
import { byId, setAttribute, setText } from "../lib/dom.js";
import { t } from "../lib/translate.js";

export function createStatus() {
  const region = byId("status", HTMLElement);
  const link = byId("link-state", HTMLElement);
  const announcement = byId("announcement", HTMLElement);
  const view = byId("view", HTMLElement);

  return {
    /** @param {"off" | "locked" | "connecting" | "live" | "lost"} state */
    show(state) {
      setAttribute(region, "data-state", state);
      setAttribute(view, "data-link", state);
      setText(link, t(`link.${state}`));
    },
    /** @param {string} text */
    announce(text) {
      setText(announcement, text);
    },
  };
}

/** @typedef {ReturnType<typeof createStatus>} Status */
