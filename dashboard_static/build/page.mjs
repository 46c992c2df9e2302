// @ts-check
/**
 * Makes the page as it is put on a host: the same files, with the comments and long names taken out of the scripts.
 *
 *   node dashboard_static/build/page.mjs FOLDER
 *
 * FOLDER is replaced. The page also runs from the sources, as it does locally. Exits 1 and says why if it cannot be made.
 */
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { minify } from "terser";

const source = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = process.argv[2] === undefined ? "" : resolve(process.argv[2]);
if (
  target === "" ||
  !relative(source, target).startsWith("..") ||
  !relative(target, source).startsWith("..")
) {
  console.error("page: name the folder to make, neither the sources' own nor one around or inside them");
  process.exit(1);
}

/** What belongs to making the page, not to the page. */
const TOOLS = new Set(["build", "tsconfig.json", ".gitignore", "ready"]);

await rm(target, { recursive: true, force: true });
await cp(source, target, { recursive: true, filter: (path) => !TOOLS.has(basename(path)) });
for (const path of await readdir(join(target, "js"), { recursive: true })) {
  if (!path.endsWith(".js")) continue;
  const file = join(target, "js", path);
  const { code } = await minify(await readFile(file, "utf8"), { module: true });
  if (code === undefined) throw new Error(`page: ${path} came out empty`);
  await writeFile(file, code);
}
