// @ts-check
/** One line above everything for what could not be read, with a way to try again. */
import { byId, setText } from "../lib/dom.js";

/** @param {{onRetry: () => void}} options */
export function createBanner({ onRetry }) {
  const banner = byId("banner", HTMLElement);
  const text = byId("banner-text", HTMLElement);
  byId("banner-retry", HTMLButtonElement).addEventListener("click", onRetry);

  return {
    /** @param {string} words */
    show(words) {
      banner.hidden = false;
      setText(text, words);
    },
    hide() {
      banner.hidden = true;
      setText(text, "");
    },
  };
}

/** @typedef {ReturnType<typeof createBanner>} Banner */
