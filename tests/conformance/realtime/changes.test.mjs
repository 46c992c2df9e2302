/** postgres_changes as a page uses them. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  disconnectAll,
  listen,
  listenLive,
  member,
  north,
  send,
  service,
  south,
  stranger,
} from "./clients.mjs";

after(disconnectAll);

const latest = { event: "*", schema: "public", table: "latest_readings" };

test("a member hears their own organization's readings and no other's", async () => {
  const [ours, theirs] = await Promise.all([
    listenLive(await member(north), "flow_data_changes", latest),
    listenLive(await member(south), "flow_data_changes", latest),
  ]);
  await send(north, { flow_rate: 12.5, totalizer: 1000.25 });
  await send(south, { flow_rate: 99.5 });
  const change = await ours.changes.find();
  assert.deepEqual(
    [change.schema, change.table, change.eventType, change.errors],
    ["public", "latest_readings", "INSERT", null],
  );
  assert.equal(change.new.device_id, north.device_id);
  assert.equal(change.new.organization_id, north.organization_id);
  assert.equal(change.new.flow_rate, 12.5);
  assert.equal(change.new.totalizer, 1000.25);
  assert.equal(change.new.pressure, null);
  assert.ok(Math.abs(Date.parse(change.new.created_at) - Date.now()) < 60_000);
  assert.ok(Math.abs(Date.parse(change.commit_timestamp) - Date.now()) < 60_000);

  await send(north, { flow_rate: 13 });
  const update = await ours.changes.find(({ eventType }) => eventType === "UPDATE");
  assert.equal(update.new.flow_rate, 13);
  assert.deepEqual(update.old, { device_id: north.device_id });

  await theirs.changes.find(({ new: row }) => row.flow_rate === 99.5);
  const heard = (listener) => new Set(listener.changes.items.map(({ new: row }) => row.device_id));
  assert.deepEqual(heard(ours), new Set([north.device_id]));
  assert.deepEqual(heard(theirs), new Set([south.device_id]));
});

test("filters select by value, several of them together", async () => {
  const client = await member(north);
  const { device_id } = north;
  const filtered = (filter) => listenLive(client, filter, { ...latest, filter });
  const matching = await Promise.all(
    [
      `device_id=eq.${device_id}`,
      `device_id=in.(${device_id},other)`,
      "flow_rate=gt.20",
      "flow_rate=gte.21",
      "flow_rate=lt.22",
      "flow_rate=lte.21",
      "flow_rate=neq.20",
      `device_id=eq.${device_id},flow_rate=gt.20.5,quality=eq.good`,
    ].map(filtered),
  );
  const silent = await Promise.all(
    [
      "device_id=eq.other",
      "flow_rate=lt.21",
      `device_id=eq.${device_id},flow_rate=gt.22`,
      "pressure=lt.5",
    ].map(filtered),
  );
  await send(north, { flow_rate: 21 });
  for (const { changes } of matching) assert.equal((await changes.find()).new.flow_rate, 21);
  await send(north, { flow_rate: 21.5 });
  await matching[0].changes.find(({ new: row }) => row.flow_rate === 21.5);
  for (const { changes } of silent) assert.deepEqual(changes.items, []);
});

test("one channel holds several bindings, each for its own kind of event", async () => {
  const inserts = [];
  const updates = [];
  const client = await member(north);
  const channel = client.channel("bindings");
  const live = new Promise((resolve) => channel.on("system", {}, resolve));
  channel.on("postgres_changes", { ...latest, event: "INSERT" }, (change) => inserts.push(change));
  const heard = new Promise((resolve) =>
    channel.on("postgres_changes", { ...latest, event: "UPDATE" }, (change) => {
      updates.push(change);
      resolve();
    }),
  );
  channel.subscribe();
  await live;
  await send(north, { flow_rate: 31 });
  await heard;
  assert.deepEqual([inserts.length, updates.length], [0, 1]);
});

test("an alert appears when a value crosses its rule's threshold, and again when it is resolved", async () => {
  const rule = {
    device_id: north.device_id,
    rule_name: "High flow",
    rule_type: "high_flow",
    threshold_value: 500,
    severity: "warning",
  };
  const { error } = await service.from("alert_rules").insert(rule);
  assert.equal(error, null);
  const client = await member(north);
  const { changes } = await listenLive(client, "alerts_changes", {
    event: "*",
    schema: "public",
    table: "alerts",
  });
  await send(north, { flow_rate: 600 });
  const opened = await changes.find(({ eventType }) => eventType === "INSERT");
  assert.equal(opened.new.device_id, north.device_id);
  assert.equal(opened.new.is_resolved, false);
  assert.deepEqual(opened.new.metadata, {});
  const resolved = await client.from("alerts").update({ is_resolved: true }).eq("id", opened.new.id);
  assert.equal(resolved.error, null);
  const update = await changes.find(({ eventType, new: row }) => eventType === "UPDATE" && row.is_resolved);
  assert.deepEqual(update.old, { id: opened.new.id });
});

test("the secret key hears every organization", async () => {
  const { changes } = await listenLive(service, "all", latest);
  await send(north, { flow_rate: 41 });
  await send(south, { flow_rate: 42 });
  await changes.find(({ new: row }) => row.device_id === north.device_id && row.flow_rate === 41);
  await changes.find(({ new: row }) => row.device_id === south.device_id && row.flow_rate === 42);
});

test("somebody who is not signed in learns that something changed, and nothing of it", async () => {
  const { changes } = await listenLive(stranger(), "anonymous", latest);
  await send(north, { flow_rate: 51 });
  const change = await changes.find();
  assert.deepEqual(change.errors, ["Error 401: Unauthorized"]);
  assert.deepEqual([change.new, change.old], [{}, {}]);
});

test("a token that replaces another one changes whose rows are heard", async () => {
  const client = await member(north);
  const { changes, system } = await listenLive(client, "swap", latest);
  const { email, password } = south;
  await client.auth.signInWithPassword({ email, password });
  await system.find(() => system.items.length >= 2);
  await send(north, { flow_rate: 61 });
  await send(south, { flow_rate: 62 });
  await changes.find(({ new: row }) => row.flow_rate === 62);
  assert.ok(changes.items.every(({ new: row }) => row.device_id === south.device_id));
});

test("what cannot be subscribed is told by a system message after the join", async () => {
  const client = await member(north);
  const refused = async (name, binding, expected) => {
    const { status, system } = await listen(client, name, binding);
    assert.equal(status.status, "SUBSCRIBED");
    const message = await system.find();
    assert.equal(message.status, "error", name);
    assert.match(message.message, expected);
  };
  await refused("partitioned", { ...latest, table: "flow_data" }, /Please check Realtime is enabled/);
  await refused("missing", { ...latest, table: "no_such_table" }, /Please check Realtime is enabled/);
  await refused(
    "column",
    { ...latest, filter: "no_such_column=eq.1" },
    /invalid column for filter no_such_column/,
  );
  await refused(
    "value",
    { ...latest, filter: "flow_rate=gt.fast" },
    /invalid input syntax for type double precision/,
  );
  const values = Array.from({ length: 101 }, (_, i) => i).join(",");
  await refused(
    "many",
    { ...latest, filter: `device_id=in.(${values})` },
    /too many values for `in` filter. Maximum 100/,
  );
  await refused("operator", { ...latest, filter: "device_id=almost.M" }, /Error parsing `filter` params/);
});
