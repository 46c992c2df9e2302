// @ts-check
/** The details of an entry of the audit log as a list of what changed. Pure. */

/** @typedef {{name: string, old: string | null, new: string | null}} Difference  null: there was or is none */

/** What says nothing to a person who reads what changed. */
const KEPT_BY_THE_DATABASE = new Set(["created_at", "updated_at", "organization_id"]);

/** @param {unknown} value */
export function plainValue(value) {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * @param {Record<string, any>} details  {"new": row}, {"old": row} or {"changed": {column: {"old", "new"}}}; else as it is
 * @returns {Difference[]}
 */
export function differences(details) {
  const { changed, new: made, old: gone, ...rest } = details ?? {};
  /** @param {Record<string, any>} row @param {"old" | "new"} side */
  const whole = (row, side) =>
    Object.entries(row ?? {})
      .filter(([name, value]) => value !== null && !KEPT_BY_THE_DATABASE.has(name))
      .map(([name, value]) => ({ name, old: null, new: null, [side]: plainValue(value) }));
  return [
    ...Object.entries(changed ?? {})
      .filter(([name]) => name !== "updated_at")
      .map(([name, each]) => ({ name, old: plainValue(each?.old), new: plainValue(each?.new) })),
    ...whole(gone, "old"),
    ...whole(made, "new"),
    ...whole(rest, "new"),
  ];
}
