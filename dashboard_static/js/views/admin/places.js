// @ts-check
/** The sites, with the zone that their days are counted in, and the gateways. */
import { orThrow } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { choices, createSection, pair } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("places", ({ context, button, dialogs, heading, list, when }) => {
    const { client, profile } = context;
    /** @type {Row[]} */
    let sites = [];
    const siteName = (/** @type {Row} */ row) => sites.find(({ id }) => id === row.site_id)?.name ?? "–";
    const siteTable = createTable({
      caption: t("admin.sites"),
      heading,
      key: (row) => row.id,
      name: (row) => row.name,
      columns: [
        { label: t("admin.name"), text: (row) => row.name },
        {
          label: t("admin.zone"),
          text: (row) => row.time_zone ?? `${profile.time_zone} (${t("admin.zoneOfAll")})`,
        },
      ],
      actions: [{ label: t("admin.change"), run: (row) => edit("sites", row) }],
    });
    const gatewayTable = createTable({
      caption: t("admin.gateways"),
      heading,
      key: (row) => row.id,
      name: (row) => row.name,
      columns: [
        { label: t("admin.name"), text: (row) => row.name },
        { label: t("admin.serial"), text: (row) => row.serial ?? "–" },
        { label: t("admin.site"), text: siteName },
        { label: t("admin.lastSeen"), text: (row) => when(row.last_seen) },
      ],
      actions: [{ label: t("admin.change"), run: (row) => edit("gateways", row) }],
    });
    button(t("admin.site.create"), () => edit("sites", null), false);
    button(t("admin.gateway.create"), () => edit("gateways", null), false);

    /** @param {"sites" | "gateways"} kind @param {Row | null} row  null: a new one */
    function edit(kind, row) {
      const create = kind === "sites" ? t("admin.site.create") : t("admin.gateway.create");
      const zones = Intl.supportedValuesOf("timeZone");
      dialogs.ask({
        title: row === null ? create : t("admin.changeOf", { name: row.name }),
        confirm: row === null ? t("admin.create") : t("admin.save"),
        fields: [
          { name: "name", label: t("admin.name"), required: true, attributes: { maxlength: 120 } },
          ...(kind === "sites" ? [zoneField(zones)] : gatewayFields()),
        ],
        values: row ?? {},
        async send(values, changed) {
          const table = client.from(kind);
          if (row === null)
            return orThrow(await table.insert({ ...values, organization_id: profile.organization_id }));
          if (Object.keys(changed).length === 0) return null;
          return orThrow(await table.update(changed).eq("id", row.id).select("id").single());
        },
      });
    }

    /** @param {string[]} zones @returns {import("./field.js").Field} */
    const zoneField = (zones) => ({
      name: "time_zone",
      label: t("admin.zone"),
      hint: t("admin.zoneHint"),
      options: zones.map((name) => pair(name, name)),
    });

    /** @returns {import("./field.js").Field[]} */
    const gatewayFields = () => [
      { name: "serial", label: t("admin.serial"), attributes: { maxlength: 64 } },
      {
        name: "site_id",
        label: t("admin.site"),
        kind: "select",
        options: choices(t("admin.none"), sites),
      },
    ];

    return {
      nodes: [...siteTable.nodes, ...gatewayTable.nodes],
      load: () =>
        Promise.all([
          list("sites", "id,name,time_zone", "name", "id"),
          list("gateways", "id,name,serial,site_id,last_seen", "name", "id"),
        ]),
      show([readSites, gateways]) {
        sites = readSites;
        siteTable.show(sites);
        gatewayTable.show(gateways);
      },
    };
  });
}
