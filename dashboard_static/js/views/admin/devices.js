// @ts-check
/** The devices: registered, changed, put out of use. */
import { h } from "../../lib/dom.js";
import { address } from "../../lib/routes.js";
import { t } from "../../lib/translate.js";
import { openAliases } from "./aliases.js";
import { choices, createSection } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

/** Most rows that are shown; the search finds the others. */
const SHOWN = 200;
const STATES = /** @type {const} */ (["active", "inactive", "maintenance", "error"]);
const TONES = /** @type {Record<string, string>} */ ({
  active: "online",
  maintenance: "warning",
  error: "critical",
});
const SEARCHED = ["device_id", "device_name", "location", "profile", "place", "gateway"];

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("devices", (tools) => {
    const { context, button, dialogs, heading, list, toolbar, when } = tools;
    const { api, quantities } = context;
    /** @type {{devices: Row[], sites: Row[], gateways: Row[], profiles: string[]}} */
    let known = { devices: [], sites: [], gateways: [], profiles: [] };
    const search = h("input", {
      type: "search",
      "aria-label": t("admin.search"),
      placeholder: t("admin.search"),
      oninput: draw,
    });
    toolbar(search);
    button(t("admin.device.create"), create);

    const table = createTable({
      caption: t("admin.part.devices"),
      heading,
      key: (row) => row.device_id,
      columns: [
        {
          label: t("admin.name"),
          text: (row) => row.device_name || row.device_id,
          href: (row) => address(["devices", row.device_id]),
        },
        { label: t("admin.id"), text: (row) => row.device_id },
        {
          label: t("admin.state"),
          text: (row) => stateWords(row.status),
          tone: (row) => TONES[row.status] ?? null,
        },
        { label: t("admin.profile"), text: (row) => row.profile ?? "–" },
        { label: t("admin.site"), text: (row) => row.place ?? "–" },
        { label: t("admin.gateway"), text: (row) => row.gateway ?? "–" },
        { label: t("admin.interval"), text: (row) => `${quantities.count(row.expected_interval_s)} s` },
        { label: t("admin.lastSeen"), text: (row) => when(row.last_seen) },
      ],
      actions: [
        { label: t("admin.change"), run: change },
        { label: t("admin.aliases"), run: (row) => openAliases(tools, row, known.gateways) },
        { label: t("admin.off"), run: (row) => use(row, false), when: (row) => row.status !== "inactive" },
        { label: t("admin.on"), run: (row) => use(row, true), when: (row) => row.status === "inactive" },
      ],
    });

    function draw() {
      const words = search.value.trim().toLowerCase();
      const found = known.devices.filter((row) =>
        SEARCHED.some((name) =>
          String(row[name] ?? "")
            .toLowerCase()
            .includes(words),
        ),
      );
      table.show(found.slice(0, SHOWN), found.length - SHOWN);
    }

    /** @param {Row | null} row  null: a new one @returns {import("./field.js").Field[]} */
    function fields(row) {
      const profiles = [...new Set([...known.profiles, row?.profile].filter(Boolean))].sort();
      return [
        ...(row === null
          ? [
              {
                name: "device_id",
                label: t("admin.id"),
                required: true,
                hint: t("admin.device.idHint"),
                attributes: { maxlength: 128 },
              },
            ]
          : []),
        { name: "device_name", label: t("admin.name"), required: true, attributes: { maxlength: 200 } },
        { name: "location", label: t("admin.device.location"), attributes: { maxlength: 2000 } },
        { name: "description", label: t("admin.device.description"), attributes: { maxlength: 2000 } },
        {
          name: "status",
          label: t("admin.state"),
          kind: "select",
          hint: t("admin.device.statusHint"),
          options: STATES.map((each) => [each, stateWords(each)]),
        },
        {
          name: "expected_interval_s",
          label: t("admin.device.interval"),
          kind: "number",
          required: true,
          hint: t("admin.device.intervalHint"),
          range: [1, 2_147_483_647],
        },
        {
          name: "profile",
          label: t("admin.profile"),
          kind: "select",
          hint: t("admin.device.profileHint"),
          options: choices(
            t("admin.none"),
            profiles.map((name) => ({ id: name, name })),
          ),
        },
        {
          name: "site_id",
          label: t("admin.site"),
          kind: "select",
          options: choices(t("admin.none"), known.sites),
        },
        {
          name: "gateway_id",
          label: t("admin.gateway"),
          kind: "select",
          options: choices(t("admin.none"), known.gateways),
        },
        {
          name: "totalizer_max",
          label: t("admin.device.totalizerMax"),
          kind: "number",
          hint: t("admin.device.totalizerMaxHint"),
        },
        {
          name: "reverse_policy",
          label: t("admin.device.reverse"),
          kind: "select",
          options: [
            ["ignore", t("admin.device.reverse.ignore")],
            ["subtract", t("admin.device.reverse.subtract")],
          ],
        },
      ];
    }

    function create() {
      dialogs.ask({
        title: t("admin.device.create"),
        confirm: t("admin.create"),
        fields: fields(null),
        values: { expected_interval_s: 300, status: "active", reverse_policy: "ignore" },
        send: (values) => api.post("/api/devices", given(values)),
      });
    }

    /** @param {Row} row */
    function change(row) {
      dialogs.ask({
        title: t("admin.changeOf", { name: row.device_name || row.device_id }),
        fields: fields(row),
        values: row,
        send: (_, changed) => patch(row, changed),
      });
    }

    /** @param {Row} row @param {boolean} on */
    function use(row, on) {
      const means = on ? t("admin.device.onMeans") : t("admin.device.offMeans");
      dialogs.turn(row.device_name || row.device_id, on, means, () =>
        patch(row, { status: on ? "active" : "inactive" }),
      );
    }

    /** @param {Row} row @param {Row} changed */
    const patch = async (row, changed) =>
      Object.keys(changed).length > 0 &&
      api.patch(`/api/devices/${encodeURIComponent(row.device_id)}`, changed);

    return {
      nodes: table.nodes,
      async load(signal) {
        const [{ devices }, sites, gateways, profiles] = await Promise.all([
          api.get("/api/devices", {}, { signal }),
          list("sites", "id,name", "name", "id"),
          list("gateways", "id,name", "name", "id"),
          list("register_profiles", "id,name,version,published_at", "id"),
        ]);
        return {
          devices,
          sites,
          gateways,
          profiles: profiles
            .filter(({ published_at: at }) => at !== null)
            .flatMap(({ name, version }) => [name, `${name}@${version}`]),
        };
      },
      show(data) {
        const names = new Map([...data.sites, ...data.gateways].map(({ id, name }) => [id, name]));
        for (const row of data.devices) {
          row.place = names.get(row.site_id);
          row.gateway = names.get(row.gateway_id);
        }
        known = data;
        draw();
      },
    };
  });
}

/** @param {string} status */
function stateWords(status) {
  const known = STATES.find((each) => each === status);
  return known ? t(`admin.state.${known}`) : status;
}

/** What was filled in. @param {Row} values */
const given = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
