// @ts-check
/** One dead letter, as it came. */
import { h } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { hexLines } from "./hex.js";

/** Most characters of a body that are written out. */
const SHOWN = 20_000;

/**
 * @param {import("../../types.js").Context} context
 * @param {ReturnType<typeof import("./dialog.js").createDialogs>} dialogs
 * @param {import("./section.js").Row} row
 */
export async function openLetter({ api, instants }, dialogs, row) {
  const place = h("div", {}, h("p", { class: "empty" }, t("shell.loading")));
  const end = new AbortController();
  dialogs.read(t("admin.letter.of", { id: String(row.id) }), [place], {
    wide: true,
    onClose: () => end.abort(),
  });
  try {
    const letter = await api.get(`/api/dead-letters/${row.id}`, {}, { signal: end.signal });
    place.replaceChildren(...described(letter));
  } catch (failed) {
    if (!end.signal.aborted)
      place.replaceChildren(h("p", { class: "error", role: "alert" }, failureWords(failed)));
  }

  /** @param {import("./section.js").Row} letter */
  function described({ reason, detail, received_at, headers, reading, body_text, body_base64 }) {
    const facts = list([
      [t("admin.letter.reason"), reason],
      [t("admin.letter.detail"), detail ?? "–"],
      [
        t("admin.letter.received"),
        `${instants.full(Date.parse(received_at))} (${instants.zoneName(Date.parse(received_at))})`,
      ],
    ]);
    const sent = Object.entries(headers ?? {}).map(
      ([name, value]) => /** @type {[string, string]} */ ([name, String(value)]),
    );
    const body =
      reading === null
        ? (body_text ?? hexLines(bytesOf(body_base64 ?? ""), SHOWN))
        : JSON.stringify(reading, null, 2);
    const kind =
      reading !== null
        ? t("admin.letter.reading")
        : body_text === null
          ? t("admin.letter.hex")
          : t("admin.letter.body");
    return [
      facts,
      ...(sent.length === 0 ? [] : [h("h3", {}, t("admin.letter.headers")), list(sent)]),
      h("h3", {}, kind),
      h(
        "pre",
        { class: "admin-code", tabindex: 0, role: "region", "aria-label": kind },
        body.slice(0, SHOWN),
      ),
      body.length > SHOWN && h("p", { class: "subtitle" }, t("admin.letter.cut", { count: SHOWN })),
    ].filter((node) => node instanceof Node);
  }
}

/** @param {[string, string][]} entries */
const list = (entries) =>
  h(
    "dl",
    { class: "admin-settings" },
    entries.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

/** @param {string} base64 */
const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
