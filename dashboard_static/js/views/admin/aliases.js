// @ts-check
/** By which other names a gateway sends a device's readings. */
import { readAll } from "../../data/pages.js";
import { h } from "../../lib/dom.js";
import { failureWords, orThrow } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { choices } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

const KINDS = /** @type {const} */ (["server_name", "server_id", "ip", "input_name", "device_id"]);

/**
 * @param {import("./section.js").Tools} tools
 * @param {Row} device
 * @param {Row[]} gateways
 */
export async function openAliases(tools, device, gateways) {
  const { context, dialogs } = tools;
  const { client, profile } = context;
  const error = h("p", { class: "error", role: "alert" });
  const note = h("p", { tabindex: -1 }, t("admin.alias.note"));
  const gatewayNames = new Map(gateways.map(({ id, name }) => [id, name]));
  const table = createTable({
    caption: t("admin.aliases"),
    heading: note,
    key: (row) => row.id,
    name: (row) => row.alias,
    columns: [
      { label: t("admin.alias.alias"), text: (row) => row.alias },
      { label: t("admin.alias.kind"), text: (row) => kindWords(row.kind) },
      {
        label: t("admin.gateway"),
        text: (row) => gatewayNames.get(row.gateway_id) ?? (row.gateway_id ? "?" : t("admin.alias.any")),
      },
    ],
    actions: [{ label: t("admin.remove"), run: remove }],
  });
  const add = h("button", { type: "button", class: "primary", onclick: create }, t("admin.alias.add"));
  const reopen = () => void openAliases(tools, device, gateways);

  dialogs.read(
    t("admin.aliasesOf", { name: device.device_id }),
    [note, ...table.nodes, error, h("p", {}, add)],
    {
      wide: true,
    },
  );
  try {
    table.show(
      await readAll((from, to) =>
        client
          .from("device_aliases")
          .select("id,kind,alias,gateway_id")
          .eq("device_id", device.device_id)
          .order("id")
          .range(from, to),
      ),
    );
  } catch (failed) {
    error.textContent = failureWords(failed);
  }

  /** @param {Row} row */
  function remove(row) {
    dialogs.ask({
      title: t("admin.removeOf", { name: row.alias }),
      intro: t("admin.alias.removeMeans"),
      confirm: t("admin.remove"),
      danger: true,
      send: async () => orThrow(await client.from("device_aliases").delete().eq("id", row.id)),
      done: reopen,
    });
  }

  function create() {
    dialogs.ask({
      title: t("admin.alias.add"),
      confirm: t("admin.create"),
      fields: [
        {
          name: "kind",
          label: t("admin.alias.kind"),
          kind: "select",
          options: KINDS.map((each) => [each, kindWords(each)]),
        },
        { name: "alias", label: t("admin.alias.alias"), required: true, attributes: { maxlength: 200 } },
        {
          name: "gateway_id",
          label: t("admin.gateway"),
          kind: "select",
          options: choices(t("admin.alias.any"), gateways),
        },
      ],
      send: async (values) =>
        orThrow(
          await client
            .from("device_aliases")
            .insert({ ...values, device_id: device.device_id, organization_id: profile.organization_id }),
        ),
      done: reopen,
    });
  }
}

/** @param {string} kind */
function kindWords(kind) {
  const known = KINDS.find((each) => each === kind);
  return known ? t(`admin.alias.${known}`) : kind;
}
