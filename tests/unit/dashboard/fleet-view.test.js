import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { newsText, sortAlerts, totalsOf, viewDevices } = await page("lib/fleet-view.js");

const NOW = Date.parse("2026-11-22T10:00:00Z");
const ago = (seconds) => new Date(NOW - seconds * 1000).toISOString();
const device = (id, more = {}) => ({
  device_id: id,
  device_name: null,
  expected_interval_s: 5,
  last_seen: ago(1),
  ...more,
});
const reading = (id, age, flow) => [
  id,
  { device_id: id, created_at: ago(age), received_at: ago(age), flow_rate: flow },
];
const alert = (id, severity, more = {}) => ({ id, device_id: "A", severity, created_at: ago(10), ...more });

function views(devices, readings, alerts = []) {
  return viewDevices({ devices, readings: new Map(readings), alerts }, NOW, 900);
}

test("devices are in the order of their names, numbers by size", () => {
  const shown = views([device("Meter 10"), device("Meter 2"), device("x", { device_name: "Inlet" })], []);
  assert.deepEqual(
    shown.map((view) => view.name),
    ["Inlet", "Meter 2", "Meter 10"],
  );
});

test("a device in contact may still show an old value, and says so", () => {
  const [view] = views([device("A")], [reading("A", 3600, 5)]);
  assert.equal(view.contact, "online");
  assert.equal(view.stale, true);
});

test("a device without a reading is not stale; it has nothing to be stale", () => {
  const [view] = views([device("A", { last_seen: null })], []);
  assert.equal(view.contact, "never");
  assert.equal(view.stale, false);
  assert.equal(view.reading, undefined);
});

test("the flow now counts current values of online devices only, and none is not zero", () => {
  const devices = [device("A"), device("B"), device("C"), device("D", { last_seen: ago(5000) })];
  const readings = [
    reading("A", 1, 10),
    reading("B", 3600, 20),
    reading("C", 1, null),
    reading("D", 5000, 40),
  ];
  assert.deepEqual(totalsOf(views(devices, readings), [alert("1", "critical"), alert("2", "info")]), {
    devices: 4,
    online: 3,
    alerts: 2,
    critical: 1,
    flow: 10,
    flowOf: 1,
  });
  assert.equal(totalsOf(views([device("A")], []), []).flow, null);
  assert.equal(totalsOf(views([device("A")], [reading("A", 1, 0)]), []).flow, 0);
});

test("a device carries the number and the worst of its alerts", () => {
  const alerts = [
    alert("1", "warning"),
    alert("2", "critical"),
    alert("3", "info"),
    alert("4", "info", { device_id: null }),
  ];
  const [view] = views([device("A")], [], alerts);
  assert.equal(view.alerts, 3);
  assert.equal(view.worst, "critical");
});

test("alerts are sorted by severity, then the newest first", () => {
  const alerts = [
    alert("old", "warning", { created_at: ago(90) }),
    alert("new", "warning", { created_at: ago(5) }),
    alert("worst", "critical", { created_at: ago(900) }),
    alert("info", "info", { created_at: ago(1) }),
  ];
  assert.deepEqual(
    sortAlerts(alerts).map((each) => each.id),
    ["worst", "new", "old", "info"],
  );
});

test("one new alert is said in full, a flood in one sentence", () => {
  const low = alert("1", "warning", { message: "low flow" });
  const high = alert("2", "critical", { message: "high flow" });
  assert.equal(newsText([low]), "New warning alert: low flow");
  assert.equal(newsText([low, high]), "2 new alerts, the worst critical: high flow");
});
