// @ts-check
/** What was sent and could not become a reading: looked at, and judged again once the cause is mended. */
import { h, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { createSection } from "./section.js";
import { createPager, createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

const PAGE_ROWS = 50;
/** Most letters of one replay that the API takes. */
const MOST = 1000;
/** Most characters of a body that are written out. */
const SHOWN = 20_000;
const HEX_WIDTH = 16;
const REASONS = [
  "invalid_json",
  "invalid_value",
  "unknown_device",
  "missing_device_id",
  "unmapped_register",
  "invalid_state",
  "no_measurement",
  "too_old",
  "conflicting_values",
  "invalid_key",
  "not_processed",
];

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("letters", ({ context, button, dialogs, heading, reload, toolbar, when }) => {
    const { api, announce, quantities } = context;
    const reason = h(
      "select",
      { "aria-label": t("admin.letter.reason"), onchange: reload },
      h("option", { value: "" }, t("admin.letter.anyReason")),
      REASONS.map((each) => h("option", { value: each }, each)),
    );
    const done = h(
      "select",
      { "aria-label": t("admin.state"), onchange: reload },
      h("option", { value: "false" }, t("admin.letter.waiting")),
      h("option", { value: "true" }, t("admin.letter.replayed")),
      h("option", { value: "" }, t("admin.letter.all")),
    );
    const result = h("p", { tabindex: -1 });
    const verdicts = h("ul", { class: "admin-tries" });
    toolbar(reason);
    toolbar(done);
    button(t("admin.chooseAll"), () => table.choose(true), false);
    button(t("admin.letter.replayChosen"), replayChosen);

    const table = createTable({
      caption: t("admin.part.letters"),
      heading,
      key: (row) => String(row.id),
      mayChoose: (row) => row.replayed_at === null,
      columns: [
        { label: t("admin.id"), text: (row) => String(row.id) },
        { label: t("admin.letter.received"), text: (row) => when(row.received_at) },
        { label: t("admin.letter.reason"), text: (row) => row.reason },
        { label: t("admin.letter.detail"), long: true, text: (row) => row.detail ?? "–" },
        { label: t("admin.letter.holds"), text: holds },
        { label: t("admin.letter.seen"), text: (row) => quantities.count(row.seen_count) },
        {
          label: t("admin.state"),
          text: (row) => (row.replayed_at === null ? t("admin.letter.waiting") : when(row.replayed_at)),
          tone: (row) => (row.replayed_at === null ? "warning" : "online"),
        },
      ],
      actions: [
        { label: t("admin.letter.look"), run: (row) => void openLetter(context, dialogs, row) },
        {
          label: t("admin.letter.replay"),
          run: (row) => replay([row.id]),
          when: (row) => row.replayed_at === null,
        },
      ],
    });
    const pager = createPager({
      heading,
      show: (rows) => table.show(rows),
      async read(after, signal) {
        const query = {
          reason: reason.value || null,
          is_replayed: done.value || null,
          limit: PAGE_ROWS,
          after,
        };
        const { letters, next } = await api.get("/api/dead-letters", query, { signal });
        return { rows: letters, next };
      },
    });

    function replayChosen() {
      const chosen = table.chosen().map(Number);
      if (chosen.length > 0) return replay(chosen.slice(0, MOST));
      setText(result, t("admin.letter.noneChosen"));
      return announce(t("admin.letter.noneChosen"));
    }

    /** @param {number[]} ids */
    function replay(ids) {
      dialogs.ask({
        title: t("admin.letter.replayOf", { count: ids.length }),
        intro: t("admin.letter.replayMeans"),
        confirm: t("admin.letter.replay"),
        fields: [
          {
            name: "time_offset_s",
            label: t("admin.letter.offset"),
            kind: "number",
            required: true,
            hint: t("admin.letter.offsetHint"),
            range: [-2_147_483_648, 2_147_483_647],
          },
        ],
        values: { time_offset_s: 0 },
        send: (values) => api.post("/api/dead-letters/replay", { ids, ...values }, { timeoutMs: 60_000 }),
        done: ({ results }) => told(results),
        said: t("admin.letter.judged"),
      });
    }

    /** @param {Row[]} results */
    function told(results) {
      setText(result, t("admin.letter.verdicts", { count: results.length }));
      verdicts.replaceChildren(
        ...results.map(({ letter_id: id, verdict, code, detail }) =>
          h("li", {}, `${id}: ${[verdict, code, detail].filter(Boolean).join(", ")}`),
        ),
      );
      result.focus();
      void reload();
    }

    return {
      nodes: [result, verdicts, ...table.nodes, ...pager.nodes],
      load: pager.first,
      show: pager.take,
    };
  });
}

/** @param {Row} row */
function holds({ reading, content_type: type }) {
  if (reading === null) return type || t("admin.letter.body");
  return String(reading.device_id ?? t("admin.letter.reading"));
}

/**
 * One letter, as it came.
 *
 * @param {import("../../types.js").Context} context
 * @param {ReturnType<typeof import("./dialog.js").createDialogs>} dialogs
 * @param {import("./section.js").Row} row
 */
async function openLetter({ api, instants }, dialogs, row) {
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

/**
 * Bytes for people to read: "00000000  7b 22 64 …  {"d…", 16 bytes a line.
 *
 * @param {Uint8Array} bytes
 * @param {number} [most]  characters after which it may end
 */
export function hexLines(bytes, most = Number.POSITIVE_INFINITY) {
  const lines = [];
  let length = 0;
  for (let start = 0; start < bytes.length && length <= most; start += HEX_WIDTH) {
    const part = [...bytes.subarray(start, start + HEX_WIDTH)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    const line = `${start.toString(16).padStart(8, "0")}  ${hex.padEnd(HEX_WIDTH * 3 - 1)}  ${text}`;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join("\n");
}
