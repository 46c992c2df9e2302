import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { createApi } = await page("data/api.js");
const { ApiProblem, failureWords } = await page("lib/errors.js");

const json = (status, body, headers = {}) =>
  new Response(body === null ? null : JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });

/** An API that gives `answers` in turn, and a session whose token a refresh renews. */
function setUp(answers, { renewed = /** @type {string | null} */ ("new"), baseUrl = "" } = {}) {
  const requests = [];
  let token = /** @type {string | null} */ ("old");
  let refreshes = 0;
  const session = () => ({ data: { session: token === null ? null : { access_token: token } } });
  const client = {
    auth: {
      getSession: async () => session(),
      refreshSession: async () => {
        refreshes += 1;
        token = renewed;
        return session();
      },
    },
  };
  const get = async (url, options) => {
    requests.push({ url, ...options });
    const answer = answers.shift();
    return typeof answer === "function" ? answer(options) : answer;
  };
  return {
    api: createApi({ baseUrl, client, get }),
    requests,
    refreshes: () => refreshes,
    setToken: (next) => {
      token = next;
    },
  };
}

const problem = (promise) => promise.then(assert.fail, (error) => error);

test("a call carries the person's token, the query and JSON", async () => {
  const { api, requests } = setUp([json(200, { devices: [] }), json(201, { id: 1 })], {
    baseUrl: "https://api.example",
  });
  assert.deepEqual(await api.get("/api/devices", { limit: 5, after: null, name: "a&b" }), { devices: [] });
  assert.deepEqual(await api.post("/api/sites", { name: "North" }), { id: 1 });
  const [first, second] = requests;
  assert.equal(first.url, "https://api.example/api/devices?limit=5&name=a%26b");
  assert.equal(first.headers.authorization, "Bearer old");
  assert.equal(first.body, undefined);
  assert.equal(first.credentials, "omit");
  assert.deepEqual([second.method, second.body], ["POST", '{"name":"North"}']);
  assert.equal(second.headers["content-type"], "application/json");
});

test("an answer without a body is null", async () => {
  const { api } = setUp([json(204, null)]);
  assert.equal(await api.delete("/api/sites/1"), null);
});

test("a refused token is renewed once, and the call repeated with the new one", async () => {
  const { api, requests, refreshes } = setUp([json(401, {}), json(200, { ok: true })]);
  assert.deepEqual(await api.patch("/api/x", { a: 1 }), { ok: true });
  assert.deepEqual(
    requests.map(({ headers, body }) => [headers.authorization, body]),
    [
      ["Bearer old", '{"a":1}'],
      ["Bearer new", '{"a":1}'],
    ],
  );
  assert.equal(refreshes(), 1);
});

test("a token that was renewed meanwhile is used without another renewal", async () => {
  const { api, refreshes, setToken, requests } = setUp([
    () => {
      setToken("meanwhile");
      return json(401, {});
    },
    json(200, {}),
  ]);
  await api.get("/api/x");
  assert.equal(refreshes(), 0);
  assert.equal(requests[1].headers.authorization, "Bearer meanwhile");
});

test("a second refusal, or no session to renew, is told and not repeated", async () => {
  const twice = setUp([json(401, { code: "authentication" }), json(401, { code: "authentication" })]);
  const error = await problem(twice.api.get("/api/x"));
  assert.deepEqual([error.status, error.code, twice.requests.length], [401, "authentication", 2]);
  const gone = setUp([json(401, {})], { renewed: null });
  assert.equal((await problem(gone.api.get("/api/x"))).status, 401);
  assert.equal(gone.requests.length, 1);
});

test("a problem document keeps its code, detail and faults", async () => {
  const errors = [{ pointer: "/name", detail: "too long" }];
  const { api } = setUp([
    json(422, { code: "invalid-body", detail: "1 value(s) rejected", errors, request_id: "r1" }),
    json(503, { code: "upstream-unavailable" }, { "retry-after": "5" }),
    new Response("<html>bad gateway</html>", { status: 502 }),
    new Response("<html>", { status: 200 }),
  ]);
  const faulty = await problem(api.post("/api/x", {}));
  assert.ok(faulty instanceof ApiProblem);
  assert.deepEqual(
    [faulty.status, faulty.code, faulty.detail, faulty.errors, faulty.requestId],
    [422, "invalid-body", "1 value(s) rejected", errors, "r1"],
  );
  assert.match(failureWords(faulty), /refused.*1 value/);
  const away = await problem(api.get("/api/x"));
  assert.equal(away.retryAfterS, 5);
  assert.match(failureWords(away), /API is not available \(503\)/);
  assert.deepEqual(
    [(await problem(api.get("/api/x"))).status, (await problem(api.get("/api/x"))).code],
    [502, "not-json"],
  );
});

test("no answer, a late one and one that nobody waits for are three things", async () => {
  const hang = ({ signal }) =>
    new Promise((_, reject) => {
      signal.throwIfAborted();
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const { api } = setUp([
    () => {
      throw new TypeError("Failed to fetch");
    },
    hang,
    hang,
  ]);
  assert.match(failureWords(await problem(api.get("/api/x"))), /cannot be reached/);
  // Node does not wait for the timer of AbortSignal.timeout.
  const awake = setInterval(() => undefined, 1000);
  const late = await problem(api.get("/api/x", {}, { timeoutMs: 5 }));
  clearInterval(awake);
  assert.match(failureWords(late), /in time/);
  const controller = new AbortController();
  const asked = problem(api.get("/api/x", {}, { signal: controller.signal }));
  controller.abort();
  assert.equal((await asked).name, "AbortError");
});
