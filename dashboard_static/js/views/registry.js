// @ts-check
/** The views of the page, in the order of their tabs. A view's module is loaded when it is first shown. */

/** @type {readonly import("../types.js").Role[]} */
const EVERYBODY = ["viewer", "operator", "admin"];

/**
 * A part of the administration, at an address of its own.
 *
 * @param {string} part
 * @param {() => Promise<{createView: () => import("../types.js").View}>} load
 * @returns {import("../types.js").ViewEntry}
 */
const admin = (part, load) => ({
  id: `admin-${part}`,
  path: `/admin/${part}`,
  title: "admin.title",
  roles: ["admin"],
  under: "admin-devices",
  load,
});

/** The first is where an unknown address leads; everybody may see it. */
/** @type {readonly import("../types.js").ViewEntry[]} */
export const VIEWS = Object.freeze([
  {
    id: "fleet",
    path: "/fleet",
    title: "fleet.title",
    roles: EVERYBODY,
    tab: true,
    load: () => import("./fleet/index.js"),
  },
  {
    id: "device",
    path: "/devices/:id",
    title: "device.title",
    roles: EVERYBODY,
    under: "fleet",
    load: () => import("./device/index.js"),
  },
  {
    id: "alerts",
    path: "/alerts/:id?",
    title: "alerts.title",
    roles: EVERYBODY,
    tab: true,
    load: () => import("./alerts/index.js"),
  },
  {
    id: "rules",
    path: "/rules/:id?",
    title: "rules.title",
    roles: EVERYBODY,
    tab: true,
    load: () => import("./rules/index.js"),
  },
  { ...admin("devices", () => import("./admin/devices.js")), tab: true },
  { ...admin("devices", () => import("./admin/devices.js")), id: "admin", path: "/admin" },
  admin("places", () => import("./admin/places.js")),
  admin("profiles", () => import("./admin/profiles.js")),
  admin("keys", () => import("./admin/keys.js")),
  admin("people", () => import("./admin/people.js")),
  admin("channels", () => import("./admin/channels.js")),
  admin("letters", () => import("./admin/letters.js")),
  admin("audit", () => import("./admin/audit.js")),
  {
    id: "account",
    path: "/account",
    title: "account.title",
    roles: EVERYBODY,
    tab: true,
    load: () => import("./account/index.js"),
  },
]);
