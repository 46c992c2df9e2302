// @ts-check
/** Who is in the organization, in which role, and who is invited. */
import { t } from "../../lib/translate.js";
import { createSection } from "./section.js";
import { createTable } from "./table.js";

/** @typedef {import("./section.js").Row} Row */

const ROLES = /** @type {const} */ (["viewer", "operator", "admin"]);

/** @returns {import("../../types.js").View} */
export function createView() {
  return createSection("people", ({ context, button, dialogs, heading, when }) => {
    const { api, clock, profile } = context;
    const isOther = (/** @type {Row} */ row) => row.id !== profile.id;
    const nameOf = (/** @type {Row} */ row) => row.full_name || row.email || row.id;
    /** @type {import("./field.js").Field} */
    const role = {
      name: "role",
      label: t("admin.role"),
      kind: "select",
      hint: t("admin.roleHint"),
      options: ROLES.map((each) => [each, roleWords(each)]),
    };
    button(t("admin.invite"), invite);

    const table = createTable({
      caption: t("admin.part.people"),
      heading,
      key: (row) => row.id,
      name: nameOf,
      columns: [
        { label: t("admin.name"), text: (row) => nameOf(row) + (isOther(row) ? "" : ` (${t("admin.you")})`) },
        { label: t("admin.email"), text: (row) => row.email ?? "–" },
        { label: t("admin.role"), text: (row) => roleWords(row.role) },
        {
          label: t("admin.state"),
          text: (row) => (row.is_active ? t("admin.person.in") : t("admin.person.out")),
          tone: (row) => (row.is_active ? "online" : null),
        },
        { label: t("admin.since"), text: (row) => when(row.created_at) },
      ],
      actions: [
        { label: t("admin.change"), run: change },
        {
          label: t("admin.off"),
          run: (row) => admit(row, false),
          when: (row) => isOther(row) && row.is_active,
        },
        {
          label: t("admin.on"),
          run: (row) => admit(row, true),
          when: (row) => isOther(row) && !row.is_active,
        },
      ],
    });
    const invitations = createTable({
      caption: t("admin.invitations"),
      heading,
      key: (row) => row.id,
      name: (row) => row.email,
      columns: [
        { label: t("admin.email"), text: (row) => row.email },
        { label: t("admin.role"), text: (row) => roleWords(row.role) },
        { label: t("admin.state"), text: (row) => t(`admin.invitation.${stateOf(row)}`) },
        { label: t("admin.invited"), text: (row) => when(row.created_at) },
        { label: t("admin.key.expires"), text: (row) => when(row.expires_at) },
      ],
      actions: [{ label: t("admin.revoke"), run: revoke, when: (row) => stateOf(row) === "open" }],
    });

    /** @param {Row} row */
    function stateOf(row) {
      if (row.accepted_at !== null) return "accepted";
      if (row.revoked_at !== null) return "revoked";
      return Date.parse(row.expires_at) <= clock.now() ? "expired" : "open";
    }

    /** @param {Row} row  oneself keeps the role: nobody shuts themselves out */
    function change(row) {
      dialogs.ask({
        title: t("admin.changeOf", { name: nameOf(row) }),
        intro: !isOther(row) && t("admin.person.self"),
        fields: [
          { name: "full_name", label: t("admin.name"), attributes: { maxlength: 200 } },
          ...(isOther(row) ? [role] : []),
        ],
        values: row,
        send: async (_, changed) => {
          if ("full_name" in changed) changed.full_name ??= "";
          return Object.keys(changed).length > 0 && patch(row, changed);
        },
      });
    }

    /** @param {Row} row @param {boolean} active */
    function admit(row, active) {
      const means = active ? t("admin.person.onMeans") : t("admin.person.offMeans");
      dialogs.turn(nameOf(row), active, means, () => patch(row, { is_active: active }));
    }

    /** @param {Row} row @param {Row} changed */
    const patch = (row, changed) => api.patch(`/api/people/${row.id}`, changed);

    function invite() {
      dialogs.ask({
        title: t("admin.invite"),
        intro: t("admin.inviteMeans"),
        confirm: t("admin.invite"),
        fields: [
          {
            name: "email",
            label: t("admin.email"),
            kind: "email",
            required: true,
            attributes: { maxlength: 255 },
          },
          role,
        ],
        values: { role: "viewer" },
        send: (values) => api.post("/api/invitations", values),
      });
    }

    /** @param {Row} row */
    function revoke(row) {
      dialogs.ask({
        title: t("admin.revokeOf", { name: row.email }),
        confirm: t("admin.revoke"),
        danger: true,
        send: () => api.delete(`/api/invitations/${row.id}`),
      });
    }

    return {
      nodes: [...table.nodes, ...invitations.nodes],
      async load(signal) {
        const [{ people }, { invitations: invited }] = await Promise.all([
          api.get("/api/people", {}, { signal }),
          api.get("/api/invitations", {}, { signal }),
        ]);
        return { people, invited };
      },
      show({ people, invited }) {
        table.show(
          people.sort((/** @type {Row} */ one, /** @type {Row} */ other) =>
            nameOf(one).localeCompare(nameOf(other)),
          ),
        );
        invitations.show(
          invited.sort((/** @type {Row} */ one, /** @type {Row} */ other) =>
            other.created_at.localeCompare(one.created_at),
          ),
        );
      },
    };
  });
}

/** @param {string} role */
function roleWords(role) {
  const known = ROLES.find((each) => each === role);
  return known ? t(`admin.role.${known}`) : role;
}
