import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { choiceAddress, choiceOf, chooseDevices, listItems, rowsInSight, rowTops } =
  await page("lib/fleet-list.js");
const { findView } = await page("lib/routes.js");

const view = (id, more = {}) => ({
  name: id,
  device: { device_id: id, location: null, site: null, ...more.device },
  reading: more.flow === undefined ? undefined : { flow_rate: more.flow },
  contact: more.contact ?? "online",
  contactAt: more.contactAt ?? 0,
  stale: more.stale ?? false,
  alerts: more.worst ? 1 : 0,
  worst: more.worst ?? null,
});
const ids = (views) => views.map(({ device }) => device.device_id).join(" ");
const chosen = (views, params, volumes = {}) =>
  ids(chooseDevices(views, choiceOf(params), (id) => volumes[id] ?? null));

test("an address and a choice tell each other", () => {
  for (const params of [
    {},
    { q: "a b&c=d", state: "late", sort: "-flow", group: "site" },
    { sort: "-name" },
    { sort: "seen" },
  ]) {
    const hash = choiceAddress(choiceOf(params));
    assert.deepEqual(findView(hash, [{ path: "/fleet" }]).params, params);
  }
});

test("what an address makes up is left out", () => {
  assert.deepEqual(choiceOf({ state: "broken", sort: "-__proto__", group: "x", other: "1" }), {
    search: "",
    state: "",
    sort: "name",
    reversed: false,
    grouped: false,
  });
});

test("every word of the search is in name, id, place or site", () => {
  const views = [
    view("A1", { device: { location: "Pump house" } }),
    view("A2", { device: { site: "Pumping Süd" } }),
    view("B1"),
  ];
  assert.equal(chosen(views, { q: "pump" }), "A1 A2");
  assert.equal(chosen(views, { q: "  SÜD  a " }), "A2");
  assert.equal(chosen(views, { q: "pump b1" }), "");
});

test("late is in contact without a current value; offline includes what was never seen", () => {
  const views = [
    view("on"),
    view("late", { stale: true }),
    view("off", { contact: "offline", stale: true }),
    view("never", { contact: "never" }),
    view("hot", { worst: "warning" }),
  ];
  assert.equal(chosen(views, { state: "online" }), "on hot");
  assert.equal(chosen(views, { state: "late" }), "late");
  assert.equal(chosen(views, { state: "offline" }), "off never");
  assert.equal(chosen(views, { state: "alert" }), "hot");
});

test("no value is last in both directions, and zero is a value", () => {
  const views = [view("a", { flow: 0 }), view("b"), view("c", { flow: 9 }), view("d", { flow: Number.NaN })];
  assert.equal(chosen(views, { sort: "flow" }), "c a b d");
  assert.equal(chosen(views, { sort: "-flow" }), "a c b d");
  assert.equal(chosen(views, { sort: "-today" }, { a: 5, c: 0 }), "c a b d");
  assert.equal(chosen(views, { sort: "-name" }), "d c b a");
});

test("the longest silent is first, the never seen last", () => {
  const views = [
    view("a", { contactAt: 50 }),
    view("b", { contactAt: Number.NaN }),
    view("c", { contactAt: 10 }),
  ];
  assert.equal(chosen(views, { sort: "seen" }), "c a b");
});

test("the most urgent is first: alerts by severity, then silence, equals by name", () => {
  const views = [
    view("a"),
    view("b", { contact: "offline" }),
    view("c", { worst: "info" }),
    view("d", { worst: "critical" }),
    view("e", { stale: true }),
    view("f", { worst: "critical", contact: "offline" }),
    view("g"),
  ];
  assert.equal(chosen(views, { sort: "state" }), "f d c b e a g");
});

test("groups are by name, numbers by size, what has no site last", () => {
  const at = (id, site) => view(id, { device: { site } });
  const items = listItems([at("a", "Site 10"), at("b", null), at("c", "Site 2"), at("d", "Site 10")], true);
  assert.deepEqual(
    items.map((item) => (item.kind === "site" ? `${item.name}:${item.count}` : item.id)),
    ["Site 2:1", "c", "Site 10:2", "a", "d", "null:1", "b"],
  );
});

test("only rows in sight are drawn, and some beyond", () => {
  const rows = (kinds) => kinds.map((kind) => ({ kind }));
  const tops = rowTops(rows(["site", ...Array(99).fill("device")]), { device: 50, site: 40 });
  assert.equal(tops.length, 101);
  assert.equal(tops[100], 40 + 99 * 50);
  assert.deepEqual(rowsInSight(tops, 0, 90, 0), { first: 0, end: 2 });
  assert.deepEqual(rowsInSight(tops, 90, 191, 0), { first: 2, end: 5 });
  assert.deepEqual(rowsInSight(tops, 90, 191, 3), { first: 0, end: 8 });
  assert.deepEqual(rowsInSight(tops, 1e6, 2e6, 2), { first: 98, end: 100 });
  assert.deepEqual(rowsInSight(tops, -500, -100, 2), { first: 0, end: 2 });
  assert.deepEqual(rowsInSight([0], 0, 100, 5), { first: 0, end: 0 });
});
