import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { addressOf, between, following, nearest, PRESETS, readAddress, shift, zoom } =
  await page("views/device/span.js");
const { createInstantFormat } = await page("lib/time.js");
const { createTickLabels, createZone, timeTicks } = await page("lib/zone.js");

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 28, 12);
const preset = (key) => PRESETS.find((each) => each.key === key);
const fixed = (from, to) => ({ last: null, from: NOW + from * HOUR, to: NOW + to * HOUR });

test("an address says the window and the quantity, and reads back as it was written", () => {
  for (const span of [following(preset("7d"), NOW), fixed(-30, -29)]) {
    const text = addressOf("A/B", span, "level");
    const params = Object.fromEntries(new URLSearchParams(text.split("?")[1]));
    assert.deepEqual(readAddress(params, NOW), { span, shown: "level" });
    assert.ok(text.startsWith("#/devices/A%2FB?"));
  }
});

test("nonsense in an address is as if it were not there", () => {
  const usual = { span: following(preset("6h"), NOW), shown: "flow_rate" };
  for (const params of [
    { last: "2h", show: "colour" },
    { from: "yesterday", to: "now" },
    { from: "2026-11-28T11:00:00Z" },
    { from: "2026-11-28T11:00:00Z", to: "2026-11-28T10:00:00Z" },
    { from: "1026-11-28T11:00:00Z", to: "2026-11-28T10:00:00Z" },
    { from: "2027-11-28T11:00:00Z", to: "2027-11-28T12:00:00Z" },
  ]) {
    assert.deepEqual(readAddress(params, NOW), usual, JSON.stringify(params));
  }
});

test("a window moves by its own length, and follows again when it reaches now", () => {
  const day = following(preset("24h"), NOW);
  const before = shift(day, -1, NOW);
  assert.deepEqual(before, fixed(-48, -24));
  assert.deepEqual(shift(before, 1, NOW), day);
  assert.deepEqual(shift(fixed(-5, -2), 1, NOW), fixed(-3, 0));
});

test("zooming takes the next preset while following, else half or twice around the point", () => {
  assert.equal(zoom(following(preset("24h"), NOW), 1, NOW).last.key, "6h");
  assert.equal(zoom(following(preset("24h"), NOW), -1, NOW).last.key, "7d");
  assert.deepEqual(zoom(following(preset("1y"), NOW), -1, NOW), following(preset("1y"), NOW));
  assert.deepEqual(zoom(fixed(-8, -4), 1, NOW, NOW - 7 * HOUR), fixed(-7.5, -5.5));
  assert.deepEqual(zoom(following(preset("6h"), NOW), 1, NOW, NOW - 6 * HOUR), fixed(-6, -3));
  // Never into the future, never below a minute.
  assert.deepEqual(zoom(fixed(-8, 0), -1, NOW), fixed(-16, 0));
  const minute = between(NOW - 60_000, NOW, NOW);
  assert.deepEqual(zoom(minute, 1, NOW), minute);
  assert.equal(between(NOW - 1000, NOW, NOW), null);
});

test("following again takes the preset that is nearest in length", () => {
  assert.equal(nearest(fixed(-20, 0)).key, "24h");
  assert.equal(nearest(fixed(-2000, 0)).key, "30d");
});

test("ticks are at round local times, also in nights when the clocks change", () => {
  const berlin = createTickLabels("en-GB", "Europe/Berlin");
  const labels = (from, to, most) => {
    const { ticks, unit } = timeTicks(berlin.zone, Date.parse(from), Date.parse(to), most);
    return ticks.map((tick) => berlin.label(tick, unit));
  };
  // 29 March 2026 has no two o'clock; 25 October has it twice.
  assert.deepEqual(labels("2026-03-28T23:00:00Z", "2026-03-29T04:00:00Z", 6), [
    "29 Mar",
    "01:00",
    "03:00",
    "04:00",
    "05:00",
    "06:00",
  ]);
  assert.deepEqual(labels("2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z", 6), [
    "01:00",
    "02:00",
    "02:00",
    "03:00",
    "04:00",
  ]);
  assert.deepEqual(labels("2026-03-27T12:00:00Z", "2026-03-31T12:00:00Z", 5), [
    "28 Mar",
    "29 Mar",
    "30 Mar",
    "31 Mar",
  ]);
  assert.deepEqual(labels("2026-01-15T00:00:00Z", "2026-12-15T00:00:00Z", 6), [
    "Mar 26",
    "May 26",
    "Jul 26",
    "Sept 26",
    "Nov 26",
  ]);
});

test("in a night when the clocks change a time says which hour it means", () => {
  const format = createInstantFormat("en-GB", "Europe/Berlin");
  assert.match(format.exact(Date.UTC(2026, 9, 25, 0, 30)), /02:30:00 (CEST|GMT\+2)$/);
  assert.match(format.exact(Date.UTC(2026, 9, 25, 1, 30)), /02:30:00 (CET|GMT\+1)$/);
  assert.match(format.exact(NOW), /13:00:00$/);
});

test("a zone with a quarter of an hour in its offset has round local ticks too", () => {
  const zone = createZone("Asia/Kathmandu");
  const { ticks } = timeTicks(zone, NOW, NOW + 3 * HOUR, 4);
  assert.ok(ticks.length >= 2);
  for (const tick of ticks) assert.equal((tick + 5.75 * HOUR) % HOUR, 0);
  assert.equal(zone.date(Date.UTC(2026, 10, 28, 18, 20)), "2026-11-29");
  assert.equal(zone.instantOf(Date.UTC(2026, 10, 29)), Date.UTC(2026, 10, 28, 18, 15));
});
