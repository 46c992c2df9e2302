// @ts-check
/** Who changed what, and when. */
import { h, setText } from "../../lib/dom.js";
import { parseInstant } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { createSection } from "./section.js";
import { createPager, createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

const PAGE_ROWS = 50;
/** Differences that are written out; the others are folded. */
const SHOWN = 4;
const ACTIONS = /** @type {const} */ ([
  "insert",
  "update",
  "delete",
  "acknowledge",
  "resolve",
  "annotate",
  "replay",
  "test",
  "resend",
]);
/** The tables that people write. */
const TYPES = [
  "alert_rules",
  "alerts",
  "api_keys",
  "device_aliases",
  "devices",
  "gateways",
  "ingest_dead_letters",
  "invitations",
  "notification_channels",
  "notification_outbox",
  "settings",
  "organizations",
  "register_profiles",
  "sites",
  "users",
];

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("audit", ({ context, heading, reload, toolbar, when }) => {
    const { api } = context;
    /** @type {Map<string, string>} */
    const names = new Map();
    const type = h(
      "select",
      { "aria-label": t("admin.audit.type"), onchange: reload },
      h("option", { value: "" }, t("admin.audit.anyType")),
      TYPES.map((each) => h("option", { value: each }, each)),
    );
    const resource = h("input", {
      type: "search",
      "aria-label": t("admin.audit.resource"),
      placeholder: t("admin.audit.resource"),
      onchange: reload,
    });
    toolbar(type);
    toolbar(resource);

    const table = createTable({
      caption: t("admin.part.audit"),
      heading,
      key: (row) => String(row.id),
      columns: [
        { label: t("admin.audit.when"), text: (row) => when(row.created_at) },
        { label: t("admin.audit.who"), long: true, text: who },
        { label: t("admin.audit.action"), text: (row) => actionWords(row.action) },
        {
          label: t("admin.audit.what"),
          long: true,
          text: (row) => `${row.resource_type} ${said(row.resource_id)}`,
        },
        { label: t("admin.audit.details"), long: true, node: (row) => described(row.details, said) },
      ],
    });

    /** People by their names, times as times. @param {string} value */
    const said = (value) => names.get(value) ?? (Number.isNaN(parseInstant(value)) ? value : when(value));

    /** @param {Row} row */
    function who({ user_id: id, ip_address: ip }) {
      const name = id === null ? t("admin.audit.program") : (names.get(id) ?? id);
      return ip === null ? name : `${name} (${ip})`;
    }

    const pager = createPager({
      heading,
      show: (rows) => table.show(rows),
      async read(after, signal) {
        const query = {
          resource_type: type.value || null,
          resource_id: resource.value.trim() || null,
          limit: PAGE_ROWS,
          after,
        };
        const { entries, next } = await api.get("/api/audit-log", query, { signal });
        return { rows: entries, next };
      },
    });

    return {
      nodes: [...table.nodes, ...pager.nodes],
      async load(signal) {
        const [page, { people }] = await Promise.all([
          pager.first(signal),
          api.get("/api/people", {}, { signal }),
        ]);
        for (const { id, full_name, email } of people) names.set(id, full_name || email || id);
        return page;
      },
      show: pager.take,
    };
  });
}

/** @param {Row} details @param {(value: string) => string} said */
function described(details, said) {
  const items = differences(details).map(({ name, old, new: now }) =>
    h(
      "li",
      {},
      h("span", { class: "admin-column" }, name),
      " ",
      old !== null && h("del", {}, said(old)),
      old !== null && now !== null && " → ",
      now !== null && h("ins", {}, said(now)),
      old !== null && now === null && ` → ${t("admin.audit.nothing")}`,
    ),
  );
  if (items.length <= SHOWN) return h("ul", { class: "admin-diff" }, items);
  const summary = h("summary", {});
  setText(summary, t("admin.audit.more", { count: items.length - SHOWN }));
  return h(
    "div",
    {},
    h("ul", { class: "admin-diff" }, items.slice(0, SHOWN)),
    h("details", {}, summary, h("ul", { class: "admin-diff" }, items.slice(SHOWN))),
  );
}

/** @param {string} action */
function actionWords(action) {
  const known = ACTIONS.find((each) => each === action);
  return known ? t(`admin.audit.${known}`) : action;
}

/** @typedef {{name: string, old: string | null, new: string | null}} Difference  null: there was or is none */

/** What says nothing to a person who reads what changed. */
const KEPT_BY_THE_DATABASE = new Set(["id", "created_at", "updated_at", "organization_id"]);

/** @param {unknown} value @returns {string | null} */
function plainValue(value) {
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") return String(value);
  /** @type {[string, unknown][]} */
  const parts = Object.entries(value);
  const isList = Array.isArray(value);
  const said = parts.map(([name, part]) => (isList ? plainValue(part) : `${name}: ${plainValue(part)}`));
  return said.join(", ") || "–";
}

/**
 * @param {Record<string, any>} details  {"new": row}, {"old": row} or {"changed": {column: {"old", "new"}}}; else as it is
 * @returns {Difference[]}
 */
export function differences(details) {
  const { changed, new: made, old: gone, ...rest } = details ?? {};
  /** @param {Record<string, any>} row @param {"old" | "new"} side */
  const whole = (row, side) =>
    Object.entries(row ?? {})
      .filter(([name, value]) => value !== null && !KEPT_BY_THE_DATABASE.has(name))
      .map(([name, value]) => ({ name, old: null, new: null, [side]: plainValue(value) }));
  return [
    ...Object.entries(changed ?? {})
      .filter(([name]) => name !== "updated_at")
      .map(([name, each]) => ({ name, old: plainValue(each?.old), new: plainValue(each?.new) })),
    ...whole(gone, "old"),
    ...whole(made, "new"),
    ...whole(rest, "new"),
  ];
}
