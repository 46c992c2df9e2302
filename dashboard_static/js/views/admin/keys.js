// @ts-check
/** The gateways' keys: made and shown once, replaced with an overlap, revoked. */
import { h } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";
import { limitFields, limitsOf, networksText, unitsText } from "./key-limits.js";
import { checkLine, createCopy, readingLine, showOnce, teltonikaSettings } from "./secret.js";
import { choices, createSection, pair } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

const DAY_MS = 86_400_000;
const TONES = { good: "online", expired: "offline", revoked: null };

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("keys", ({ context, button, dialogs, heading, list, reload, when }) => {
    const { api, clock, config } = context;
    const url = `${config.api_url || globalThis.location.origin}/api/ingest`;
    /** @type {{keys: Row[], gateways: Row[], devices: Row[]}} */
    let known = { keys: [], gateways: [], devices: [] };
    button(t("admin.key.create"), create);

    /** @param {Row} row */
    function stateOf(row) {
      if (row.revoked_at !== null) return "revoked";
      return row.expires_at !== null && Date.parse(row.expires_at) <= clock.now() ? "expired" : "good";
    }
    const isGood = (/** @type {Row} */ row) => stateOf(row) === "good";
    const gatewayName = (/** @type {Row} */ { gateway_id: id }) =>
      id === null ? "–" : (known.gateways.find((each) => each.id === id)?.name ?? id);

    const table = createTable({
      caption: t("admin.part.keys"),
      heading,
      key: (row) => row.id,
      name: (row) => row.name,
      columns: [
        { label: t("admin.name"), text: (row) => row.name },
        { label: t("admin.key.prefix"), text: (row) => `flx_${row.key_prefix}…` },
        {
          label: t("admin.state"),
          text: (row) => t(`admin.key.state.${stateOf(row)}`),
          tone: (row) => TONES[stateOf(row)],
        },
        { label: t("admin.gateway"), text: gatewayName },
        {
          label: t("admin.key.scope"),
          long: true,
          text: (row) => (row.device_ids === null ? t("admin.key.all") : row.device_ids.join(", ")),
        },
        { label: t("admin.key.networks"), long: true, text: (row) => networksText(row.allowed_networks) },
        { label: t("admin.key.units"), long: true, text: (row) => unitsText(row.flat_units) },
        { label: t("admin.key.lastUsed"), text: (row) => when(row.last_used_at) },
        { label: t("admin.key.expires"), text: (row) => when(row.expires_at) },
      ],
      actions: [
        { label: t("admin.key.rotate"), run: rotate, when: isGood },
        { label: t("admin.key.revoke"), run: revoke, when: (row) => row.revoked_at === null },
      ],
    });

    function create() {
      dialogs.ask({
        title: t("admin.key.create"),
        confirm: t("admin.create"),
        fields: [
          {
            name: "name",
            label: t("admin.name"),
            required: true,
            hint: t("admin.key.nameHint"),
            attributes: { maxlength: 120 },
          },
          {
            name: "gateway_id",
            label: t("admin.gateway"),
            kind: "select",
            options: choices(t("admin.none"), known.gateways),
          },
          {
            name: "scope",
            label: t("admin.key.scope"),
            kind: "select",
            options: [pair("all", t("admin.key.all")), pair("some", t("admin.key.some"))],
          },
          {
            name: "device_ids",
            label: t("admin.key.devices"),
            kind: "many",
            required: true,
            hint: t("admin.key.devicesHint"),
            options: known.devices.map(({ device_id: id, device_name: name }) =>
              pair(id, `${id} ${name ?? ""}`),
            ),
            when: (values) => values.scope === "some",
          },
          {
            name: "days",
            label: t("admin.key.days"),
            kind: "number",
            hint: t("admin.key.daysHint"),
            range: [1, 3650],
          },
          ...limitFields(),
        ],
        values: { scope: "all" },
        send: async ({ name, gateway_id, device_ids, days, ...rest }) => ({
          name,
          device_ids,
          ...limitsOf(rest),
          ...(await api.post("/api/keys", {
            name,
            gateway_id,
            device_ids,
            expires_at: days && new Date(clock.now() + days * DAY_MS).toISOString(),
            ...limitsOf(rest),
          })),
        }),
        done: shown,
        said: t("admin.key.made"),
      });
    }

    /** @param {Row} row */
    function rotate(row) {
      dialogs.ask({
        title: t("admin.key.rotateOf", { name: row.name }),
        intro: t("admin.key.rotateMeans"),
        confirm: t("admin.key.rotate"),
        fields: [
          {
            name: "overlap_hours",
            label: t("admin.key.overlap"),
            kind: "number",
            required: true,
            hint: t("admin.key.overlapHint"),
            range: [0, 720],
          },
        ],
        values: { overlap_hours: 24 },
        send: async (values) => ({ ...row, ...(await api.post(`/api/keys/${row.id}/rotate`, values)) }),
        done: shown,
        said: t("admin.key.made"),
      });
    }

    /** @param {Row} row */
    function revoke(row) {
      dialogs.ask({
        title: t("admin.key.revokeOf", { name: row.name }),
        intro: t("admin.key.revokeMeans"),
        confirm: t("admin.key.revoke"),
        danger: true,
        send: () => api.post(`/api/keys/${row.id}/revoke`, {}),
        said: t("admin.key.revoked"),
      });
    }

    /** The key itself, this once. @param {Row} made */
    function shown({ name, api_key: key, device_ids: ids, allowed_networks: networks = null }) {
      void reload();
      const device = ids?.[0] ?? known.devices[0]?.device_id ?? "DEVICE";
      const settings = teltonikaSettings(url, key).map(([field, value]) => [
        h("dt", {}, field),
        h("dd", {}, value),
      ]);
      showOnce(dialogs, t("admin.key.is", { name }), [
        createCopy(t("admin.key.key"), key),
        ...(networks ? [h("p", {}, t("admin.key.onlyFrom", { networks: networks.join(", ") }))] : []),
        createCopy(t("admin.key.check"), checkLine(url, key)),
        createCopy(t("admin.key.send"), readingLine(url, key, device)),
        h(
          "details",
          {},
          h("summary", {}, t("admin.tel.title")),
          h("p", { class: "subtitle" }, t("admin.tel.where")),
          h("dl", { class: "admin-settings" }, ...settings.flat()),
        ),
      ]);
    }

    return {
      nodes: table.nodes,
      async load(signal) {
        const [{ keys }, gateways, devices] = await Promise.all([
          api.get("/api/keys", {}, { signal }),
          list("gateways", "id,name", "name", "id"),
          list("devices", "device_id,device_name", "device_id"),
        ]);
        return { keys, gateways, devices };
      },
      show(data) {
        known = data;
        table.show(data.keys.sort(byState));
      },
    };

    /** Those that work first, by name. @param {Row} one @param {Row} other */
    function byState(one, other) {
      return Number(isGood(other)) - Number(isGood(one)) || one.name.localeCompare(other.name);
    }
  });
}
