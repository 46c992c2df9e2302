import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { service, stranger, value } from "./clients.mjs";

const password = "correct horse battery";
const { admin } = service.auth;
let account;

before(async () => {
  const attributes = { email: `${randomUUID()}@example.com`, password, email_confirm: true };
  account = value(await admin.createUser({ ...attributes, user_metadata: { name: "Ada" } })).user;
});
after(async () => value(await admin.deleteUser(account.id)));

const signIn = async (client, secret = password) =>
  client.auth.signInWithPassword({ email: account.email, password: secret });

test("a person signs in, refreshes and signs out", async () => {
  const client = stranger();
  const { session } = value(await signIn(client));
  assert.equal(value(await client.auth.getUser()).user.id, account.id);
  const refreshed = value(await client.auth.refreshSession()).session;
  assert.notEqual(refreshed.refresh_token, session.refresh_token);
  assert.equal((await client.auth.signOut()).error, null);
  const { error } = await stranger().auth.getUser(refreshed.access_token);
  assert.equal(error.name, "AuthSessionMissingError");
});

test("a wrong password is refused by its code", async () => {
  const { error } = await signIn(stranger(), "wrong");
  assert.deepEqual([error.code, error.status], ["invalid_credentials", 400]);
});

test("a person changes their own data", async () => {
  const client = stranger();
  value(await signIn(client));
  const { user } = value(await client.auth.updateUser({ data: { shift: "night" } }));
  assert.equal(user.user_metadata.shift, "night");
});

test("the token says who asks", async () => {
  const client = stranger();
  const { session } = value(await signIn(client));
  const claims = JSON.parse(Buffer.from(session.access_token.split(".")[1], "base64url").toString());
  assert.deepEqual([claims.sub, claims.role, claims.aud], [account.id, "authenticated", "authenticated"]);
  assert.equal(claims.exp, session.expires_at);
});

test("an administrator lists, reads and changes users", async () => {
  const listed = value(await admin.listUsers({ page: 1, perPage: 5 }));
  assert.ok(listed.total >= 1);
  assert.ok(listed.users.some(({ id }) => id === account.id));
  const { user } = value(await admin.updateUserById(account.id, { app_metadata: { plan: "a" } }));
  assert.equal(user.app_metadata.plan, "a");
  assert.equal(user.app_metadata.provider, "email");
  assert.equal(value(await admin.getUserById(account.id)).user.email, account.email);
});

test("a deleted user is not found", async () => {
  const { user } = value(await admin.createUser({ email: `${randomUUID()}@example.com` }));
  value(await admin.deleteUser(user.id));
  const { error } = await admin.getUserById(user.id);
  assert.deepEqual([error.code, error.status], ["user_not_found", 404]);
});

test("nobody else administers users", async () => {
  const client = stranger();
  value(await signIn(client));
  for (const outsider of [stranger(), client]) {
    const { error } = await outsider.auth.admin.listUsers();
    assert.ok([401, 403].includes(error.status), `status ${error.status}`);
  }
});
