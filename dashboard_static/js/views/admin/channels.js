// @ts-check
/** Where alerts are told: channels, and a test of one that is followed until it has arrived or failed. */
import { h } from "../../lib/dom.js";
import { ApiProblem } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { openTest } from "./channel-test.js";
import { createCopy, showOnce } from "./secret.js";
import { createSection } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

const KINDS = /** @type {const} */ (["email", "webhook", "apprise"]);

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("channels", ({ context, dialogs, heading, reload, toolbar }) => {
    const { api, announce } = context;
    /** @type {Row[]} */
    let known = [];
    toolbar(h("button", { type: "button", class: "primary", onclick: create }, t("admin.channel.create")));
    const path = (/** @type {Row} */ row) => `/api/channels/${encodeURIComponent(row.name)}`;

    const table = createTable({
      caption: t("admin.part.channels"),
      heading,
      key: (row) => row.name,
      columns: [
        { label: t("admin.name"), text: (row) => row.name },
        { label: t("admin.channel.kind"), text: (row) => kindWords(row.kind) },
        { label: t("admin.channel.to"), text: (row) => row.recipients?.join(", ") || row.target_host || "–" },
        {
          label: t("admin.state"),
          text: (row) => (row.is_enabled ? t("admin.channel.on") : t("admin.channel.off")),
          tone: (row) => (row.is_enabled ? "online" : null),
        },
      ],
      actions: [
        {
          label: t("admin.channel.test"),
          run: (row) => openTest(context, dialogs, row),
          when: (row) => row.is_enabled,
        },
        { label: t("admin.change"), run: change },
        { label: t("admin.off"), run: (row) => enable(row, false), when: (row) => row.is_enabled },
        { label: t("admin.on"), run: (row) => enable(row, true), when: (row) => !row.is_enabled },
        { label: t("admin.remove"), run: remove },
      ],
    });

    /** @param {(values: Row) => string} kindOf @param {boolean} isNew @returns {import("./dialog.js").Field[]} */
    const addresses = (kindOf, isNew) => [
      {
        name: "recipients",
        label: t("admin.channel.recipients"),
        kind: "lines",
        required: true,
        hint: t("admin.channel.recipientsHint"),
        when: (values) => kindOf(values) === "email",
      },
      {
        name: "target",
        label: t("admin.channel.target"),
        required: isNew,
        hint: isNew ? t("admin.channel.targetHint") : t("admin.channel.targetKept"),
        attributes: { maxlength: 2000 },
        when: (values) => kindOf(values) !== "email",
      },
    ];

    function create() {
      dialogs.ask({
        title: t("admin.channel.create"),
        confirm: t("admin.create"),
        fields: [
          {
            name: "name",
            label: t("admin.name"),
            required: true,
            hint: t("admin.channel.nameHint"),
            attributes: { maxlength: 100 },
          },
          {
            name: "kind",
            label: t("admin.channel.kind"),
            kind: "select",
            options: KINDS.map((each) => [each, kindWords(each)]),
          },
          ...addresses((values) => values.kind, true),
        ],
        values: { kind: "email" },
        async send(values) {
          // The API would change the one that is there.
          if (known.some(({ name }) => name === values.name)) {
            throw new ApiProblem({ status: 409, detail: t("admin.channel.taken") });
          }
          return api.post("/api/channels", values);
        },
        done,
        said: t("admin.saved"),
      });
    }

    /** @param {Row} row */
    function change(row) {
      dialogs.ask({
        title: t("admin.changeOf", { name: row.name }),
        confirm: t("admin.save"),
        fields: addresses(() => row.kind, false),
        values: { recipients: row.recipients },
        send: async (_, changed) => (Object.keys(changed).length > 0 ? api.patch(path(row), changed) : row),
        done,
        said: t("admin.saved"),
      });
    }

    /** A webhook's key comes when it is made or moves, this once. @param {Row} made */
    function done(made) {
      void reload();
      if (!made.signing_key) return;
      showOnce(dialogs, t("admin.channel.keyOf", { name: made.name }), [
        createCopy(t("admin.channel.key"), made.signing_key, announce),
        h("p", {}, t("admin.channel.keyMeans")),
      ]);
    }

    /** @param {Row} row @param {boolean} on */
    function enable(row, on) {
      const values = { name: row.name };
      dialogs.ask({
        title: on ? t("admin.onOf", values) : t("admin.offOf", values),
        intro: on ? null : t("admin.channel.offMeans"),
        confirm: on ? t("admin.on") : t("admin.off"),
        danger: !on,
        send: () => api.patch(path(row), { is_enabled: on }),
        done: reload,
        said: t("admin.saved"),
      });
    }

    /** @param {Row} row */
    function remove(row) {
      dialogs.ask({
        title: t("admin.removeOf", { name: row.name }),
        intro: t("admin.channel.removeMeans"),
        confirm: t("admin.remove"),
        danger: true,
        send: () => api.delete(path(row)),
        done: reload,
        said: t("admin.saved"),
      });
    }

    return {
      nodes: table.nodes,
      load: async (signal) => (await api.get("/api/channels", {}, { signal })).channels,
      show(channels) {
        known = channels;
        table.show(channels);
      },
    };
  });
}

/** @param {string} kind */
function kindWords(kind) {
  const known = KINDS.find((each) => each === kind);
  return known ? t(`admin.channel.kind.${known}`) : kind;
}
