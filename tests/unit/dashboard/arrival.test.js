import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { readArrival } = await page("lib/arrival.js");
const TOKENS = "access_token=a&refresh_token=r";

test("an address of the page is no arrival", () => {
  for (const hash of ["", "#", "#/fleet", "#/devices/access_token=a", "#NIVUS_01"]) {
    assert.equal(readArrival(hash), null, hash);
  }
});

test("a reset and an invitation bring a session that needs a password; another link does not", () => {
  const tokens = { access_token: "a", refresh_token: "r" };
  for (const [type, needsPassword] of [
    ["recovery", true],
    ["invite", true],
    ["magiclink", false],
    ["", false],
  ]) {
    assert.deepEqual(readArrival(`#${TOKENS}&type=${type}`), { tokens, needsPassword }, String(type));
  }
});

test("a link that was used or cut off brings nothing", () => {
  const none = { tokens: null, needsPassword: false };
  assert.deepEqual(readArrival("#error=access_denied&error_code=otp_expired&error_description=x"), none);
  assert.deepEqual(readArrival("#access_token=a&type=recovery"), none);
});
