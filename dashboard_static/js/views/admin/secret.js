// @ts-check
/** Something that is shown once: with a button that copies it, and gone from the page with its dialog. */
import { h, setText } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";

/**
 * @param {string} label
 * @param {string} text
 * @param {(words: string) => void} announce
 */
export function createCopy(label, text, announce) {
  const field = h("textarea", {
    readonly: true,
    rows: 1,
    spellcheck: false,
    "aria-label": label,
    class: "admin-secret",
  });
  field.value = text;
  const said = h("span", { class: "subtitle" });
  const button = h(
    "button",
    { type: "button", "aria-label": `${t("admin.copy")}: ${label}`, onclick: copy },
    t("admin.copy"),
  );

  async function copy() {
    const done = await copied();
    setText(said, done ? t("admin.copied") : t("admin.copyByHand"));
    announce(said.textContent ?? "");
  }

  /** Pages without TLS have no clipboard; then the text is marked, and the old command tried. */
  async function copied() {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      field.focus();
      field.select();
      return document.execCommand("copy");
    }
  }

  return h("div", { class: "admin-copy" }, h("h3", {}, label), field, h("p", {}, button, " ", said));
}

/**
 * @param {ReturnType<typeof import("./dialog.js").createDialogs>} dialogs
 * @param {string} title
 * @param {Node[]} content
 */
export function showOnce(dialogs, title, content) {
  dialogs.read(title, [h("p", { class: "admin-once" }, t("admin.once")), ...content], {
    wide: true,
    keep: true,
  });
}
