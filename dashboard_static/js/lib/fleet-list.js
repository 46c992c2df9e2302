// @ts-check
/** Which devices the table lists and in which order, as the address says. Pure. */
import { numberOrNull } from "./quantity.js";
import { address } from "./routes.js";

/** @typedef {import("./fleet-view.js").DeviceView} DeviceView */
/** @typedef {"online" | "late" | "offline" | "alert"} State */
/** @typedef {"name" | "state" | "flow" | "today" | "seen"} SortKey */

/**
 * @typedef {object} Choice
 * @property {string} search  words that must all be in name, id, place or site; empty: every device
 * @property {State | ""} state  empty: any
 * @property {SortKey} sort
 * @property {boolean} reversed  against the usual direction: names from A, everything else from what matters most
 * @property {boolean} grouped  by site
 */

/** @typedef {{kind: "site", id: string, name: string | null, count: number}} SiteItem  name null: no site */
/** @typedef {{kind: "device", id: string, view: DeviceView}} DeviceItem */
/** @typedef {SiteItem | DeviceItem} Item */

/** @type {readonly State[]} */
export const STATES = ["online", "late", "offline", "alert"];
/** @type {readonly SortKey[]} */
export const SORTS = ["name", "state", "flow", "today", "seen"];

const SEVERITIES = ["info", "warning", "critical"];
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/**
 * What the address asks for; what it does not know is left out.
 *
 * @param {import("../types.js").Params} params
 * @returns {Choice}
 */
export function choiceOf(params) {
  const sort = (params.sort ?? "").replace(/^-/, "");
  const known = SORTS.find((key) => key === sort);
  return {
    search: params.q ?? "",
    state: STATES.find((state) => state === params.state) ?? "",
    sort: known ?? "name",
    reversed: known !== undefined && params.sort.startsWith("-"),
    grouped: params.group === "site",
  };
}

/** @param {Choice} choice */
export function choiceAddress({ search, state, sort, reversed, grouped }) {
  return address(["fleet"], {
    q: search || null,
    state: state || null,
    sort: reversed ? `-${sort}` : sort === "name" ? null : sort,
    group: grouped ? "site" : null,
  });
}

/**
 * The state of the connection to a device: late is in contact with a value that is no longer current.
 *
 * @param {DeviceView} view
 * @returns {"online" | "late" | "offline" | "never"}
 */
export function stateOf({ contact, stale }) {
  return contact === "online" && stale ? "late" : contact;
}

/** @param {DeviceView} view @param {State | ""} state */
function isIn(view, state) {
  if (state === "") return true;
  if (state === "alert") return view.alerts > 0;
  const own = stateOf(view);
  return state === (own === "never" ? "offline" : own);
}

/** @param {DeviceView} view @param {string[]} words */
function has({ name, device }, words) {
  const text = `${name}\n${device.device_id}\n${device.location ?? ""}\n${device.site ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/**
 * What matters most first: open alerts by severity, then silence.
 *
 * @param {DeviceView} view
 */
function urgency(view) {
  const worst = view.worst === null ? 0 : SEVERITIES.indexOf(view.worst) + 1;
  return worst * 4 + ["online", "late", "never", "offline"].indexOf(stateOf(view));
}

/**
 * The number to sort by, largest first; null comes last in both directions.
 *
 * @param {DeviceView} view
 * @param {SortKey} sort
 * @param {(id: string) => number | null} volumeOf
 */
function weight(view, sort, volumeOf) {
  if (sort === "state") return urgency(view);
  if (sort === "flow") return numberOrNull(view.reading?.flow_rate);
  if (sort === "today") return volumeOf(view.device.device_id);
  return Number.isNaN(view.contactAt) ? null : -view.contactAt;
}

/**
 * @param {DeviceView[]} views  by name
 * @param {Choice} choice
 * @param {(id: string) => number | null} volumeOf  [m³] today
 * @returns {DeviceView[]}
 */
export function chooseDevices(views, choice, volumeOf) {
  const words = choice.search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = views.filter((view) => isIn(view, choice.state) && has(view, words));
  if (choice.sort === "name") return choice.reversed ? found.reverse() : found;
  const turn = choice.reversed ? -1 : 1;
  return found
    .map((view) => ({ view, by: weight(view, choice.sort, volumeOf) }))
    .sort((a, b) => {
      if (a.by === null || b.by === null) return Number(a.by === null) - Number(b.by === null);
      return turn * (b.by - a.by);
    })
    .map(({ view }) => view);
}

/**
 * The rows of the table: devices, and with groups a row before each site's.
 *
 * @param {DeviceView[]} found
 * @param {boolean} grouped
 * @returns {Item[]}
 */
export function listItems(found, grouped) {
  /** @param {DeviceView} view @returns {DeviceItem} */
  const item = (view) => ({ kind: "device", id: view.device.device_id, view });
  if (!grouped) return found.map(item);
  /** @type {Map<string | null, DeviceView[]>} */
  const groups = new Map();
  for (const view of found) {
    const members = groups.get(view.device.site);
    if (members) members.push(view);
    else groups.set(view.device.site, [view]);
  }
  return [...groups]
    .sort(([a], [b]) => Number(a === null) - Number(b === null) || collator.compare(a ?? "", b ?? ""))
    .flatMap(([name, members]) => [
      { kind: /** @type {const} */ ("site"), id: `\n${name ?? ""}`, name, count: members.length },
      ...members.map(item),
    ]);
}

/**
 * Where each row begins, and last where the list ends [px].
 *
 * @param {readonly Item[]} items
 * @param {{device: number, site: number}} heights [px]
 */
export function rowTops(items, heights) {
  const tops = [0];
  for (const { kind } of items) tops.push(tops[tops.length - 1] + heights[kind]);
  return tops;
}

/**
 * The rows to draw: those in sight and some beyond.
 *
 * @param {readonly number[]} tops  of rowTops
 * @param {number} from [px] where what is in sight begins, from the first row's upper edge
 * @param {number} to [px] where it ends
 * @param {number} beyond  rows on each side
 * @returns {{first: number, end: number}} first <= index < end
 */
export function rowsInSight(tops, from, to, beyond) {
  const count = tops.length - 1;
  const first = tops.findIndex((_, i) => i === count || tops[i + 1] > from);
  let end = first;
  while (end < count && tops[end] < to) end += 1;
  return { first: Math.max(0, first - beyond), end: Math.min(count, end + beyond) };
}
