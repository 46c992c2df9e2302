/** Messages between clients, and channels that are refused. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { disconnectAll, Inbox, member, north, south, stranger, subscribed } from "./clients.mjs";

after(disconnectAll);

/** A channel that is joined, with what arrives on it. */
async function room(client, name, config = {}) {
  const inbox = new Inbox();
  const channel = client.channel(name, { config });
  channel.on("broadcast", { event: "*" }, inbox.add);
  const { status } = await subscribed(channel);
  assert.equal(status, "SUBSCRIBED");
  return { channel, inbox };
}

test("a broadcast reaches the others on its topic and not its sender", async () => {
  const name = `room-${crypto.randomUUID()}`;
  const [a, b, elsewhere] = await Promise.all([
    room(await member(north), name),
    room(await member(south), name),
    room(stranger(), `${name}-other`),
  ]);
  const payload = { text: "ünïcode ✓", values: [1, 2.5, null] };
  assert.equal(await a.channel.send({ type: "broadcast", event: "shout", payload }), "ok");
  const received = await b.inbox.find();
  assert.equal(received.event, "shout");
  assert.deepEqual(received.payload, payload);
  await b.channel.send({ type: "broadcast", event: "answer", payload: {} });
  await a.inbox.find(({ event }) => event === "answer");
  assert.deepEqual(
    a.inbox.items.map(({ event }) => event),
    ["answer"],
  );
  assert.deepEqual(elsewhere.inbox.items, []);
});

test("with self and ack a sender hears itself and waits for the server", async () => {
  const { channel, inbox } = await room(stranger(), `echo-${crypto.randomUUID()}`, {
    broadcast: { self: true, ack: true },
  });
  assert.equal(await channel.send({ type: "broadcast", event: "note", payload: { n: 1 } }), "ok");
  assert.deepEqual((await inbox.find()).payload, { n: 1 });
});

test("bytes arrive as they were sent", {
  skip: process.env.REALTIME_VSN === "1.0.0" && "1.0.0 has no form for bytes",
}, async () => {
  const name = `bytes-${crypto.randomUUID()}`;
  const [a, b] = await Promise.all([room(stranger(), name), room(stranger(), name)]);
  const payload = Uint8Array.from([0, 255, 1, 34]).buffer;
  await a.channel.send({ type: "broadcast", event: "raw", payload });
  const received = await b.inbox.find();
  assert.deepEqual([...new Uint8Array(received.payload)], [0, 255, 1, 34]);
});

test("a private channel without a policy is refused", async () => {
  const channel = (await member(north)).channel("private-room", { config: { private: true } });
  const { status, error } = await subscribed(channel);
  assert.equal(status, "CHANNEL_ERROR");
  assert.match(error.message, /You do not have permissions to read from this Channel topic: private-room/);
  await channel.unsubscribe();
});

test("leaving ends a channel, and its topic can be joined again", async () => {
  const client = stranger();
  const { channel } = await room(client, "again");
  assert.equal(await client.removeChannel(channel), "ok");
  await room(client, "again");
});
