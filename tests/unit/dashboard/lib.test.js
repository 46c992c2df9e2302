import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { ageText, createInstantFormat, createZones, durationText, parseInstant } = await page("lib/time.js");
const { createQuantityFormat, numberOrNull } = await page("lib/quantity.js");
const { contactState, lastContact, quietAfterMs, staleAfterMs } = await page("lib/freshness.js");
const { backoffMs } = await page("lib/backoff.js");
const { serverOffset } = await page("lib/clock.js");
const { parseConfig, loadConfig } = await page("lib/config.js");
const { orThrow, failureWords, signInWords } = await page("lib/errors.js");

test("every form of a timestamp that REST and Realtime send is the same instant", () => {
  const expected = Date.UTC(2026, 10, 22, 8, 22, 50) + 70.125;
  for (const text of [
    "2026-11-22T08:22:50.070125+00:00",
    "2026-11-22 08:22:50.070125+00",
    "2026-11-22T08:22:50.070125Z",
    "2026-11-22T09:52:50.070125+0130",
  ]) {
    assert.ok(Math.abs(parseInstant(text) - expected) < 0.001, text);
  }
  for (const bad of [null, undefined, "", "yesterday", "2026-11-22", 5])
    assert.ok(Number.isNaN(parseInstant(bad)));
});

test("microseconds order two readings", () => {
  assert.ok(parseInstant("2026-11-22T08:00:00.000002Z") > parseInstant("2026-11-22T08:00:00.000001Z"));
});

test("ages in words", () => {
  assert.equal(durationText(8_900), "8 s");
  assert.equal(durationText(125_000), "2 min");
  assert.equal(durationText(3_600_000), "1 h");
  assert.equal(durationText(7_500_000), "2 h 5 min");
  assert.equal(durationText(180_000_000), "2 d 2 h");
  assert.equal(durationText(-5), "0 s");
  assert.equal(ageText(Number.NaN, 5), "–");
  assert.equal(ageText(1000, 9000), "8 s ago");
});

test("times name their zone and leave out today's date", () => {
  const format = createInstantFormat("en-GB", "Europe/Berlin");
  const noon = Date.UTC(2026, 10, 22, 11);
  assert.equal(format.brief(noon, noon + 3_600_000), "12:00:00");
  assert.match(format.brief(noon, noon + 13 * 3_600_000), /22 Nov 2026.*12:00:00/);
  assert.equal(format.zoneName(noon), "Europe/Berlin (GMT+01:00)");
});

test("a device's zone is its site's, else the organization's, and an unknown one is UTC", () => {
  const instantsOf = createZones("en-GB", "Europe/Berlin");
  const noon = Date.UTC(2026, 10, 22, 12);
  assert.equal(instantsOf("Europe/Lisbon").minute(noon), "12:00");
  assert.equal(instantsOf(null).minute(noon), "13:00");
  assert.equal(instantsOf(undefined).zoneShort(noon), "CET");
  assert.match(instantsOf("Mars/Olympus").zoneName(noon), /^UTC/);
  assert.equal(instantsOf(null), instantsOf("Europe/Berlin"));
});

test("no value is a dash, zero is zero, and nothing else becomes a number", () => {
  const format = createQuantityFormat("en");
  for (const none of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY, "12", "NaN"]) {
    assert.equal(numberOrNull(none), null);
    assert.equal(format.withUnit(none, "flow_rate"), "–");
  }
  assert.equal(format.withUnit(0, "flow_rate"), "0.00\u00a0m³/h");
  assert.equal(format.withUnit(-0.001, "flow_rate"), "0.00\u00a0m³/h");
  assert.equal(format.withUnit(123456.78, "totalizer"), "123,456.8\u00a0m³");
  assert.equal(createQuantityFormat("de").withUnit(1234.56, "flow_rate"), "1.234,6\u00a0m³/h");
  assert.equal(format.withUnit(9.876, "flow_rate"), "9.88\u00a0m³/h");
  assert.equal(format.withUnit(-71, "signal_strength"), "-71\u00a0dBm");
});

test("contact is the newest of last_seen and the reading's arrival", () => {
  const [early, late] = ["2026-11-22T08:00:00Z", "2026-11-22T08:01:00Z"];
  assert.equal(lastContact({ last_seen: early }, { received_at: late }), parseInstant(late));
  assert.equal(lastContact({ last_seen: late }, { received_at: early }), parseInstant(late));
  assert.equal(lastContact({ last_seen: null }, { received_at: early }), parseInstant(early));
  assert.equal(lastContact({ last_seen: early }, undefined), parseInstant(early));
  assert.ok(Number.isNaN(lastContact({ last_seen: null }, undefined)));
});

test("online ends after the window; no contact at all is its own state", () => {
  assert.equal(contactState(0, 900_000, 900), "online");
  assert.equal(contactState(0, 900_001, 900), "offline");
  assert.equal(contactState(Number.NaN, 0, 900), "never");
});

test("a value is stale after two missed readings, at least a minute, at most the online window", () => {
  assert.equal(staleAfterMs(5, 900), 60_000);
  assert.equal(staleAfterMs(300, 900), 600_000);
  assert.equal(staleAfterMs(3600, 900), 900_000);
  assert.equal(staleAfterMs(null, 900), 900_000);
});

test("pauses grow to half a minute, and chance only shortens them", () => {
  assert.deepEqual(
    [0, 1, 2, 5, 50].map((n) => backoffMs(n, () => 0)),
    [1000, 2000, 4000, 30_000, 30_000],
  );
  assert.equal(
    backoffMs(0, () => 1),
    800,
  );
});

test("a wrong browser clock is corrected, the network's delay is not taken for one", () => {
  const date = "Sun, 22 Nov 2026 08:00:00 GMT";
  const at = Date.parse(date);
  assert.equal(serverOffset(date, at + 100, at + 400), 0);
  assert.equal(serverOffset(date, at - 300_000, at - 300_000), 300_500);
  assert.equal(serverOffset(null, 0, 0), 0);
  assert.equal(serverOffset("soon", 0, 0), 0);
});

const CONFIG = {
  supabase_url: "http://127.0.0.1:1",
  supabase_anon_key: "k",
  online_window_s: 900,
  version: "1",
  api_url: "",
};

test("settings are read past every cache, and a wrong one is named", async () => {
  assert.deepEqual(parseConfig(CONFIG), CONFIG);
  for (const name of ["supabase_url", "supabase_anon_key", "online_window_s"]) {
    assert.throws(() => parseConfig({ ...CONFIG, [name]: "" }), new RegExp(name));
  }
  assert.throws(() => parseConfig(null), /supabase_url/);
  const requests = [];
  const get = async (...request) => {
    requests.push(request);
    return new Response(JSON.stringify(CONFIG), { headers: { date: new Date().toUTCString() } });
  };
  assert.deepEqual(await loadConfig(get), { config: CONFIG, clockOffset: 0 });
  assert.deepEqual(requests, [["config.json", { cache: "no-store", credentials: "omit" }]]);
  await assert.rejects(
    loadConfig(async () => new Response("", { status: 503 })),
    /503/,
  );
});

test("failures are told in words", () => {
  const words = (status, code = "") => {
    try {
      orThrow({ data: null, error: { message: "m", code }, status });
    } catch (error) {
      return failureWords(error);
    }
    return "";
  };
  assert.equal(orThrow({ data: 5, error: null, status: 200 }), 5);
  assert.match(words(0), /cannot be reached/);
  assert.match(words(401), /sign out and in/);
  assert.match(words(403, "42501"), /not allowed/);
  assert.match(words(503), /not available/);
  assert.match(words(400), /refused/);
  assert.match(failureWords(new TypeError("x")), /Unexpected/);
  assert.match(signInWords({ code: "invalid_credentials", status: 400 }), /Wrong e-mail address or password/);
  assert.match(signInWords({ name: "AuthRetryableFetchError", status: 0 }), /cannot be reached/);
  assert.match(signInWords({ status: 429 }), /Too many/);
});

test("silence is measured by the device that sends most often, of those that are current", () => {
  const now = Date.UTC(2026, 10, 22, 12);
  const devices = [
    { device_id: "gone", expected_interval_s: 5 },
    { device_id: "never", expected_interval_s: 5 },
    { device_id: "minute", expected_interval_s: 60 },
    { device_id: "hour", expected_interval_s: 3600 },
  ];
  const at = (id, agoS) => [id, { device_id: id, created_at: new Date(now - agoS * 1000).toISOString() }];
  const quiet = (...readings) => quietAfterMs(devices, new Map(readings), now, 900);
  assert.equal(quiet(at("gone", 3600), at("minute", 50), at("hour", 50)), 120_000);
  assert.equal(quiet(at("gone", 3), at("minute", 50)), 10_000);
  assert.equal(quiet(at("gone", 3600)), Number.POSITIVE_INFINITY);
  assert.equal(quiet(), Number.POSITIVE_INFINITY);
});

test("a request without an answer ends, and the client does not repeat in secret", async () => {
  globalThis.supabase = { createClient: (_url, _key, options) => options };
  const { createSupabase } = await page("lib/supabase.js");
  const { db } = createSupabase({ supabase_url: "http://127.0.0.1:1", supabase_anon_key: "k" });
  assert.ok(db.timeout > 0 && db.timeout <= 30_000);
  assert.equal(db.retry, false);
  delete globalThis.supabase;
});
