import assert from "node:assert/strict";
import test from "node:test";
import { fakeClock, page } from "./fakes.js";

const { createAlarm } = await page("live/alarm.js");

const alert = (id, severity = "warning") => ({
  id,
  severity,
  message: `message ${id}`,
  created_at: "2026-03-01T10:00:00Z",
});

/** @type {any} */
const CHOSEN = { alertSound: { critical: true, warning: true }, alertDesktop: { critical: true } };

function begin(choices = CHOSEN) {
  const clock = fakeClock();
  const stored = new Map(Object.entries(choices));
  const heard = [];
  const shown = [];
  const alarm = createAlarm({
    clock,
    preferences: { get: (name) => stored.get(name), set: (name, value) => stored.set(name, value) },
    sound: { play: (severity) => heard.push(severity) },
    desktop: { show: (text, to) => shown.push({ text, to }) },
  });
  return { clock, stored, heard, shown, alarm };
}

test("what is open at first makes no sound, what opens later does, also unseen in a gap", () => {
  const { alarm, heard, shown } = begin();
  alarm.look([alert("a", "critical")]);
  alarm.look([alert("a", "critical")]);
  assert.deepEqual([heard, shown], [[], []]);
  alarm.look([alert("a", "critical"), alert("b")]);
  assert.deepEqual([heard, shown], [["warning"], []]);
});

test("a burst is one sound, something worse is heard within it, and a later one again", async () => {
  const { alarm, clock, heard } = begin();
  alarm.look([]);
  alarm.look([alert("a"), alert("b")]);
  alarm.look([alert("a"), alert("b"), alert("c")]);
  assert.deepEqual(heard, ["warning"]);
  alarm.look([alert("c"), alert("d", "critical")]);
  alarm.look([alert("c"), alert("d", "critical"), alert("e", "critical")]);
  assert.deepEqual(heard, ["warning", "critical"]);
  await clock.advance(5000);
  alarm.look([alert("f")]);
  assert.deepEqual(heard, ["warning", "critical", "warning"]);
});

test("a notification names one alert, counts several, and leads to them", () => {
  const { alarm, shown } = begin();
  alarm.look([]);
  alarm.look([alert("a", "critical")]);
  alarm.look([alert("a", "critical"), alert("b", "critical"), alert("c")]);
  assert.deepEqual(
    shown.map(({ to }) => to),
    ["#/alerts/a", "#/alerts"],
  );
  assert.match(shown[0].text, /message a$/);
  assert.match(shown[1].text, /^2 new alerts/);
});

test("nothing is told that was not chosen, whatever is stored", () => {
  for (const choices of [
    {},
    { alertSound: "yes", alertDesktop: null },
    { alertSound: { warning: "true" } },
  ]) {
    const { alarm, heard, shown } = begin(choices);
    alarm.look([]);
    alarm.look([alert("a"), alert("b", "critical")]);
    assert.deepEqual([heard, shown], [[], []]);
  }
});

test("a choice is kept beside the others", () => {
  const { alarm, stored } = begin();
  alarm.choose("alertSound", "warning", false);
  assert.deepEqual(stored.get("alertSound"), { critical: true, warning: false });
  assert.equal(alarm.wants("alertSound", "critical"), true);
  assert.equal(alarm.wants("alertSound", "warning"), false);
});
