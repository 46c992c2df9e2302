import { setTimeout as sleep } from "node:timers/promises";
import { log } from "../log.mjs";
import { limits } from "./limits.mjs";

/**
 * Waits until every transaction is visible to others.
 *
 * A commit is in the log a moment before its rows can be seen; a row security check in between finds no row, and its
 * subscribers would miss the change.
 *
 * @param {import("./questions.mjs").Questions} questions
 * @param {ReadonlySet<number>} xids 32 bits each, as in the log
 */
export async function untilVisible(questions, xids) {
  const deadline = Date.now() + limits.visibilityMs;
  while (!areVisible(await questions.snapshot(), xids)) {
    if (Date.now() > deadline) {
      // A commit that waits for a synchronous standby, for example. Its readers get what they may see now.
      log("warning", "realtime: a committed transaction did not become visible", { xids: xids.size });
      return;
    }
    await sleep(1);
  }
}

/** @param {string} snapshot xmin:xmax:xip,... in 64 bits @param {ReadonlySet<number>} xids */
export function areVisible(snapshot, xids) {
  const [, xmax, running] = snapshot.split(":");
  const next = Number(BigInt.asUintN(32, BigInt(xmax)));
  const open = new Set(
    running === "" ? [] : running.split(",").map((xid) => Number(BigInt.asUintN(32, BigInt(xid)))),
  );
  // Numbers wrap around: a transaction of the log is at most 2^31 older than the next one.
  return [...xids].every((xid) => ((next - xid) | 0) > 0 && !open.has(xid));
}
