import assert from "node:assert/strict";
import test from "node:test";
import { fakeClient, fakeClock, page, settle } from "./fakes.js";

const { createLink } = await page("live/link.js");
const { PATIENCE_MS } = await page("live/channel.js");

async function opened() {
  const client = fakeClient();
  const clock = fakeClock();
  const states = [];
  const reloads = [];
  const link = createLink({
    client,
    clock,
    channels: [
      { topic: "flow_data_changes", table: "latest_readings", onChange() {} },
      { topic: "alerts_changes", table: "alerts", onChange() {} },
    ],
    reload: () => new Promise((resolve) => reloads.push(resolve)),
    onState: (state) => states.push(state),
    random: () => 0,
  });
  link.open();
  await settle();
  const answer = async () => {
    for (const resolve of reloads.splice(0)) resolve();
    await settle();
  };
  return { client, clock, states, reloads, answer, link };
}

const flow = (client) => client.newest("flow_data_changes");
const alerts = (client) => client.newest("alerts_changes");

test("live is: every channel subscribed, and the state read after that", async () => {
  const { client, states, reloads, answer } = await opened();
  flow(client).live();
  assert.equal(reloads.length, 0);
  alerts(client).live();
  assert.equal(reloads.length, 1);
  assert.deepEqual(states, []);
  await answer();
  assert.deepEqual(states, ["live"]);
});

test("a channel lost while the state is read makes that reading too early", async () => {
  const { client, states, answer } = await opened();
  flow(client).live();
  alerts(client).live();
  flow(client).status("CHANNEL_ERROR");
  await answer();
  assert.deepEqual(states, ["lost"]);
  flow(client).live();
  await answer();
  assert.deepEqual(states, ["lost", "live"]);
});

test("a new 'Subscribed to PostgreSQL' reads the state again and stays live", async () => {
  const { client, states, reloads, answer } = await opened();
  flow(client).live();
  alerts(client).live();
  await answer();
  alerts(client).system("ok", "Subscribed to PostgreSQL");
  assert.equal(reloads.length, 1);
  await answer();
  assert.deepEqual(states, ["live"]);
});

test("without an answer the page says lost after the patience, not connecting for ever", async () => {
  const { clock, states } = await opened();
  await clock.advance(PATIENCE_MS);
  assert.deepEqual(states, ["lost"]);
});

test("retry joins again at once where a channel is down, and only there", async () => {
  const { client, link } = await opened();
  flow(client).live();
  alerts(client).status("CHANNEL_ERROR");
  link.retry();
  await settle();
  assert.deepEqual(
    client.channels.map((channel) => channel.topic),
    ["flow_data_changes", "alerts_changes", "alerts_changes"],
  );
});

test("after close nothing is subscribed, reported or waiting", async () => {
  const { client, clock, states, answer, link } = await opened();
  flow(client).live();
  alerts(client).live();
  await link.close();
  await answer();
  await clock.advance(10 * PATIENCE_MS);
  assert.equal(client.removed.length, 2);
  assert.equal(clock.pending(), 0);
  assert.deepEqual(states, []);
});
