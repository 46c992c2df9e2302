// @ts-check
/** Secrets: shown once, with a button that copies them, and what a sender has to be told. */
import { h, setText } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";

/**
 * @param {string} label
 * @param {string} text
 */
export function createCopy(label, text) {
  const field = h("textarea", {
    readonly: true,
    rows: Math.ceil(text.length / 60),
    spellcheck: false,
    "aria-label": label,
    class: "admin-secret",
  });
  field.value = text;
  const said = h("span", { class: "subtitle", role: "status" });
  const button = h(
    "button",
    { type: "button", "aria-label": `${t("admin.copy")}: ${label}`, onclick: copy },
    t("admin.copy"),
  );

  async function copy() {
    const done = await copied();
    setText(said, done ? t("admin.copied") : t("admin.copyByHand"));
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

/** Quoted for a POSIX shell. @param {string} text */
export const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Checks the key; stores nothing.
 *
 * @param {string} url  of POST /api/ingest
 * @param {string} key
 */
export const checkLine = (url, key) => `curl ${quoted(url)} -H ${quoted(`x-api-key: ${key}`)} -d '[]'`;

/**
 * Stores one reading.
 *
 * @param {string} url
 * @param {string} key
 * @param {string} deviceId
 */
export function readingLine(url, key, deviceId) {
  const body = JSON.stringify({ device_id: deviceId, flow_rate: 12.5, totalizer: 4500.25 });
  return `curl ${quoted(url)} -H ${quoted(`x-api-key: ${key}`)} -d ${quoted(body)}`;
}

/**
 * Fields of Services › Data to Server of RutOS, as they stand there, with what belongs in each.
 *
 * @param {string} url
 * @param {string} key
 * @returns {[field: string, value: string][]}
 */
export function teltonikaSettings(url, key) {
  const isSecure = url.startsWith("https:");
  return [
    [t("admin.tel.input.type"), "Modbus"],
    [t("admin.tel.input.format"), "JSON"],
    [t("admin.tel.segments"), t("admin.tel.segmentsAre")],
    [t("admin.tel.server.type"), "HTTP"],
    [t("admin.tel.server.address"), url],
    [t("admin.tel.headers"), `x-api-key: ${key}`],
    [t("admin.tel.tls"), isSecure ? t("admin.tel.on") : t("admin.tel.offPlain")],
    [t("admin.tel.server.name"), t("admin.tel.server.nameIs")],
  ];
}
