import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { changesOf, chosenChannels, conditionText, createDecimals, readDraft, summary, toSpans } =
  await page("views/rules/values.js");
const { including } = await page("views/device/columns.js");

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 28, 12);
const at = (hours) => new Date(NOW + hours * HOUR).toISOString();
const WINDOW = { from: NOW - 720 * HOUR, to: NOW };

const TYPED = {
  device_id: "A",
  name: " High ",
  type: "high_flow",
  threshold: "100",
  deadband: "",
  duration: "5",
  severity: "warning",
  enabled: true,
  channels: [],
};
const read = (typed, locale = "en-GB") => readDraft({ ...TYPED, ...typed }, createDecimals(locale));

test("a number is read with the locale's decimal sign, and nothing is guessed", () => {
  const german = createDecimals("de-DE");
  const english = createDecimals("en-GB");
  assert.equal(german.read(" 1,5 "), 1.5);
  assert.equal(english.read("1.5"), 1.5);
  assert.equal(german.read("−2"), -2);
  assert.equal(english.read(""), null);
  for (const text of ["1.5", "1.234", "1.234,5", "1,2,3", "1e3", "x", ",5", "5,", "9".repeat(400)]) {
    assert.ok(Number.isNaN(german.read(text)), text);
  }
  for (const text of ["1,5", "1,234", "1,234.5", "0x10", "Infinity", "- 1"]) {
    assert.ok(Number.isNaN(english.read(text)), text);
  }
});

test("what is written is read back", () => {
  for (const locale of ["de-DE", "en-GB", "fr-FR", "de-CH", "ar-EG"]) {
    const decimals = createDecimals(locale);
    for (const value of [0, -1.25, 0.1, 123456.789, 1e9]) {
      assert.equal(decimals.read(decimals.write(value)), value, `${locale} ${value}`);
    }
  }
});

test("a draft is what alert_rules takes", () => {
  assert.deepEqual(read({}), {
    draft: {
      device_id: "A",
      rule_name: "High",
      rule_type: "high_flow",
      threshold_value: 100,
      deadband: 0,
      duration_minutes: 5,
      severity: "warning",
      is_enabled: true,
      notification_channels: [],
    },
    faults: {},
  });
});

test("a silence has neither threshold nor deadband, whatever stood in their fields", () => {
  const { draft, faults } = read({ type: "no_data", threshold: "x", deadband: "-1" });
  assert.deepEqual([draft.threshold_value, draft.deadband, faults], [null, 0, {}]);
});

test("each fault is told at its field", () => {
  for (const [typed, field] of [
    [{ name: "  " }, "name"],
    [{ threshold: "" }, "threshold"],
    [{ threshold: "1,5" }, "threshold"],
    [{ deadband: "-1" }, "deadband"],
    [{ deadband: "a" }, "deadband"],
    [{ duration: "1.5" }, "duration"],
    [{ duration: "-1" }, "duration"],
    [{ duration: "2147483648" }, "duration"],
  ]) {
    assert.deepEqual(Object.keys(read(typed).faults), [field], JSON.stringify(typed));
  }
  assert.deepEqual(read({ type: "zero_flow", threshold: "" }).faults, {});
});

test("only what was changed is sent, and never the device", () => {
  const { draft } = read({});
  const rule = { id: "1", ...draft };
  assert.deepEqual(changesOf(rule, draft), {});
  assert.deepEqual(changesOf(rule, { ...draft, device_id: null, deadband: 2 }), { deadband: 2 });
});

test("an entry with settings of its own stays while its channel is chosen", () => {
  const entry = { channel: "mail", to: ["a@example.com"] };
  assert.deepEqual(chosenChannels([entry, "duty"], ["mail", "new"]), [entry, "new"]);
});

test("the summary tells how many, how long, and what would be open", () => {
  const tried = (from, to) => ({
    opened_at: at(from),
    resolved_at: to === null ? null : at(to),
    peak_value: 1,
  });
  const spans = toSpans([tried(-1, null), tried(-10, -8)], WINDOW);
  assert.deepEqual(
    spans.map(({ from, to, isOpen }) => [(from - NOW) / HOUR, (to - NOW) / HOUR, isOpen]),
    [
      [-10, -8, false],
      [-1, 0, true],
    ],
  );
  assert.equal(
    summary(spans, false),
    "The rule would have opened 2 alerts. The longest lasted 2 h. One would still be open.",
  );
  assert.equal(summary(spans.slice(0, 1), false), "The rule would have opened 1 alert. It lasted 2 h.");
  assert.match(summary(spans, true), /at least 2 alerts; later ones are not shown/);
  assert.equal(summary([], false), "The rule would have opened no alert.");
});

test("a condition is told with its unit and duration", () => {
  const rule = { rule_type: "high_flow", threshold_value: 100, duration_minutes: 90 };
  assert.equal(conditionText(rule, String), "Flow above 100\u00a0m³/h for 1 h 30 min");
  assert.equal(
    conditionText({ rule_type: "zero_flow", threshold_value: null, duration_minutes: 0 }, String),
    "Flow not above 0\u00a0m³/h",
  );
});

test("the value axis holds the threshold", () => {
  assert.deepEqual(including(null, 1, 2), [1, 2]);
  assert.deepEqual(including(5, 1, 2), [1, 5]);
  assert.deepEqual(including(5, null, null), [5, 5]);
});
