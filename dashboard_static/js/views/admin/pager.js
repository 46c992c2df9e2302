// @ts-check
/** A list that is read page by page, newest first. */
import { h, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("./section.js").Row} Row */
/** @typedef {{rows: Row[], next: string | null}} Page */

/**
 * @param {object} options
 * @param {(after: string | null, signal?: AbortSignal) => Promise<Page>} options.read
 * @param {(rows: Row[]) => void} options.show  all that was read
 * @param {HTMLElement} options.heading  takes the focus when there is nothing older
 */
export function createPager({ read, show, heading }) {
  const button = h("button", { type: "button", onclick: older }, t("admin.older"));
  const error = h("p", { class: "error", role: "alert" });
  /** @type {Page} */
  let known = { rows: [], next: null };

  /** @param {Page} page */
  function take(page) {
    known = page;
    show(known.rows);
    if (known.next === null && document.activeElement === button) heading.focus();
    button.hidden = known.next === null;
    setText(error, "");
  }

  async function older() {
    if (button.getAttribute("aria-disabled") === "true") return;
    const asked = known;
    button.setAttribute("aria-disabled", "true");
    try {
      const { rows, next } = await read(asked.next);
      // The list may have been read anew meanwhile.
      if (asked === known) take({ rows: [...asked.rows, ...rows], next });
    } catch (failed) {
      setText(error, failureWords(failed));
    }
    button.removeAttribute("aria-disabled");
  }

  return {
    nodes: [h("p", {}, button), error],
    /** @param {AbortSignal} signal */
    first: (signal) => read(null, signal),
    take,
  };
}
