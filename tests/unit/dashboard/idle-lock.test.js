import assert from "node:assert/strict";
import test from "node:test";
import { fakeClock, page } from "./fakes.js";

const { createIdleLock } = await page("live/idle-lock.js");
const MINUTE = 60_000;

/** A browser: storage that its tabs share. */
function browser() {
  const values = new Map();
  const clock = fakeClock();
  const tabs = [];
  const storage = {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => values.set(key, value),
    removeItem: (key) => values.delete(key),
  };
  return {
    clock,
    values,
    chosen: { minutes: /** @type {unknown} */ (5) },
    tab() {
      const tab = { changes: 0, events: new EventTarget() };
      tab.use = () => tab.events.dispatchEvent(new Event("keydown"));
      tab.lock = createIdleLock({
        clock,
        minutes: () => this.chosen.minutes,
        onChange: () => {
          tab.changes += 1;
        },
        storage,
        events: tab.events,
      });
      tab.lock.begin();
      tabs.push(tab);
      return tab;
    },
  };
}

test("the page locks after the chosen time, and not while it is used", async () => {
  const all = browser();
  const { clock } = all;
  const one = all.tab();
  await clock.advance(4 * MINUTE);
  one.use();
  await clock.advance(4 * MINUTE);
  assert.equal(one.lock.isLocked(), false);
  await clock.advance(MINUTE);
  assert.equal(one.lock.isLocked(), true);
  assert.equal(one.changes, 1);
});

test("use in one tab keeps the other open; one lock and one unlock are for both", async () => {
  const all = browser();
  const { clock } = all;
  const [one, two] = [all.tab(), all.tab()];
  await clock.advance(4 * MINUTE);
  one.use();
  await clock.advance(2 * MINUTE);
  assert.equal(two.lock.isLocked(), false);
  await clock.advance(3 * MINUTE);
  assert.deepEqual([one.changes, two.changes], [1, 1]);
  two.lock.release();
  assert.equal(two.changes, 2);
  one.events.dispatchEvent(new Event("storage"));
  assert.deepEqual([one.lock.isLocked(), one.changes], [false, 2]);
});

test("what is done after the time is up, when a computer wakes, does not keep it open", () => {
  const all = browser();
  const one = all.tab();
  const late = all.clock.now() + 6 * MINUTE;
  all.clock.now = () => late;
  one.use();
  assert.equal(one.lock.isLocked(), true);
  one.use();
  assert.equal(one.lock.isLocked(), true);
});

test("a reload does not open it, and a page opened too late is locked at once", async () => {
  const all = browser();
  const one = all.tab();
  await all.clock.advance(5 * MINUTE);
  assert.equal(one.lock.isLocked(), true);
  assert.equal(all.tab().lock.isLocked(), true);
  all.values.delete("fluxio-locked");
  assert.equal(all.tab().lock.isLocked(), true);
});

test("without a choice, or with one that nobody could make, it stays open", async () => {
  for (const minutes of [undefined, 0, "x", -1, 7, null]) {
    const all = browser();
    all.chosen.minutes = minutes;
    const one = all.tab();
    await all.clock.advance(16 * MINUTE);
    assert.equal(one.lock.isLocked(), false, String(minutes));
  }
});

test("a choice made late counts from the last use, and signing out ends it", async () => {
  const all = browser();
  all.chosen.minutes = 0;
  const one = all.tab();
  await all.clock.advance(15 * MINUTE);
  one.use();
  all.chosen.minutes = 5;
  await all.clock.advance(4 * MINUTE);
  assert.equal(one.lock.isLocked(), false);
  await all.clock.advance(MINUTE);
  assert.equal(one.lock.isLocked(), true);
  one.lock.end();
  assert.deepEqual([all.values.size, all.clock.pending()], [0, 0]);
});
