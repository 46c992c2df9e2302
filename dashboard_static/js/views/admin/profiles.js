// @ts-check
/** The register profiles: which registers a kind of meter has. To read; they are made in SQL. */
import { readAll } from "../../data/pages.js";
import { createDecimal } from "../../lib/decimal.js";
import { h } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { labelOf, QUANTITIES } from "../../lib/quantity.js";
import { t } from "../../lib/translate.js";
import { createSection } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("profiles", ({ context, dialogs, heading, list, when }) => {
    const { client, locale } = context;
    // Every digit: a scale of 0.0001 is not 0.
    const { write } = createDecimal(locale);
    const plain = (/** @type {unknown} */ value) => (typeof value === "number" ? write(value) : "–");
    const table = createTable({
      caption: t("admin.part.profiles"),
      heading,
      key: (row) => row.id,
      name: (row) => `${row.name} ${row.version}`,
      columns: [
        { label: t("admin.name"), text: (row) => row.name },
        { label: t("admin.version"), text: (row) => String(row.version) },
        { label: t("admin.model"), text: (row) => row.model },
        {
          label: t("admin.owner"),
          text: (row) => (row.organization_id === null ? t("admin.owner.shipped") : t("admin.owner.own")),
        },
        {
          label: t("admin.published"),
          text: (row) => (row.published_at === null ? t("admin.draft") : when(row.published_at)),
        },
      ],
      actions: [{ label: t("admin.registers"), run: (row) => void open(row) }],
    });

    /** @param {Row} row */
    async function open(row) {
      const error = h("p", { class: "error", role: "alert" });
      const registers = createTable({
        caption: t("admin.registers"),
        heading,
        key: (register) => register.metric,
        columns: [
          {
            label: t("admin.metric"),
            text: (each) => (each.metric in QUANTITIES ? labelOf(each.metric) : each.metric),
          },
          { label: t("admin.function"), text: (each) => String(each.function_code) },
          { label: t("admin.address"), text: (each) => String(each.address) },
          { label: t("admin.type"), text: (each) => each.type },
          { label: t("admin.order"), text: (each) => `${each.word_order} / ${each.byte_order}` },
          { label: t("admin.unit"), text: (each) => each.source_unit },
          { label: t("admin.scale"), text: (each) => `× ${plain(each.scale)} + ${plain(each.value_offset)}` },
          { label: t("admin.range"), text: (each) => `${plain(each.min_value)} … ${plain(each.max_value)}` },
        ],
      });
      const facts = [row.model, row.description, row.source].filter(Boolean).map((text) => h("p", {}, text));
      dialogs.read(`${row.name} ${row.version}`, [...facts, ...registers.nodes, error], { wide: true });
      try {
        registers.show(
          await readAll((from, to) =>
            client
              .from("register_profile_registers")
              .select("*")
              .eq("profile_id", row.id)
              .order("metric")
              .range(from, to),
          ),
        );
      } catch (failed) {
        error.textContent = failureWords(failed);
      }
    }

    return {
      nodes: table.nodes,
      load: () =>
        list(
          "register_profiles",
          "id,organization_id,name,version,model,source,description,published_at",
          "name",
          "version",
          "id",
        ),
      show: (rows) => table.show(rows),
    };
  });
}
