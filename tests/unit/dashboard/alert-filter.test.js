import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { dayStart, nextDay } = await page("lib/day-start.js");
const { matches, queryOf, questionOf, readFilter } = await page("views/alerts/filter.js");

const iso = (instant) => new Date(instant).toISOString();

test("a day begins at midnight there, also when the clocks change", () => {
  assert.equal(iso(dayStart("2026-01-15", "Europe/Berlin")), "2026-01-14T23:00:00.000Z");
  assert.equal(iso(dayStart("2026-03-29", "Europe/Berlin")), "2026-03-28T23:00:00.000Z");
  assert.equal(iso(dayStart("2026-03-30", "Europe/Berlin")), "2026-03-29T22:00:00.000Z");
  assert.equal(iso(dayStart("2026-10-26", "Europe/Berlin")), "2026-10-25T23:00:00.000Z");
  assert.equal(iso(dayStart("2026-07-01", "America/New_York")), "2026-07-01T04:00:00.000Z");
  assert.equal(iso(dayStart("2026-07-01", "Pacific/Auckland")), "2026-06-30T12:00:00.000Z");
  assert.equal(nextDay("2026-12-31"), "2027-01-01");
  for (const text of ["", "2026-02-30", "2026-13-01", "tomorrow"])
    assert.ok(Number.isNaN(dayStart(text, "UTC")));
});

test("an address gives a filter, and what cannot be meant is dropped", () => {
  const params = {
    device: "A 1",
    severity: "critical",
    type: "high_flow",
    from: "2026-03-01",
    to: "2026-03-02",
  };
  assert.deepEqual(readFilter({ ...params, id: "x" }), params);
  assert.deepEqual(readFilter({ severity: "fatal", type: 'a"]', from: "2026-02-30" }), {
    device: "",
    severity: "",
    type: "",
    from: "",
    to: "",
  });
  assert.deepEqual(queryOf(readFilter({ device: "A" })), {
    device: "A",
    severity: null,
    type: null,
    from: null,
    to: null,
  });
});

test("the last day is asked for whole, in the organization's zone", () => {
  const filter = readFilter({ from: "2026-03-29", to: "2026-03-29" });
  const question = questionOf(filter, "Europe/Berlin");
  assert.equal(iso(question.from), "2026-03-28T23:00:00.000Z");
  assert.equal(iso(question.to), "2026-03-29T22:00:00.000Z");
  const opened = (created_at) =>
    matches({ created_at, device_id: "A", severity: "info", alert_type: "x" }, question);
  assert.equal(opened("2026-03-28T22:59:59.999999+00:00"), false);
  assert.equal(opened("2026-03-28T23:00:00+00:00"), true);
  assert.equal(opened("2026-03-29T21:59:59.999999+00:00"), true);
  assert.equal(opened("2026-03-29T22:00:00+00:00"), false);
});

test("device, severity and type all have to be met", () => {
  const alert = {
    created_at: "2026-03-29T12:00:00Z",
    device_id: "A",
    severity: "info",
    alert_type: "no_data",
  };
  const asks = (params) => matches(alert, questionOf(readFilter(params), "UTC"));
  assert.ok(asks({}));
  assert.ok(asks({ device: "A", severity: "info", type: "no_data" }));
  for (const other of [{ device: "B" }, { severity: "warning" }, { type: "high_flow" }])
    assert.ok(!asks(other));
});
