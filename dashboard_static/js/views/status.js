// @ts-check
/** The page's one status region: the connection in words, and news for those who do not see the screen. */
import { byId, setAttribute, setText } from "../lib/dom.js";

/** @type {Record<string, string>} */
const WORDS = {
  off: "Signed out",
  connecting: "Connecting…",
  live: "Live",
  lost: "Connection lost, values may be old",
};

export function createStatus() {
  const region = byId("status", HTMLElement);
  const link = byId("link-state", HTMLElement);
  const announcement = byId("announcement", HTMLElement);
  const dashboard = byId("dashboard", HTMLElement);

  return {
    /** @param {"off" | "connecting" | "live" | "lost"} state */
    show(state) {
      setAttribute(region, "data-state", state);
      setAttribute(dashboard, "data-link", state);
      setText(link, WORDS[state]);
    },
    /** @param {string} text */
    announce(text) {
      setText(announcement, text);
    },
  };
}
