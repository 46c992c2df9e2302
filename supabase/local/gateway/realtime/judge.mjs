/**
 * Who may get which change of a batch.
 *
 * @typedef {import("./log-decoder.mjs").Change} Change
 * @typedef {import("./subscriptions.mjs").Subscription} Subscription
 *
 * @typedef {object} Column
 * @property {string} name
 * @property {string} type
 * @property {number} type_oid
 * @property {number | null} key place in the primary key, from 1
 * @property {string[]} roles those that may select it
 *
 * @typedef {object} TableFacts
 * @property {string} schema
 * @property {string} table
 * @property {boolean} is_root of partitions
 * @property {boolean} has_row_security
 * @property {Column[]} columns
 *
 * @typedef {object} Verdict on one change
 * @property {Change} change
 * @property {Subscription[]} readers get the change
 * @property {{subscription: Subscription, error: string}[]} refused get an error instead
 */

const NO_KEY = "Error 400: Bad Request, no primary key";
const UNAUTHORIZED = "Error 401: Unauthorized";

/**
 * Judges changes of one table: the filter first, then row security for what is left, asked once for each distinct
 * pair of role and claims.
 *
 * @param {import("./questions.mjs").Questions} questions
 * @param {TableFacts} facts
 * @param {Change[]} changes
 * @param {Subscription[]} subscriptions to this table
 * @returns {Promise<Verdict[]>} in the order of the changes
 */
export async function judge(questions, facts, changes, subscriptions) {
  const keyColumns = facts.columns
    .filter(({ key }) => key !== null)
    .sort((a, b) => Number(a.key) - Number(b.key));
  const passes = await filterTest(questions, changes, subscriptions);
  const verdicts = changes.map((change, place) => {
    const { readers, refused } = /** @type {Verdict} */ ({ change, readers: [], refused: [] });
    for (const subscription of subscriptions) {
      const { event } = subscription.binding;
      if (event !== "*" && event !== change.type) continue;
      const error = change.type === "DELETE" ? null : keyError(keyColumns, subscription.role);
      if (error !== null) refused.push({ subscription, error });
      else if (passes(subscription, place)) readers.push(subscription);
    }
    return { change, readers, refused };
  });
  if (facts.has_row_security) await applyRowSecurity(questions, keyColumns, verdicts);
  return verdicts;
}

/** @param {Column[]} keyColumns @param {string} role */
function keyError(keyColumns, role) {
  if (keyColumns.length === 0) return NO_KEY;
  return keyColumns.every(({ roles }) => roles.includes(role)) ? null : UNAUTHORIZED;
}

/**
 * A DELETE is judged by the old values, so only a filter on the key can match; a filter on a column that the change
 * does not carry is left out if another one stands beside it, as on the hosted service.
 *
 * @param {import("./questions.mjs").Questions} questions
 * @param {Change[]} changes
 * @param {Subscription[]} subscriptions
 * @returns {Promise<(subscription: Subscription, place: number) => boolean>}
 */
async function filterTest(questions, changes, subscriptions) {
  const rows = changes.map(({ type, row, identity }) => (type === "DELETE" ? identity : row));
  const filters = new Map(
    subscriptions.flatMap(({ binding }) => binding.filters.map((filter) => [JSON.stringify(filter), filter])),
  );
  /** @type {Map<string, Set<number>>} */
  const matching = new Map();
  for (const [name, filter] of filters) {
    const candidates = rows.map((row) => row[filter.column] ?? null);
    matching.set(name, new Set(await questions.matches(changes[0].relation, filter, candidates)));
  }
  return ({ binding }, place) => {
    if (binding.filters.length === 0) return true;
    const present = binding.filters.filter(({ column }) => rows[place][column] !== undefined);
    return present.length > 0 && present.every((filter) => matching.get(JSON.stringify(filter))?.has(place));
  };
}

/**
 * Takes those readers out who may not see the row as it is now. A DELETE is not asked about.
 *
 * @param {import("./questions.mjs").Questions} questions
 * @param {Column[]} keyColumns
 * @param {Verdict[]} verdicts
 */
async function applyRowSecurity(questions, keyColumns, verdicts) {
  const asked = verdicts.filter(({ change, readers }) => change.type !== "DELETE" && readers.length > 0);
  if (asked.length === 0) return;
  /** @type {Map<string, {place: number, key: (string | null)[]}>} */
  const keys = new Map();
  /** @type {Map<string, {place: number, viewer: {role: string, claims: string}}>} */
  const viewers = new Map();
  const keyOf = new Map();
  for (const { change, readers } of asked) {
    const key = keyColumns.map(({ name }) => change.row[name] ?? change.identity[name] ?? null);
    const name = JSON.stringify(key);
    if (!keys.has(name)) keys.set(name, { place: keys.size, key });
    keyOf.set(change, keys.get(name)?.place);
    for (const { viewer, role, claims } of readers) {
      if (!viewers.has(viewer)) viewers.set(viewer, { place: viewers.size, viewer: { role, claims } });
    }
  }
  const answers = await questions.visibleKeys(
    asked[0].change.relation,
    [...keys.values()].map(({ key }) => key),
    [...viewers.values()].map(({ viewer }) => viewer),
  );
  const seen = new Map(answers.map(({ viewer, visible }) => [viewer, new Set(visible ?? [])]));
  for (const verdict of asked) {
    const key = keyOf.get(verdict.change);
    verdict.readers = verdict.readers.filter(({ viewer }) =>
      seen.get(viewers.get(viewer)?.place ?? -1)?.has(key),
    );
  }
}
