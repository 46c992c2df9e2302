import assert from "node:assert/strict";
import test from "node:test";
import { page, settle } from "./fakes.js";

const { LEAVE_MS, watchSession } = await page("live/session.js");
const { SESSION_KEY } = await page("lib/supabase.js");

/** A signed-in page; the test says what signing out answers. */
async function signedIn(t, answer) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const told = [];
  const stored = new Set([SESSION_KEY]);
  /** @type {(event: string, session: unknown) => void} */
  let tell = () => undefined;
  const session = watchSession({
    client: {
      auth: {
        onAuthStateChange: (callback) => {
          tell = callback;
          return { data: { subscription: { unsubscribe() {} } } };
        },
        signOut: async () => answer,
      },
    },
    onBegin: ({ email }) => told.push(email),
    onEnd: (reason) => told.push(reason),
    storage: { removeItem: (key) => stored.delete(key) },
  });
  tell("INITIAL_SESSION", { user: { id: "1", email: "a@b.example" } });
  t.mock.timers.tick(0);
  return { told, stored, session };
}

test("signing out does not wait for channels that never answer", async (t) => {
  const { told, stored, session } = await signedIn(t, { error: new Error("unreachable") });
  void session.signOut(() => new Promise(() => {}));
  await settle();
  assert.deepEqual(told, ["a@b.example"]);
  t.mock.timers.tick(LEAVE_MS);
  await settle();
  assert.deepEqual(told, ["a@b.example", "asked"]);
  assert.equal(stored.size, 0);
});
