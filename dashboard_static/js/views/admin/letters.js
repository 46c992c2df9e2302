// @ts-check
/** What was sent and could not become a reading: looked at, and judged again once the cause is mended. */
import { h, setText } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";
import { openLetter } from "./letter.js";
import { createPager } from "./pager.js";
import { createSection } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

const PAGE_ROWS = 50;
/** Most letters of one replay that the API takes. */
const MOST = 1000;
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
  return createSection("letters", ({ context, dialogs, heading, reload, toolbar, when }) => {
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
    const result = h("p", { tabindex: -1, role: "status" });
    const verdicts = h("ul", { class: "admin-tries" });
    toolbar(reason);
    toolbar(done);
    toolbar(h("button", { type: "button", onclick: () => table.choose(true) }, t("admin.chooseAll")));
    toolbar(
      h(
        "button",
        { type: "button", class: "primary", onclick: replayChosen },
        t("admin.letter.replayChosen"),
      ),
    );

    const table = createTable({
      caption: t("admin.part.letters"),
      heading,
      key: (row) => String(row.id),
      mayChoose: (row) => row.replayed_at === null,
      columns: [
        { label: t("admin.id"), text: (row) => String(row.id) },
        { label: t("admin.letter.received"), text: (row) => when(row.received_at) },
        { label: t("admin.letter.reason"), text: (row) => row.reason },
        { label: t("admin.letter.detail"), text: (row) => row.detail ?? "–" },
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
      if (chosen.length > 0) replay(chosen.slice(0, MOST));
      else announce(t("admin.letter.noneChosen"));
      if (chosen.length === 0) setText(result, t("admin.letter.noneChosen"));
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
            attributes: { min: -2147483648, max: 2147483647, step: 1 },
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
  if (reading === null) return type ?? t("admin.letter.body");
  return String(reading.device_id ?? t("admin.letter.reading"));
}
