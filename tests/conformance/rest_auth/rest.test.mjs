import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { member, north, service, south, stranger, value } from "./clients.mjs";

describe("tables", () => {
  let client;
  const rule = (name, threshold_value) => ({
    device_id: north.device_id,
    rule_name: name,
    rule_type: "high_flow",
    threshold_value,
    severity: "warning",
    is_enabled: false,
  });

  before(async () => {
    client = await member(north);
    value(await client.from("alert_rules").insert([rule("J1", 1), rule("J2", 2.25), rule("J3", 3)]));
  });
  after(async () => value(await client.from("alert_rules").delete().eq("device_id", north.device_id)));

  test("a range counts all and returns a part", async () => {
    const { data, count, error } = await client
      .from("alert_rules")
      .select("rule_name, threshold_value", { count: "exact" })
      .order("threshold_value")
      .range(1, 1);
    assert.equal(error, null);
    assert.deepEqual(data, [{ rule_name: "J2", threshold_value: 2.25 }]);
    assert.equal(count, 3);
  });

  test("a count alone has no rows", async () => {
    const { data, count } = await client.from("alert_rules").select("*", { count: "exact", head: true });
    assert.deepEqual([data, count], [null, 3]);
  });

  test("an update answers the changed row", async () => {
    const change = { notification_channels: [{ type: "page", days: [1, 2] }] };
    const row = value(
      await client.from("alert_rules").update(change).eq("rule_name", "J1").select().single(),
    );
    assert.deepEqual(row.notification_channels, change.notification_channels);
    assert.ok(!Number.isNaN(Date.parse(row.created_at)));
  });

  test("an upsert takes the conflicting column", async () => {
    const device = {
      device_id: north.device_id,
      organization_id: north.organization_id,
      device_name: "From JS",
    };
    const [row] = value(await service.from("devices").upsert(device, { onConflict: "device_id" }).select());
    assert.equal(row.device_name, "From JS");
    const again = { ...device, device_name: "Not this" };
    const options = { onConflict: "device_id", ignoreDuplicates: true };
    assert.deepEqual(value(await service.from("devices").upsert(again, options).select()), []);
  });

  test("parents and children are embedded", async () => {
    const [device] = value(
      await client
        .from("devices")
        .select("device_id, organizations!devices_organization_id_fkey(name), alert_rules(rule_name)"),
    );
    assert.ok(device.organizations.name);
    assert.deepEqual(device.alert_rules.map(({ rule_name }) => rule_name).sort(), ["J1", "J2", "J3"]);
  });

  test("a violated check is the client's fault and says which", async () => {
    const { error, status } = await client.from("alert_rules").insert({ ...rule("J4", 1), severity: "loud" });
    assert.equal(status, 400);
    assert.equal(error.code, "23514");
    assert.match(error.message, /violates check constraint/);
  });

  test("no row is null for maybeSingle and an error for single", async () => {
    const none = () => client.from("devices").select().eq("device_id", "none");
    assert.equal(value(await none().maybeSingle()), null);
    const { error, status } = await none().single();
    assert.deepEqual([error.code, status], ["PGRST116", 406]);
  });
});

describe("functions", () => {
  test("a jsonb argument is an array in the database", async () => {
    const now = new Date().toISOString();
    const reading = { device_id: north.device_id, received_at: now, api_key_id: north.api_key_id };
    const readings = [
      { ...reading, created_at: now, flow_rate: 2.5 },
      { ...reading, created_at: now },
    ];
    const answers = value(await service.rpc("ingest_readings", { readings }));
    const byIndex = new Map(answers.map((answer) => [answer.index, answer]));
    assert.equal(byIndex.get(0).verdict, "new");
    assert.equal(byIndex.get(1).code, "no_measurement");
  });

  test("a function's single row is read with named arguments", async () => {
    const client = await member(north);
    const window = { start_time: "2026-01-01T00:00:00Z", end_time: "2100-01-01T00:00:00Z" };
    const answer = value(
      await client.rpc("get_flow_statistics", { device_id: north.device_id, ...window }).single(),
    );
    assert.equal(typeof answer.data_points, "number");
  });

  test("what a role may not run is refused", async () => {
    const client = await member(north);
    const { error, status } = await client.rpc("ingest_readings", { readings: [] });
    assert.deepEqual([error.code, status], ["42501", 403]);
  });
});

describe("row security", () => {
  test("a member sees one organization", async () => {
    const client = await member(south);
    assert.deepEqual(value(await client.from("devices").select("device_id")), [
      { device_id: south.device_id },
    ]);
    assert.deepEqual(value(await client.from("flow_data").select().eq("device_id", north.device_id)), []);
  });

  test("a stranger is told to sign in", async () => {
    const { error, status } = await stranger().from("devices").select();
    assert.deepEqual([error.code, status], ["42501", 401]);
  });

  test("a key that is none is refused", async () => {
    const { status } = await stranger("sb_publishable_nothing").from("devices").select();
    assert.equal(status, 401);
  });
});
