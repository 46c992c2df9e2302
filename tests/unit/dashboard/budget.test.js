import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";

const PAGE = new URL("../../../dashboard_static/", import.meta.url);
const BUDGET = 200_000;

test("all scripts of the page, of all views, are under 200 kB compressed", (context) => {
  const files = ["js/", "vendor/"].flatMap((folder) =>
    readdirSync(new URL(folder, PAGE), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => folder + name),
  );
  assert.ok(files.includes("js/main.js") && files.includes("vendor/supabase.js"));
  const sizes = files.map((name) => gzipSync(readFileSync(new URL(name, PAGE))).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  context.diagnostic(`${files.length} scripts, ${total} bytes`);
  assert.ok(total < BUDGET, `${total} bytes`);
});
