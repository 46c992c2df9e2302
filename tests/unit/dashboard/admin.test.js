import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { page } from "./fakes.js";

const { checkLine, quoted, readingLine, teltonikaSettings } = await page("views/admin/secret.js");
const { differences } = await page("views/admin/audit.js");
const { hexLines } = await page("views/admin/letters.js");

const URL_OF_API = "https://water.example/api/ingest";

/** What a shell makes of a line's words. */
function words(line) {
  const shown = execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" });
  return shown.split("\0").slice(0, -1);
}

test("a shell reads back what was quoted, whatever it is", () => {
  for (const text of ["", "it's", "'", '$(id) `id` \\ " ! *', "two\nlines", "Zähler №5"]) {
    assert.deepEqual(words(quoted(text)), [text]);
  }
});

test("the line that checks a key sends no reading", () => {
  assert.deepEqual(words(checkLine(URL_OF_API, "flx_k")), [
    "curl",
    URL_OF_API,
    "-H",
    "x-api-key: flx_k",
    "-d",
    "[]",
  ]);
});

test("the line that sends names the device, whatever it is called", () => {
  const sent = words(readingLine(URL_OF_API, "flx_k", `O'Neill "1"`));
  assert.equal(JSON.parse(String(sent.at(-1))).device_id, `O'Neill "1"`);
});

test("a gateway is told the address, the header, and whether it is encrypted", () => {
  const settings = Object.fromEntries(teltonikaSettings(URL_OF_API, "flx_k"));
  assert.equal(settings["Server: address"], URL_OF_API);
  assert.equal(settings["Server: HTTP headers"], "x-api-key: flx_k");
  assert.equal(settings["Server: secure connection"], "on");
  const plain = Object.fromEntries(teltonikaSettings("http://10.0.0.1/api/ingest", "flx_k"));
  assert.match(plain["Server: secure connection"], /^off/);
});

test("an entry of the audit log is a list of what changed", () => {
  const changed = {
    device_name: { old: "Inlet", new: "Outlet" },
    site_id: { old: null, new: "s-1" },
    totalizer_max: { old: 100, new: null },
    is_enabled: { old: true, new: false },
    updated_at: { old: "then", new: "now" },
  };
  assert.deepEqual(differences({ changed }), [
    { name: "device_name", old: "Inlet", new: "Outlet" },
    { name: "site_id", old: null, new: "s-1" },
    { name: "totalizer_max", old: "100", new: null },
    { name: "is_enabled", old: "true", new: "false" },
  ]);
});

test("a row that came or went is told without what the database keeps, and never as JSON", () => {
  const row = {
    id: 1,
    name: "x",
    location: null,
    created_at: "then",
    lists: ["a", "b"],
    nested: { m: { n: 0 } },
    none: {},
  };
  assert.deepEqual(differences({ new: row }), [
    { name: "name", old: null, new: "x" },
    { name: "lists", old: null, new: "a, b" },
    { name: "nested", old: null, new: "m: n: 0" },
    { name: "none", old: null, new: "–" },
  ]);
  assert.deepEqual(differences({ old: { name: "x" } }), [{ name: "name", old: "x", new: null }]);
  assert.deepEqual(differences({ ids: [3, 4] }), [{ name: "ids", old: null, new: "3, 4" }]);
  assert.deepEqual(differences({}), []);
  assert.deepEqual(differences(null), []);
});

test("bytes are shown in hexadecimal and as far as they are letters", () => {
  assert.equal(hexLines(new Uint8Array()), "");
  const lines = hexLines(Uint8Array.from({ length: 18 }, (_, index) => index + 0x6f)).split("\n");
  assert.equal(lines[0], "00000000  6f 70 71 72 73 74 75 76 77 78 79 7a 7b 7c 7d 7e  opqrstuvwxyz{|}~");
  assert.equal(lines[1], `00000010  7f 80${" ".repeat(42)}  ..`);
  assert.ok(hexLines(new Uint8Array(100_000), 2000).length < 2200);
});
