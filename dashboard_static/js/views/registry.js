// @ts-check
/** The views of the page, in the order of their tabs. A view's module is loaded when it is first shown. */

/** @type {readonly import("../types.js").Role[]} */
const EVERYBODY = ["viewer", "operator", "admin"];

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
    path: "/alerts",
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
]);
