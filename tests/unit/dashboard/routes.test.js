import assert from "node:assert/strict";
import test from "node:test";
import { page } from "./fakes.js";

const { address, canonical, findView } = await page("lib/routes.js");

const VIEWS = [
  { id: "fleet", path: "/fleet" },
  { id: "device", path: "/devices/:id" },
  { id: "admin", path: "/admin/:part?" },
];
const found = (hash) => {
  const route = findView(hash, VIEWS);
  return route === null ? null : [route.entry.id, route.params];
};

test("an address leads to its view", () => {
  assert.deepEqual(found("#/fleet"), ["fleet", {}]);
  assert.deepEqual(found("#/devices/NIVUS_01"), ["device", { id: "NIVUS_01" }]);
  assert.deepEqual(found("#/admin"), ["admin", {}]);
  assert.deepEqual(found("#/admin/keys"), ["admin", { part: "keys" }]);
});

test("any name survives the way there and back", () => {
  for (const id of ["a b", "ä/ö", "50%", "?x=1", "#", "&", "..", "fleet"]) {
    assert.deepEqual(found(address(["devices", id])), ["device", { id }], id);
    assert.deepEqual(found(`#${encodeURIComponent(id)}`), ["device", { id }], id);
  }
});

test("what stands behind the question mark comes too, but never over the path", () => {
  const to = address(["devices", "A"], { window: "24h", from: null, id: "B", n: 0 });
  assert.equal(to, "#/devices/A?window=24h&id=B&n=0");
  assert.deepEqual(found(to), ["device", { window: "24h", id: "A", n: "0" }]);
  assert.deepEqual(found("#/fleet?q=a%3Fb"), ["fleet", { q: "a?b" }]);
});

test("an older link is that device, and is written anew", () => {
  assert.deepEqual(found("#NIVUS_01"), ["device", { id: "NIVUS_01" }]);
  assert.equal(canonical("#NIVUS%2001"), "#/devices/NIVUS%2001");
  assert.equal(canonical("#/fleet"), "#/fleet");
  assert.equal(canonical(""), "");
});

test("anything else is no view", () => {
  for (const hash of [
    "",
    "#",
    "#/",
    "#/nothing",
    "#/devices",
    "#/devices/",
    "#/devices/a/b",
    "#/devices/%E0",
  ]) {
    assert.equal(found(hash), null, hash);
  }
});
