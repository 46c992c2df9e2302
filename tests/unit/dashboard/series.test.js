import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { isolatedIndices, mergePoints, toColumns, toIntervals, toPoints } = await page("lib/series.js");
const { createHistory } = await page("live/history.js");
const { readAll, readBackwards } = await page("data/pages.js");

const every = (stepS, count, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ t: (from + i * stepS) * 1000, v: i }));

test("rows become points, oldest first; a bad reading or one without flow is no value", () => {
  const rows = [
    { created_at: "2026-11-22T08:00:02Z", flow_rate: 0, quality: "bad" },
    { created_at: "2026-11-22T08:00:01Z", flow_rate: null, quality: "good" },
    { created_at: "2026-11-22T08:00:00Z", flow_rate: 0, quality: "good" },
    { created_at: "never", flow_rate: 5 },
  ];
  assert.deepEqual(
    toPoints(rows).map((point) => point.v),
    [0, null, null],
  );
});

test("a silence is a gap, a regular step is none", () => {
  const points = [...every(5, 10), ...every(5, 10, 600)];
  const [xs, ys] = toColumns(points, 5);
  assert.equal(xs.length, 21);
  assert.equal(ys[10], null);
  assert.ok(xs[10] > xs[9] && xs[10] < xs[11]);
  assert.deepEqual(toColumns(every(5, 10), 5)[1].includes(null), false);
});

test("a meter that reports less often than expected is a line, not dots", () => {
  assert.equal(toColumns([...every(60, 20), ...every(2, 20, 1200)], 5)[1].includes(null), false);
});

test("a value alone between gaps is found", () => {
  assert.deepEqual(isolatedIndices([1, null, 2, null, 3, 4, null]), [0, 2]);
});

test("late points fall into place, and a value is never replaced by none", () => {
  const older = [
    { t: 1, v: 1 },
    { t: 3, v: 3 },
  ];
  assert.deepEqual(mergePoints(older, [{ t: 4, v: 4 }], 0), [...older, { t: 4, v: 4 }]);
  assert.deepEqual(
    mergePoints(
      older,
      [
        { t: 2, v: 2 },
        { t: 3, v: null },
      ],
      2,
    ),
    [
      { t: 2, v: 2 },
      { t: 3, v: 3 },
    ],
  );
});

test("intervals cover the window, empty ones included", () => {
  const rows = toIntervals(
    [
      { t: 61_000, v: 2 },
      { t: 90_000, v: 4 },
      { t: 95_000, v: null },
    ],
    0,
    180_000,
    60_000,
  );
  assert.deepEqual(
    rows.map((row) => [row.n, row.average, row.min, row.max]),
    [
      [0, null, null, null],
      [2, 3, 2, 4],
      [0, null, null, null],
    ],
  );
});

const row = (second) => ({
  created_at: new Date(second * 1000).toISOString(),
  flow_rate: second,
  quality: "good",
});
const answer = (rows) => ({ rows, complete: true, pages: 1 });
const live = (second) => ({ ...row(second), device_id: "A" });

test("a live point that arrives while the window is read is not lost", async () => {
  let finish = () => {};
  const load = () =>
    new Promise((resolve) => {
      finish = () => resolve(answer([row(10)]));
    });
  const history = createHistory({ load, clock: { now: () => 20_000 } });
  history.choose("A", 20_000);
  const reading = history.refresh();
  history.append(live(15));
  history.append({ ...live(16), device_id: "B" });
  finish();
  assert.equal(await reading, true);
  assert.deepEqual(
    history.points().map((point) => point.v),
    [10, 15],
  );
});

test("the answer for another choice is dropped", async () => {
  const waiting = [];
  const load = (id) =>
    new Promise((resolve) => waiting.push(() => resolve(answer(id === "A" ? [row(1)] : [row(2)]))));
  const history = createHistory({ load, clock: { now: () => 20_000 } });
  history.choose("A", 20_000);
  const first = history.refresh();
  history.choose("B", 20_000);
  const second = history.refresh();
  for (const resolve of waiting.reverse()) resolve();
  assert.deepEqual(await Promise.all([first, second]), [false, true]);
  assert.deepEqual(
    history.points().map((point) => point.v),
    [2],
  );
});

test("a long window is read whole once, then its end, and whole again after a gap", async () => {
  const asked = [];
  const load = async (_id, from) => {
    asked.push(from);
    return { rows: [], complete: true, pages: 10 };
  };
  const history = createHistory({ load, clock: { now: () => 100_000_000 } });
  history.choose("A", 86_400_000);
  await history.refresh();
  await history.refresh();
  history.invalidate();
  await history.refresh();
  assert.deepEqual(asked, [13_600_000, 99_400_000, 13_600_000]);
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
