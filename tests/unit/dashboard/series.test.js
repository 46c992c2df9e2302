import assert from "node:assert/strict";
import test from "node:test";
import { page, settle } from "./fakes.js";

const { addLive, bucketRows, isolatedIndices, readingRows, toColumns, valueRange } =
  await page("views/device/columns.js");
const { createSeries } = await page("views/device/series.js");
const { createZone } = await page("lib/zone.js");
const { readAll, readBackwards } = await page("data/pages.js");

const ALWAYS = { from: 0, to: 1e12 };
const reading = (second, value = second) => ({
  from: second * 1000,
  to: second * 1000,
  min: value,
  mean: value,
  max: value,
  count: 1,
});
const every = (stepS, count, from = 0) => Array.from({ length: count }, (_, i) => reading(from + i * stepS));
const bucket = (start, mean, step = 60) => ({
  from: start * 1000,
  to: (start + step) * 1000,
  min: mean - 1,
  mean,
  max: mean + 1,
  count: 6,
});

test("readings become rows, oldest first; a bad one has no value, and zero is one", () => {
  const rows = readingRows(
    [
      { created_at: "2026-11-22T08:00:02Z", level: 0, quality: "bad" },
      { created_at: "2026-11-22T08:00:01Z", level: null, quality: "good" },
      { created_at: "2026-11-22T08:00:00Z", level: 0, quality: "good" },
      { created_at: "never", level: 5 },
    ],
    "level",
  );
  assert.deepEqual(
    rows.map((row) => row.mean),
    [0, null, null],
  );
});

test("empty buckets are no rows", () => {
  const start = "2026-11-22T08:00:00+00:00";
  const rows = bucketRows(
    [
      { starts_at: start, ends_at: "2026-11-22T08:01:00+00:00", low: 0, mean: 0, high: 2, data_points: 3 },
      { starts_at: start, ends_at: start, low: null, mean: null, high: null, data_points: 0 },
    ],
    { min: "low", mean: "mean", max: "high" },
  );
  assert.deepEqual(rows, [
    { from: 1_795_334_400_000, to: 1_795_334_460_000, min: 0, mean: 0, max: 2, count: 3 },
  ]);
});

test("a silence is a gap, a regular step is none", () => {
  const [xs, ys] = toColumns([...every(5, 10), ...every(5, 10, 600)], 5, ALWAYS);
  assert.equal(xs.length, 21);
  assert.equal(ys[10], null);
  assert.ok(xs[10] > xs[9] && xs[10] < xs[11]);
  assert.equal(toColumns(every(5, 10), 5, ALWAYS)[1].includes(null), false);
});

test("a meter that reports less often than expected is a line, not dots", () => {
  const columns = toColumns([...every(60, 20), ...every(2, 20, 1200)], 5, ALWAYS);
  assert.equal(columns[1].includes(null), false);
});

test("an empty bucket is a gap, unless the meter reports less often than a bucket is long", () => {
  const gaps = (rows, expected) => toColumns(rows, expected, ALWAYS)[1].filter((y) => y === null).length;
  const minutes = [0, 60, 120, 240, 300, 360].map((start) => bucket(start, 5));
  assert.equal(gaps(minutes, 10), 1);
  assert.equal(gaps(minutes, 60), 0);
  const hours = [0, 3600, 7200, 10_800, 18_000, 21_600].map((start) => bucket(start, 5));
  assert.equal(gaps(hours, 10), 1);
});

test("the band lies around the mean, and nothing is drawn beside the window", () => {
  const columns = toColumns([bucket(0, 5), bucket(60, 7), bucket(120, 9)], 60, { from: 70_000, to: 140_000 });
  assert.deepEqual(columns, [
    [90, 140],
    [7, 9],
    [8, 10],
    [6, 8],
  ]);
});

test("a value alone between gaps is found", () => {
  assert.deepEqual(isolatedIndices([1, null, 2, null, 3, 4, null]), [0, 2]);
});

test("a live reading falls into place, and a value is never replaced by none", () => {
  const rows = [reading(10), reading(30)];
  addLive(rows, reading(20), null, false);
  addLive(rows, { ...reading(30), mean: null }, null, false);
  addLive(rows, reading(40), null, false);
  assert.deepEqual(
    rows.map((row) => row.mean),
    [10, 20, 30, 40],
  );
});

test("a live reading widens its bucket's band; a repeat changes nothing; the next bucket begins on the grid", () => {
  const grid = { start: 0, step: 60_000 };
  const rows = [bucket(60, 5)];
  for (let i = 0; i < 2; i += 1) addLive(rows, reading(100, 9), grid, false);
  assert.deepEqual(rows, [{ ...bucket(60, 5), max: 9 }]);
  addLive(rows, reading(185, 3), grid, false);
  assert.deepEqual([rows[1].from, rows[1].to, rows[1].mean], [180_000, 240_000, 3]);
  const counter = [{ ...bucket(60, 5), min: null, max: null }];
  addLive(counter, reading(100, 8), grid, true);
  assert.equal(counter[0].mean, 8);
});

test("the axis has air, and no negative part without negative values", () => {
  assert.equal(valueRange(0, 10, false)[0], 0);
  assert.ok(valueRange(-80, -60, false)[1] < 0);
  assert.equal(valueRange(500, 600, true)[0], 0);
  assert.deepEqual(valueRange(null, null, false), [0, 10]);
});

/** A client whose answers come when the test says so: `calls` holds what was asked, and the way to answer. */
function slowClient() {
  const calls = [];
  const ask = (name, query) =>
    new Promise((resolve) => {
      calls.push({ name, query, answer: (data) => resolve({ data, error: null, status: 200 }) });
    });
  const table = (name) => {
    const query = {};
    const builder = new Proxy(query, {
      get: (_target, key) => {
        if (key === "then") return (...on) => ask(name, query).then(...on);
        return (...values) => {
          query[`${String(key)} ${values.length > 1 ? values[0] : ""}`.trim()] = values.at(-1);
          return builder;
        };
      },
    });
    return builder;
  };
  return { calls, from: table, rpc: (name, query) => ask(name, query) };
}

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 28, 12);
const device = { device_id: "A", expected_interval_s: 60 };
const at = (minute, flow) => ({
  device_id: "A",
  created_at: new Date(NOW - minute * 60_000).toISOString(),
  flow_rate: flow,
  quality: "good",
});
const open = (client) => createSeries({ client, device, zone: createZone("Europe/Berlin") });

test("few readings are drawn as they are; a live one that comes while they are read is not lost", async () => {
  const client = slowClient();
  const series = open(client);
  const loading = series.load({ from: NOW - HOUR, to: NOW });
  series.append(at(0, 7));
  await settle();
  assert.equal(client.calls[0].name, "flow_data");
  client.calls[0].answer([at(1, 6), at(2, 5)]);
  assert.equal(await loading, true);
  assert.equal(series.current().kind, "readings");
  assert.deepEqual(
    series.current().rows.map((row) => row.mean),
    [5, 6, 7],
  );
});

test("a window without readings is asked for in buckets, since rollups are kept longer", async () => {
  const client = slowClient();
  const series = open(client);
  const loading = series.load({ from: NOW - HOUR, to: NOW });
  await settle();
  client.calls[0].answer([]);
  await settle();
  assert.equal(client.calls[1].name, "get_flow_series");
  const starts_at = "2026-11-28T11:00:00Z";
  client.calls[1].answer([{ starts_at, ends_at: "2026-11-28T12:00:00Z", avg_flow_rate: 4, data_points: 60 }]);
  await loading;
  assert.deepEqual(series.current().grid, { start: NOW - HOUR, step: HOUR });
  assert.equal(series.current().rows[0].mean, 4);
});

test("a long window is asked for in buckets; what is no longer kept is told", async () => {
  const client = slowClient();
  const series = open(client);
  series.choose("level");
  const loading = series.load({ from: NOW - 720 * HOUR, to: NOW });
  await settle();
  assert.deepEqual([client.calls[0].name, client.calls[0].query.quantity], ["get_quantity_series", "level"]);
  client.calls[0].answer([
    { starts_at: "2026-11-26T00:00:00Z", ends_at: "2026-11-27T00:00:00Z", is_complete: false },
    { starts_at: "2026-11-27T00:00:00Z", ends_at: "2026-11-28T00:00:00Z", avg_value: 2, is_complete: true },
  ]);
  await loading;
  assert.equal(series.current().keptFrom, Date.UTC(2026, 10, 27));
  assert.equal(series.current().rows.length, 1);
});

test("volumes of many days are the site's days", async () => {
  const client = slowClient();
  const series = open(client);
  series.choose("volume");
  // Half past eleven in the evening of the 20th in UTC is the 21st in Berlin.
  void series.load({ from: Date.UTC(2026, 10, 20, 23, 30), to: NOW });
  await settle();
  assert.deepEqual(client.calls[0].query, {
    device_id: "A",
    first_day: "2026-11-20",
    last_day: "2026-11-28",
  });
});

test("the answer of an older question is dropped", async () => {
  const client = slowClient();
  const series = open(client);
  const first = series.load({ from: NOW - HOUR, to: NOW });
  series.choose("level");
  const second = series.load({ from: NOW - HOUR, to: NOW });
  await settle();
  client.calls[1].answer([{ ...at(1, 1), level: 3 }]);
  client.calls[0].answer([at(1, 99)]);
  assert.deepEqual(await Promise.all([first, second]), [false, true]);
  assert.equal(series.current().rows[0].mean, 3);
});

test("lists are read to the end, whatever the server's limit of rows", async () => {
  const all = Array.from({ length: 1234 }, (_, i) => i);
  for (const limit of [1000, 500, 300]) {
    const page = async (from, to) => ({
      data: all.slice(from, Math.min(to + 1, from + limit)),
      error: null,
      status: 200,
    });
    assert.deepEqual(await readAll(page), all);
  }
});

test("a series is read backwards from the newest, and says when it had to stop", async () => {
  const all = Array.from({ length: 2500 }, (_, i) => ({ created_at: String(9999 - i) }));
  const page = async (before) => ({
    data: all.filter((each) => before === null || each.created_at < before).slice(0, 1000),
    error: null,
    status: 200,
  });
  const whole = await readBackwards(page, 5);
  assert.deepEqual([whole.rows.length, whole.complete], [2500, true]);
  const part = await readBackwards(page, 2);
  assert.deepEqual([part.rows.length, part.complete], [2000, false]);
});

test("a failed page is an error, not a shorter list", async () => {
  await assert.rejects(
    readAll(async () => ({ data: null, error: { message: "down" }, status: 0 })),
    /down/,
  );
  await assert.rejects(
    readAll(async () => ({ data: null, error: null, status: 200 })),
    /no list/,
  );
});
