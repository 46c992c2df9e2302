import assert from "node:assert/strict";
import test from "node:test";
import { fakeClock, page, settle } from "./fakes.js";

const { createReloader, POLL_EVERY_MS, RELOAD_EVERY_MS } = await page("live/reloader.js");

function started(isLive = () => true) {
  const clock = fakeClock();
  const runs = [];
  const results = [];
  const load = () => new Promise((resolve, reject) => runs.push({ resolve, reject }));
  const reloader = createReloader({
    load,
    isLive,
    clock,
    onResult: (error) => results.push(error),
    random: () => 0,
  });
  const finish = async (error) => {
    const run = runs.at(-1);
    if (error) run.reject(error);
    else run.resolve();
    await settle();
  };
  return { clock, runs, results, reloader, finish };
}

test("it reloads at once, and then every minute", async () => {
  const { clock, runs, reloader, finish } = started();
  void reloader.request();
  assert.equal(runs.length, 1);
  await finish();
  await clock.advance(RELOAD_EVERY_MS - 1);
  assert.equal(runs.length, 1);
  await clock.advance(1);
  assert.equal(runs.length, 2);
});

test("while no events arrive it reloads more often", async () => {
  const { clock, runs, reloader, finish } = started(() => false);
  void reloader.request();
  await finish();
  await clock.advance(POLL_EVERY_MS);
  assert.equal(runs.length, 2);
});

test("a request during a reload is answered by the next one, which began after it", async () => {
  const { clock, runs, reloader, finish } = started();
  void reloader.request();
  let answered = false;
  void reloader.request().then(() => {
    answered = true;
  });
  await finish();
  assert.equal(answered, false);
  await clock.advance(1000);
  assert.equal(runs.length, 2);
  await finish();
  assert.equal(answered, true);
});

test("many requests at once are one reload a second", async () => {
  const { clock, runs, reloader, finish } = started();
  for (let i = 0; i < 50; i += 1) void reloader.request();
  await finish();
  for (let i = 0; i < 50; i += 1) void reloader.request();
  await clock.advance(999);
  assert.equal(runs.length, 1);
  await clock.advance(1);
  assert.equal(runs.length, 2);
});

test("a failure is told, repeated with growing pauses, and keeps the request open", async () => {
  const { clock, runs, results, reloader, finish } = started();
  let answered = false;
  void reloader.request().then(() => {
    answered = true;
  });
  const down = new Error("down");
  await finish(down);
  assert.deepEqual(results, [down]);
  await clock.advance(2000);
  assert.equal(runs.length, 2);
  await finish(down);
  await clock.advance(3999);
  assert.equal(runs.length, 2);
  await clock.advance(1);
  assert.equal(runs.length, 3);
  assert.equal(answered, false);
  await finish();
  assert.equal(answered, true);
  assert.equal(results.at(-1), null);
});

test("events do not shorten the pause after a failure, a person does", async () => {
  const { clock, runs, reloader, finish } = started();
  void reloader.request();
  await finish(new Error("down"));
  for (let i = 0; i < 10; i += 1) {
    void reloader.request();
    await clock.advance(100);
  }
  assert.equal(runs.length, 1);
  void reloader.request("now");
  assert.equal(runs.length, 2);
});

test("dispose stops it, also within a reload", async () => {
  const { clock, runs, results, reloader, finish } = started();
  void reloader.request();
  reloader.dispose();
  await finish();
  await clock.advance(10 * RELOAD_EVERY_MS);
  assert.equal(runs.length, 1);
  assert.deepEqual(results, []);
  assert.equal(clock.pending(), 0);
});
