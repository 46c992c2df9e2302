import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { createFleet } = await page("live/fleet.js");

const device = (id) => ({ device_id: id, device_name: id, expected_interval_s: 5, last_seen: null });
const reading = (id, second, values = { flow_rate: second }) => ({
  device_id: id,
  created_at: `2026-11-22T10:00:${String(second).padStart(2, "0")}.5+00:00`,
  received_at: null,
  quality: "good",
  ...values,
});
const alert = (id, more = {}) => ({ id, device_id: "A", severity: "warning", is_resolved: false, ...more });
const update = (row) => ({ eventType: "UPDATE", new: row, old: {} });
const snapshot = (readings = [], alerts = []) => ({ devices: [device("A"), device("B")], readings, alerts });

function loaded(readings, alerts) {
  const fleet = createFleet();
  fleet.applySnapshot(fleet.beginReload(), snapshot(readings, alerts));
  return fleet;
}
const flowOf = (fleet, id) => fleet.readings().get(id)?.flow_rate;
const openIds = (fleet) => fleet.alerts().map((each) => each.id);

test("nothing is known before the first reload", () => {
  const fleet = createFleet();
  assert.equal(fleet.isLoaded(), false);
  fleet.applySnapshot(fleet.beginReload(), snapshot());
  assert.equal(fleet.isLoaded(), true);
});

test("an event older than what is shown is ignored", () => {
  const fleet = loaded([reading("A", 20)]);
  assert.equal(fleet.applyReading(update(reading("A", 19))), "ignored");
  assert.equal(flowOf(fleet, "A"), 20);
  assert.equal(fleet.applyReading(update(reading("A", 21))), "applied");
  assert.equal(flowOf(fleet, "A"), 21);
});

test("the same instant with more values completes, with fewer is ignored", () => {
  const fleet = loaded([reading("A", 20, { flow_rate: 1 })]);
  assert.equal(fleet.applyReading(update(reading("A", 20, { flow_rate: 1, level: 2 }))), "applied");
  assert.equal(fleet.applyReading(update(reading("A", 20, { flow_rate: 1, level: null }))), "ignored");
  assert.equal(fleet.readings().get("A").level, 2);
});

test("a reload that began before an event does not take its value back", () => {
  const fleet = loaded([reading("A", 10)]);
  const ticket = fleet.beginReload();
  fleet.applyReading(update(reading("A", 20)));
  fleet.applySnapshot(ticket, snapshot([reading("A", 11)]));
  assert.equal(flowOf(fleet, "A"), 20);
});

test("a reload newer than a late event wins over it", () => {
  const fleet = loaded([reading("A", 10)]);
  const ticket = fleet.beginReload();
  fleet.applyReading(update(reading("A", 11)));
  fleet.applySnapshot(ticket, snapshot([reading("A", 30)]));
  assert.equal(flowOf(fleet, "A"), 30);
});

test("a reload without events since is the truth, even if it goes back", () => {
  const fleet = loaded([reading("A", 20)]);
  fleet.applySnapshot(fleet.beginReload(), snapshot([reading("A", 10)]));
  assert.equal(flowOf(fleet, "A"), 10);
});

test("of two reloads the one that began later stays", () => {
  const fleet = createFleet();
  const [first, second] = [fleet.beginReload(), fleet.beginReload()];
  assert.equal(fleet.applySnapshot(second, snapshot([reading("A", 30)])), true);
  assert.equal(fleet.applySnapshot(first, snapshot([reading("A", 10)])), false);
  assert.equal(flowOf(fleet, "A"), 30);
});

test("a reading of a device that is not known asks for a reload", () => {
  const fleet = loaded([]);
  assert.equal(fleet.applyReading(update(reading("NEW", 1))), "reload");
  assert.equal(fleet.readings().has("NEW"), true);
});

test("an event without its record (too large, refused) asks for a reload", () => {
  const fleet = loaded([reading("A", 1)]);
  assert.equal(fleet.applyReading(update({})), "reload");
  assert.equal(fleet.applyAlert(update({})), "reload");
  assert.equal(flowOf(fleet, "A"), 1);
});

test("a deleted reading is gone, also against a reload that began before; others' deletes do nothing", () => {
  const fleet = loaded([reading("A", 1)]);
  const ticket = fleet.beginReload();
  assert.equal(fleet.applyReading({ eventType: "DELETE", new: {}, old: { device_id: "A" } }), "applied");
  assert.equal(fleet.applyReading({ eventType: "DELETE", new: {}, old: { device_id: "X" } }), "ignored");
  fleet.applySnapshot(ticket, snapshot([reading("A", 1)]));
  assert.equal(fleet.readings().has("A"), false);
});

test("an alert that opens during a reload stays; one resolved during it stays away", () => {
  const fleet = loaded([], [alert("1")]);
  const ticket = fleet.beginReload();
  fleet.applyAlert({ eventType: "INSERT", new: alert("2"), old: {} });
  fleet.applyAlert(update(alert("1", { is_resolved: true })));
  fleet.applySnapshot(ticket, snapshot([], [alert("1")]));
  assert.deepEqual(openIds(fleet), ["2"]);
});

test("a late event does not open a resolved alert again", () => {
  const fleet = loaded([], [alert("1")]);
  fleet.applyAlert(update(alert("1", { is_resolved: true })));
  fleet.applySnapshot(fleet.beginReload(), snapshot());
  assert.equal(fleet.applyAlert(update(alert("1", { acknowledged_at: "x" }))), "ignored");
  assert.deepEqual(openIds(fleet), []);
});

test("what was missed is made good by the next reload", () => {
  const fleet = loaded([reading("A", 1), reading("B", 1)], [alert("1"), alert("2")]);
  fleet.applySnapshot(fleet.beginReload(), {
    devices: [device("A")],
    readings: [reading("A", 9)],
    alerts: [alert("3")],
  });
  assert.deepEqual(
    fleet.devices().map((each) => each.device_id),
    ["A"],
  );
  assert.deepEqual([...fleet.readings().keys()], ["A"]);
  assert.deepEqual(openIds(fleet), ["3"]);
});
