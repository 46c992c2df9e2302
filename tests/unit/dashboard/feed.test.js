import assert from "node:assert/strict";
import test from "node:test";
import { fakeClient, fakeClock, page, settle } from "./fakes.js";

const { createFeed } = await page("live/feed.js");

const row = (second, flow) => ({
  device_id: "A",
  created_at: `2026-11-22T10:00:${second}Z`,
  received_at: null,
  flow_rate: flow,
});

/** A feed over a database of one device, and what it told the page. */
async function opened() {
  const client = fakeClient();
  const clock = fakeClock();
  const database = {
    devices: [{ device_id: "A", expected_interval_s: /** @type {number | null} */ (null) }],
    readings: [row(10, 1)],
    alerts: [],
  };
  const told = [];
  let down = false;
  const feed = createFeed({
    client,
    clock,
    onlineWindowS: 900,
    load: async () => {
      if (down) throw new Error("down");
      return structuredClone(database);
    },
    on: {
      change: () => {},
      reading: (reading) => told.push(`reading ${reading.flow_rate}`),
      alert: (alert) => told.push(`alert ${alert.id}`),
      state: (state) => told.push(state),
      gap: () => told.push("gap"),
      reload: (failure) => told.push(failure === null ? "reloaded" : "failed"),
    },
  });
  feed.open();
  await settle();
  const flow = () => client.newest("flow_data_changes");
  const alerts = () => client.newest("alerts_changes");
  const flowShown = () => feed.fleet.readings().get("A")?.flow_rate;
  const setDown = (next) => {
    down = next;
  };
  return { client, clock, database, told, feed, flow, alerts, flowShown, setDown };
}

test("it shows the state at once, and says live only after reading it behind the subscription", async () => {
  const { told, flow, alerts, flowShown, clock, database } = await opened();
  assert.deepEqual(told, ["reloaded"]);
  database.readings = [row(20, 2)]; // committed before the subscription: no event ever comes
  flow().live();
  alerts().live();
  await clock.advance(1000);
  assert.deepEqual(told, ["reloaded", "gap", "reloaded", "live"]);
  assert.equal(flowShown(), 2);
});

test("an outage: lost, told, polled, and current again without an event", async () => {
  const { told, flow, alerts, flowShown, clock, database, setDown } = await opened();
  flow().live();
  alerts().live();
  await clock.advance(1000);
  told.length = 0;
  setDown(true);
  flow().status("CHANNEL_ERROR");
  alerts().status("CHANNEL_ERROR");
  await clock.advance(5000);
  assert.deepEqual(told.slice(0, 2), ["lost", "failed"]);
  database.readings = [row(30, 3)];
  setDown(false);
  flow().live();
  alerts().live();
  await clock.advance(1000);
  assert.deepEqual(told.slice(-3), ["gap", "reloaded", "live"]);
  assert.equal(flowShown(), 3);
});

test("a failed reload is told as a loss although the channels say nothing, and its end as live", async () => {
  const { told, flow, alerts, clock, feed, setDown } = await opened();
  flow().live();
  alerts().live();
  await clock.advance(1000);
  told.length = 0;
  setDown(true);
  feed.look();
  await clock.advance(1000);
  assert.deepEqual(told, ["failed", "lost"]);
  setDown(false);
  await clock.advance(30_000);
  assert.deepEqual(told.slice(-2), ["reloaded", "live"]);
});

test("silence of the channels is noticed within 15 s where a device is expected to send", async () => {
  const { told, flow, alerts, clock, database, setDown } = await opened();
  const reading = { ...row(10, 1), created_at: new Date(clock.now()).toISOString() };
  database.devices = [{ device_id: "A", expected_interval_s: 5 }];
  database.readings = [reading];
  flow().live();
  alerts().live();
  await clock.advance(1000);
  const events = async (count) => {
    for (let i = 0; i < count; i += 1) {
      await clock.advance(5000);
      const created_at = new Date(clock.now()).toISOString();
      flow().change({ eventType: "UPDATE", new: { ...reading, created_at }, old: {} });
    }
  };
  await events(4); // a rejoin is followed by one more reload, after 15 s
  told.length = 0;
  await events(5);
  assert.equal(told.includes("reloaded"), false, "no reload while events come");
  setDown(true);
  await clock.advance(15_000);
  assert.equal(told.at(-1), "failed");
  assert.ok(told.includes("lost"));
});

test("a dropped event is made good within a minute", async () => {
  const { flow, alerts, flowShown, clock, database } = await opened();
  flow().live();
  alerts().live();
  await clock.advance(1000);
  database.readings = [row(40, 4)];
  assert.equal(flowShown(), 1);
  await clock.advance(60_000);
  assert.equal(flowShown(), 4);
});

test("new readings and new alerts are told; old readings and resolved alerts are not", async () => {
  const { told, flow, alerts, clock } = await opened();
  flow().live();
  alerts().live();
  await clock.advance(1000);
  told.length = 0;
  const alert = { id: "1", device_id: "A", severity: "critical", is_resolved: false };
  flow().change({ eventType: "UPDATE", new: row(50, 5), old: {} });
  flow().change({ eventType: "UPDATE", new: row(49, 9), old: {} });
  alerts().change({ eventType: "INSERT", new: alert, old: {} });
  alerts().change({ eventType: "UPDATE", new: { ...alert, is_resolved: true }, old: {} });
  assert.deepEqual(told, ["reading 5", "alert 1"]);
});

test("after close nothing is told and no timer is left", async () => {
  const { client, told, feed, flow, alerts, clock } = await opened();
  flow().live();
  alerts().live();
  await clock.advance(1000);
  told.length = 0;
  await feed.close();
  await clock.advance(600_000);
  assert.deepEqual(told, []);
  assert.equal(clock.pending(), 0);
  assert.equal(client.removed.length, 2);
});
