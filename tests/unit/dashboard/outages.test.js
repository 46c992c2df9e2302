import assert from "node:assert/strict";
import test from "node:test";
import { fakeClock, page, settle } from "./fakes.js";

const { findOutages, outageWords } = await page("lib/outages.js");
const { createOutageWatch } = await page("live/outage-watch.js");
const { probeApi } = await page("data/readiness.js");
const { RestError } = await page("lib/errors.js");

const rest = (status) => new RestError({ message: "no" }, status);
const WELL = { online: true, failure: null, lost: false, api: "ok" };

test("each part that is away is named, and nothing that follows from it", () => {
  for (const [signs, parts] of /** @type {[object, string[]][]} */ ([
    [{}, []],
    [{ api: "unknown" }, []],
    [{ online: false, failure: rest(0), lost: true, api: "away" }, ["network"]],
    [{ online: false }, []],
    [{ failure: rest(0), lost: true, api: "away" }, ["network"]],
    [{ failure: rest(0), lost: true }, ["service"]],
    [{ failure: rest(503), lost: true }, ["database"]],
    [{ failure: rest(503), api: "away" }, ["database", "api"]],
    [{ lost: true }, ["realtime"]],
    [{ lost: true, api: "away" }, ["realtime", "api"]],
    [{ api: "away" }, ["api"]],
    [{ failure: rest(401) }, []],
  ])) {
    assert.deepEqual(findOutages({ ...WELL, ...signs }), parts, JSON.stringify(signs));
  }
});

test("what is shown meanwhile is told with its age", () => {
  assert.equal(outageWords(WELL, "10:00"), "");
  assert.equal(
    outageWords({ ...WELL, failure: rest(503) }, "10:00"),
    "The database is not available. Values are from 10:00.",
  );
  assert.equal(outageWords({ ...WELL, failure: rest(503) }, ""), "The database is not available.");
  assert.match(outageWords({ ...WELL, lost: true }, "10:00"), /^Live values do not arrive[^:]*$/);
});

test("a failure that is no outage keeps its own words", () => {
  assert.match(outageWords({ ...WELL, failure: rest(401) }, ""), /session/);
  assert.match(outageWords({ ...WELL, failure: rest(403), api: "away" }, ""), /not allowed.*API/);
  assert.match(outageWords({ ...WELL, failure: new Error("broken") }, ""), /broken/);
});

function watched() {
  const clock = fakeClock();
  const state = { api: "ok", online: true, asked: 0 };
  const told = [];
  const watch = createOutageWatch({
    clock,
    probe: async () => {
      state.asked += 1;
      return state.api;
    },
    isOnline: () => state.online,
    onChange: (signs) => told.push(findOutages(signs).join()),
  });
  return { clock, state, told, watch };
}

test("the API is asked each minute, and more often while it is away", async () => {
  const { clock, state, told } = watched();
  await clock.advance(3000);
  await clock.advance(60_000);
  assert.equal(state.asked, 2);
  state.api = "away";
  await clock.advance(60_000);
  assert.equal(told.at(-1), "api");
  state.api = "ok";
  await clock.advance(10_000);
  assert.equal(told.at(-1), "");
});

test("a failure is told once it is known what else is away", async () => {
  const { state, told, watch } = watched();
  state.api = "away";
  watch.reloaded(rest(0));
  assert.deepEqual(told, []);
  await settle();
  assert.deepEqual(told, ["network"]);
  state.api = "ok";
  watch.reloaded(null);
  await settle();
  assert.equal(told.at(-1), "");
});

test("events that are missing for a moment are not worth a word", async () => {
  const { clock, told, watch } = watched();
  watch.linked("lost");
  await clock.advance(4000);
  watch.linked("live");
  await clock.advance(4000);
  assert.equal(told.includes("realtime"), false);
  watch.linked("lost");
  await clock.advance(5000);
  assert.equal(told.at(-1), "realtime");
  watch.linked("live");
  assert.equal(told.at(-1), "");
});

test("nothing is told or asked after the end", async () => {
  const { clock, state, told, watch } = watched();
  watch.linked("lost");
  watch.dispose();
  watch.reloaded(rest(0));
  await clock.advance(600_000);
  assert.deepEqual([told, state.asked, clock.pending()], [[], 0, 0]);
});

test("an API without its database answers; a proxy's error and silence do not", async () => {
  const answer = (status, body) => async () => new Response(body, { status });
  assert.equal(await probeApi("", answer(200, "{}")), "ok");
  assert.equal(await probeApi("", answer(404, "none here")), "ok");
  assert.equal(await probeApi("", answer(503, '{"code": "not_ready"}')), "ok");
  assert.equal(await probeApi("", answer(503, '{"code": "overloaded"}')), "away");
  assert.equal(await probeApi("", answer(502, "<html>")), "away");
  assert.equal(await probeApi("", () => Promise.reject(new TypeError("failed to fetch"))), "away");
});
