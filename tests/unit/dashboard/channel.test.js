import assert from "node:assert/strict";
import test from "node:test";
import { fakeClient, fakeClock, page, settle } from "./fakes.js";

const { keepChannel, PATIENCE_MS } = await page("live/channel.js");

async function opened() {
  const client = fakeClient();
  const clock = fakeClock();
  const states = [];
  const changes = [];
  const keeper = keepChannel({
    client,
    clock,
    topic: "flow_data_changes",
    table: "latest_readings",
    onChange: (change) => changes.push(change),
    onState: (state, reason) => states.push(reason ? `${state}: ${reason}` : state),
    random: () => 0,
  });
  await keeper.open();
  return { client, clock, states, changes, keeper, channel: client.channels[0] };
}

test("it subscribes to every event of one public table, with the session's token", async () => {
  const { client, channel } = await opened();
  assert.equal(channel.topic, "flow_data_changes");
  assert.deepEqual(channel.handlers.postgres_changes.filter, {
    event: "*",
    schema: "public",
    table: "latest_readings",
  });
  assert.equal(client.tokens, 1);
});

test("SUBSCRIBED alone is not live; the system message is", async () => {
  const { channel, states } = await opened();
  channel.status("SUBSCRIBED");
  channel.system("ok", "ready", "presence");
  assert.deepEqual(states, ["joining"]);
  channel.system("ok", "Subscribed to PostgreSQL");
  assert.deepEqual(states, ["joining", "live"]);
});

test("a refused subscription, which supabase-js calls SUBSCRIBED, is lost and tried again", async () => {
  const { client, clock, channel, states } = await opened();
  channel.status("SUBSCRIBED");
  channel.system("error", "Unable to subscribe to changes");
  assert.deepEqual(states, ["joining", "lost: Unable to subscribe to changes"]);
  await clock.advance(1000);
  assert.equal(client.channels.length, 2);
  assert.deepEqual(client.removed, [channel]);
});

test("a channel closed by an expired token is made anew with a new token", async () => {
  const { client, clock, channel, states } = await opened();
  channel.live();
  channel.system("error", "Token has expired 0 seconds ago", "system");
  channel.status("CLOSED");
  await clock.advance(1000);
  assert.equal(client.channels.length, 2);
  assert.equal(client.tokens, 2);
  client.newest("flow_data_changes").live();
  assert.equal(states.at(-1), "live");
});

test("after a lost socket supabase-js joins again by itself, and is left alone", async () => {
  const { client, clock, channel, states } = await opened();
  channel.live();
  channel.status("CHANNEL_ERROR");
  await clock.advance(5000);
  channel.live();
  await clock.advance(10 * PATIENCE_MS);
  assert.equal(client.channels.length, 1);
  assert.deepEqual(states, ["joining", "live", "lost: CHANNEL_ERROR", "joining", "live"]);
});

test("a socket that stays lost, however often it errs, is replaced after the patience", async () => {
  const { client, clock, channel } = await opened();
  channel.live();
  for (let i = 0; i < 4; i += 1) {
    channel.status(i % 2 ? "TIMED_OUT" : "CHANNEL_ERROR");
    await clock.advance(PATIENCE_MS / 4);
  }
  assert.equal(client.channels.length, 2);
});

test("a join that is never answered is replaced", async () => {
  const { client, clock, states } = await opened();
  await clock.advance(PATIENCE_MS);
  assert.equal(states.at(-1), "lost: no answer from Realtime");
  assert.equal(client.channels.length, 2);
});

test("the pauses between refused subscriptions grow, and a settled channel starts them anew", async () => {
  const { client, clock, channel } = await opened();
  const refuse = () => client.newest("flow_data_changes").system("error", "refused");
  channel.system("error", "refused");
  await clock.advance(1000);
  refuse();
  await clock.advance(1999);
  assert.equal(client.channels.length, 2);
  await clock.advance(1);
  assert.equal(client.channels.length, 3);
  client.newest("flow_data_changes").live();
  await clock.advance(31_000);
  refuse();
  await clock.advance(1000);
  assert.equal(client.channels.length, 4);
});

test("what an abandoned channel still says is not heard", async () => {
  const { client, clock, channel, states, changes } = await opened();
  channel.system("error", "refused");
  await clock.advance(1000);
  const heard = states.length;
  channel.live();
  channel.status("CLOSED");
  channel.change({ eventType: "UPDATE", new: {}, old: {} });
  assert.equal(states.length, heard);
  assert.equal(changes.length, 0);
  assert.equal(client.channels.length, 2);
});

test("two opens at once leave one channel, and never take over the one being removed", async () => {
  const { client, keeper, channel } = await opened();
  channel.live();
  await Promise.all([keeper.open(), keeper.open()]);
  assert.deepEqual(client.removed, [channel]);
  assert.equal(client.channels.length, 2);
});

test("close leaves the channel and no timer", async () => {
  const { client, clock, keeper, channel, states } = await opened();
  channel.live();
  channel.status("CHANNEL_ERROR");
  await keeper.close();
  await settle();
  assert.deepEqual(client.removed, [channel]);
  assert.equal(clock.pending(), 0);
  assert.equal(states.at(-1), "closed");
});

test("a channel that an earlier session is still leaving is tried again, not thrown about", async () => {
  const client = fakeClient();
  const clock = fakeClock();
  const states = [];
  const { channel } = client;
  client.channel = () => {
    throw new Error("cannot add callbacks after subscribe()");
  };
  const keeper = keepChannel({
    client,
    clock,
    topic: "alerts_changes",
    table: "alerts",
    onChange() {},
    onState: (state) => states.push(state),
    random: () => 0,
  });
  await keeper.open();
  assert.deepEqual(states, ["lost"]);
  client.channel = channel;
  await clock.advance(1000);
  client.newest("alerts_changes").live();
  assert.equal(states.at(-1), "live");
  await keeper.close();
});
