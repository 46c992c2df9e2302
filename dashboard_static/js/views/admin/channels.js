// @ts-check
/** Where alerts are told: channels, and a test of one that is followed until it has arrived or failed. */
import { h, setText } from "../../lib/dom.js";
import { ApiProblem, failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { createCopy, showOnce } from "./secret.js";
import { createSection } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

/** [ms] between two looks. */
const LOOK_MS = 1500;
/** [ms] after which the notifier is probably not running. */
const PATIENCE_MS = 20_000;

const KINDS = /** @type {const} */ (["email", "webhook", "apprise"]);

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("channels", ({ context, button, dialogs, heading, reload }) => {
    const { api } = context;
    /** @type {Row[]} */
    let known = [];
    button(t("admin.channel.create"), create);
    const path = (/** @type {Row} */ row) => `/api/channels/${encodeURIComponent(row.name)}`;

    const table = createTable({
      caption: t("admin.part.channels"),
      heading,
      key: (row) => row.name,
      columns: [
        { label: t("admin.name"), text: (row) => row.name },
        { label: t("admin.channel.kind"), text: (row) => kindWords(row.kind) },
        {
          label: t("admin.channel.to"),
          long: true,
          text: (row) => row.recipients?.join(", ") || row.target_host || "–",
        },
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

    /** @param {(values: Row) => string} kindOf @param {boolean} isNew @returns {import("./field.js").Field[]} */
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
      });
    }

    /** @param {Row} row */
    function change(row) {
      dialogs.ask({
        title: t("admin.changeOf", { name: row.name }),
        fields: addresses(() => row.kind, false),
        values: { recipients: row.recipients },
        send: async (_, changed) => (Object.keys(changed).length > 0 ? api.patch(path(row), changed) : row),
        done,
      });
    }

    /** A webhook's key comes when it is made or moves, this once. @param {Row} made */
    function done(made) {
      void reload();
      if (!made.signing_key) return;
      showOnce(dialogs, t("admin.channel.keyOf", { name: made.name }), [
        createCopy(t("admin.channel.key"), made.signing_key),
        h("p", {}, t("admin.channel.keyMeans")),
      ]);
    }

    /** @param {Row} row @param {boolean} on */
    function enable(row, on) {
      dialogs.turn(row.name, on, !on && t("admin.channel.offMeans"), () =>
        api.patch(path(row), { is_enabled: on }),
      );
    }

    /** @param {Row} row */
    function remove(row) {
      dialogs.remove(row.name, t("admin.channel.removeMeans"), () => api.delete(path(row)));
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

/**
 * Sends a test and follows it until it has arrived or is given up.
 *
 * @param {import("../../types.js").Context} context
 * @param {ReturnType<typeof import("./dialog.js").createDialogs>} dialogs
 * @param {import("./section.js").Row} channel
 */
async function openTest({ api, clock, announce, instants }, dialogs, channel) {
  const state = h("p", { role: "status" }, t("admin.test.asking"));
  const tries = h("ul", { class: "admin-tries" });
  const end = new AbortController();
  /** @type {unknown} */
  let timer = null;
  const begun = clock.now();
  dialogs.read(t("admin.test.of", { name: channel.name }), [state, tries], {
    onClose() {
      end.abort();
      clock.clearTimeout(timer);
    },
  });

  try {
    const path = `/api/channels/${encodeURIComponent(channel.name)}/test`;
    const { notification_id: id } = await api.post(path, {}, { signal: end.signal });
    look(id);
  } catch (failed) {
    if (!end.signal.aborted) setText(state, failureWords(failed));
  }

  /** @param {number} id */
  async function look(id) {
    let words = "";
    try {
      const found = await api.get(`/api/notifications/${id}`, {}, { signal: end.signal });
      if (end.signal.aborted) return;
      show(found);
      words = resultOf(found);
    } catch (failed) {
      if (end.signal.aborted) return;
      setText(state, failureWords(failed));
    }
    if (words === "") {
      timer = clock.setTimeout(() => void look(id), LOOK_MS);
      return;
    }
    setText(state, words);
    announce(words);
  }

  /** Empty while it waits. @param {import("./section.js").Row} found */
  function resultOf({ status, last_error: error, tries: ended }) {
    if (status === "sent") return t("admin.test.sent");
    if (status === "given_up") return t("admin.test.failed", { message: error ?? ended.at(-1)?.error ?? "" });
    const slow = clock.now() - begun > PATIENCE_MS;
    setText(state, slow ? t("admin.test.slow") : t("admin.test.waiting"));
    return "";
  }

  /** @param {import("./section.js").Row} found */
  function show({ tries: ended }) {
    tries.replaceChildren(
      ...ended.map((/** @type {import("./section.js").Row} */ { ended_at, is_successful, error }) => {
        const words = is_successful ? t("admin.test.arrived") : error;
        return h("li", {}, `${instants.full(Date.parse(ended_at))}: ${words}`);
      }),
    );
  }
}
