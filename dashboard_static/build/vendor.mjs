// @ts-check
/**
 * Copies the page's two libraries from node_modules to dashboard_static/vendor/.
 *
 * Run after `npm install`; the folder is not committed. Exits 1 and names the file when one is missing.
 */
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const target = join(root, "dashboard_static", "vendor");

/** Source below node_modules, and the name the page loads it by. */
const FILES = [
  ["@supabase/supabase-js/dist/umd/supabase.js", "supabase.js"],
  ["uplot/dist/uPlot.esm.js", "uPlot.esm.js"],
  ["uplot/dist/uPlot.min.css", "uPlot.min.css"],
];

await mkdir(target, { recursive: true });
for (const [source, name] of FILES) {
  try {
    await copyFile(join(root, "node_modules", source), join(target, name));
  } catch (error) {
    console.error(`vendor: cannot copy ${source}: ${String(error)}. Run "make setup".`);
    process.exitCode = 1;
  }
}
