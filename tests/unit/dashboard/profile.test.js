import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { loadProfile } = await page("data/queries.js");

/** Answers one row a table, as REST does, and refuses `id=eq.null`, which is no uuid. */
const client = (rows) => ({
  from: (table) => ({
    select: () => ({
      eq: (_, value) => ({
        maybeSingle: async () =>
          value === null
            ? { data: null, error: { code: "22P02", message: "invalid input syntax" }, status: 400 }
            : { data: rows[table] ?? null, error: null, status: 200 },
      }),
    }),
  }),
});
const person = {
  id: "1",
  email: "ada@north.example",
  role: "viewer",
  full_name: "Ada",
  organization_id: "2",
};

test("a person's profile names their organization", async () => {
  const profile = await loadProfile(
    client({ users: person, organizations: { name: "North", time_zone: "Europe/Lisbon" } }),
    "1",
  );
  assert.deepEqual(profile, { ...person, organization: "North", time_zone: "Europe/Lisbon" });
});

test("an account in no organization has no profile", async () => {
  assert.equal(await loadProfile(client({ users: { ...person, organization_id: null } }), "1"), null);
});

test("neither has one that may not even see itself", async () => {
  assert.equal(await loadProfile(client({}), "1"), null);
});
