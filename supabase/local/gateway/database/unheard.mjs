// @ts-check
import { describe, log } from "../log.mjs";
import { isDatabaseAway } from "./errors.mjs";

/*
 * postgres.js asks a new connection for the array types by itself, and hands the failure of that question
 * to nobody: a database that ends in that moment would end this process. Who waits for the connection is
 * told in any case. To be imported for this effect.
 */
process.on("unhandledRejection", (error) => {
  if (!isDatabaseAway(error)) throw error;
  log("warning", "the database went away while a connection was made", { error: describe(error) });
});
