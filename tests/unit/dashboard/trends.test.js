import assert from "node:assert/strict";
import test from "node:test";
import { fakeClock, page, settle } from "./fakes.js";

const { createTrends } = await page("views/fleet/trends.js");
const { sparkPath, sparkRange } = await page("lib/spark.js");

const NOW = Date.parse("2026-11-28T12:00:00Z");
const MIDNIGHT = "2026-11-29T00:00:00+00:00";
const IDS = Array.from({ length: 250 }, (_, i) => `D${i}`);

function plant({ endsAt = MIDNIGHT } = {}) {
  const clock = fakeClock(NOW);
  const calls = [];
  const state = { volume: 2, down: false, wait: Promise.resolve() };
  const answer = async (kind, ids, rows) => {
    calls.push(`${kind} ${ids.length} ${ids[0]}`);
    await state.wait;
    if (state.down) throw new Error("down");
    return rows;
  };
  const trends = createTrends({
    memory: { lines: new Map(), amounts: new Map() },
    clock,
    onChange: () => {},
    sparks: (ids) =>
      answer(
        "line",
        ids,
        ids.map((id) => ({ device_id: id, flow_rates: [1, null] })),
      ),
    volumes: (ids) =>
      answer(
        "volume",
        ids,
        ids.map((id) => ({
          device_id: id,
          ends_at: endsAt,
          total_volume: id === "D1" ? null : state.volume,
        })),
      ),
  });
  return { clock, calls, state, trends };
}

test("what is in sight is read first, lines for nothing else, never more than 100 in a call", async () => {
  const { clock, calls, trends } = plant();
  trends.want(IDS, ["D40", "D41"]);
  await clock.advance(1000);
  assert.deepEqual(calls, [
    "volume 2 D40",
    "line 2 D40",
    "volume 100 D0",
    "volume 100 D102",
    "volume 48 D202",
  ]);
  assert.deepEqual(trends.line("D40"), [1, null]);
  assert.equal(trends.line("D0"), undefined);
});

test("scrolling past rows does not ask for them", async () => {
  const { clock, calls, trends } = plant();
  trends.want([], ["D1"]);
  await clock.advance(50);
  trends.want([], ["D2"]);
  await clock.advance(1000);
  assert.deepEqual(calls, ["volume 1 D2", "line 1 D2"]);
});

test("a total is told when every volume is known; no volume is not zero", async () => {
  const { clock, trends } = plant();
  trends.want(IDS, ["D0"]);
  assert.equal(trends.total(clock.now()).missing, 250);
  await clock.advance(1000);
  const { sum, of, missing } = trends.total(clock.now());
  assert.deepEqual({ sum, of, missing }, { sum: 498, of: 249, missing: 0 });
  assert.equal(trends.volume("D1", clock.now()).value, null);
});

test("volumes in sight are read again each minute, the others every five", async () => {
  const { clock, calls, state, trends } = plant();
  trends.want(["D0", "D5"], ["D5"]);
  await clock.advance(1000);
  state.volume = 3;
  calls.length = 0;
  await clock.advance(60_000);
  trends.want(["D0", "D5"], ["D5"]);
  await clock.advance(1000);
  assert.deepEqual(calls, ["volume 1 D5"]);
  assert.equal(trends.total(clock.now()).sum, 5);
  await clock.advance(300_000);
  trends.want(["D0", "D5"], ["D5"]);
  await clock.advance(1000);
  assert.equal(trends.total(clock.now()).sum, 6);
});

test("yesterday's volume is not today's", async () => {
  const { clock, calls, trends } = plant({ endsAt: "2026-11-28T12:00:30+00:00" });
  trends.want(["D0"], []);
  await clock.advance(1000);
  assert.equal(trends.volume("D0", clock.now()).value, 2);
  await clock.advance(30_000);
  assert.equal(trends.volume("D0", clock.now()), undefined);
  assert.equal(trends.total(clock.now()).missing, 1);
  trends.want(["D0"], []);
  await clock.advance(1000);
  assert.equal(calls.length, 2);
});

test("a failure keeps what is known, marks it old in time, and is tried again", async () => {
  const { clock, calls, state, trends } = plant();
  trends.want(["D0"], ["D0"]);
  await clock.advance(1000);
  state.down = true;
  await clock.advance(60_000);
  trends.want(["D0"], ["D0"]);
  await clock.advance(1000);
  assert.deepEqual(trends.volume("D0", clock.now()), { value: 2, old: false });
  assert.equal(trends.failed(), true);
  const tries = calls.length;
  await clock.advance(600_000);
  assert.equal(calls.length > tries + 10, true);
  assert.deepEqual(trends.volume("D0", clock.now()), { value: 2, old: true });
  state.down = false;
  await clock.advance(15_000);
  assert.deepEqual(trends.volume("D0", clock.now()), { value: 2, old: false });
  assert.equal(trends.failed(), false);
});

test("nothing is asked after the view is gone", async () => {
  const { clock, calls, state, trends } = plant();
  let answer = () => {};
  state.wait = new Promise((resolve) => {
    answer = resolve;
  });
  trends.want(IDS, ["D0"]);
  await clock.advance(200);
  trends.dispose();
  answer();
  await settle();
  await clock.advance(1000);
  assert.equal(calls.length, 1);
  assert.equal(clock.pending(), 0);
});

test("a trend line breaks at a gap, shows a lone value, and lies level when nothing changes", () => {
  assert.equal(sparkPath([0, 10, null, 5, null, 10], 50, 20), "M0.0 20.0L10.0 0.0M30.0 10.0h0M50.0 0.0h0");
  assert.equal(sparkPath([3, 3], 10, 20), "M0.0 10.0L10.0 10.0");
  assert.equal(sparkPath([null, null], 10, 20), "");
  assert.equal(sparkPath([], 10, 20), "");
  assert.equal(sparkRange([null]), null);
  assert.deepEqual(sparkRange([4, null, -1]), { low: -1, high: 4 });
});
