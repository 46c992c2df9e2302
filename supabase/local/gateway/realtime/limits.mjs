/**
 * The numbers of the server. Those marked "hosted" are the hosted service's own, so that what works here
 * is not refused there.
 */
export const limits = Object.freeze({
  /** Channels one socket may join (hosted). */
  channelsPerSocket: 100,
  /** A row above this many bytes comes without its long values, and error 413 (hosted). */
  recordBytes: 1024 * 1024,
  /** Values up to this many bytes stay in a row that is too large (hosted). */
  keptValueBytes: 64,
  /** [ms] A socket that sent nothing for so long is closed (hosted); clients send a heartbeat each 25 s. */
  idleMs: 60_000,
  /** A frame from a client above this is refused. */
  frameBytes: 3 * 1024 * 1024,
  /** A client that reads so slowly that this much waits for it is cut off. */
  bufferedBytes: 8 * 1024 * 1024,
  /** [ms] A refused join is answered after this, so that a client's retries do not spin (hosted: 5 s). */
  joinErrorDelayMs: 500,
  /** [ms] A token is looked at again after this at the latest. */
  tokenCheckMs: 5 * 60_000,
  /** [ms] Between two looks at the log while somebody listens, and while nobody does. */
  pollMs: 20,
  idlePollMs: 500,
  /** [ms] Between two attempts to let the next reading of the log begin further on. */
  oldLogMs: 1_000,
  /** Changes taken from the log at a time; a transaction is never split. */
  pollChanges: 1000,
  /** Changes of one transaction that are kept; the rest is dropped and every channel told to read again. */
  queuedChanges: 20_000,
  /** Changes judged together. */
  batchChanges: 100,
  /** [ms] How long to wait for a commit that is in the log to be visible to others. */
  visibilityMs: 5_000,
  /** [ms] Between two looks at the publication's list of tables (hosted: 60 s). */
  publicationMs: 5_000,
  /** [ms] How long to wait for another server's lock at the start: a killed one's session ends within this. */
  lockMs: 3_000,
  /** [ms] Between attempts to reach the database, doubling from the first to the last. */
  reconnectMs: Object.freeze({ first: 100, last: 1_000 }),
  /** [ms] A database that is lost again so soon after it came back is left alone for the longest wait. */
  steadyMs: 5_000,
  /** [ms] How long the end of the server waits for what is under way in the database. */
  closeMs: 2_000,
  /** [ms] One question to the database. A policy that takes longer is treated as the database being away. */
  statementMs: 10_000,
});
