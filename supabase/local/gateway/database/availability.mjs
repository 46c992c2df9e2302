// @ts-check
import { describe, log } from "../log.mjs";
import { requestContext } from "../request-context.mjs";

/** [ms] A restart ends connections one by one; within this time it is one event. */
const SETTLING_MS = 2_000;

let away = false;
let backSince = 0;

/** A statement was answered. */
export function noteAnswer() {
  if (!away) return;
  away = false;
  backSince = Date.now();
  log("info", "the database is back");
}

/**
 * The database could not be reached: said to the log once, and to the request whatever becomes of the
 * error on its way up.
 *
 * @param {Error} error
 */
export function noteAway(error) {
  if (!away && Date.now() - backSince > SETTLING_MS) {
    away = true;
    log("warning", "the database is away", { error: describe(error) });
  }
  const context = requestContext.getStore();
  if (context) context.databaseAway = error;
}
