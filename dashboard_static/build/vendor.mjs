// @ts-check
/**
 * Copies the page's two libraries from node_modules to dashboard_static/vendor/.
 *
 * Run after `npm install`; the folder is not committed. Exits 1 and names the file when one is missing.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const target = join(root, "dashboard_static", "vendor");

/** Source below node_modules, the name the page loads it by, and what makes a module of it. */
const FILES = [
  ["@supabase/supabase-js/dist/umd/supabase.js", "supabase.js"],
  // uPlot's own module is not minified, and twice as large.
  ["uplot/dist/uPlot.iife.min.js", "uPlot.esm.js", "\nexport default uPlot;\n"],
  ["uplot/dist/uPlot.min.css", "uPlot.min.css"],
];

await mkdir(target, { recursive: true });
for (const [source, name, ending = ""] of FILES) {
  try {
    const text = await readFile(join(root, "node_modules", source), "utf8");
    await writeFile(join(target, name), text + ending);
  } catch (error) {
    console.error(`vendor: cannot copy ${source}: ${String(error)}. Run "make setup".`);
    process.exitCode = 1;
  }
}
