// @ts-check
/** A trend line's path. Pure. */

/**
 * An SVG path through the values, broken at gaps; a value without a neighbour is a dot. Empty without any.
 *
 * @param {readonly (number | null)[]} values
 * @param {number} width
 * @param {number} height
 */
export function sparkPath(values, width, height) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return "";
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  /** @param {number} value */
  const y = (value) => (span === 0 ? height / 2 : height - ((value - low) / span) * height);
  let path = "";
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    const joined = i > 0 && values[i - 1] !== null;
    path += `${joined ? "L" : "M"}${(i * step).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!joined && (values[i + 1] ?? null) === null) path += "h0";
  }
  return path;
}

/**
 * The least and the greatest value; null without any.
 *
 * @param {readonly (number | null)[]} values
 */
export function sparkRange(values) {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : { low: Math.min(...known), high: Math.max(...known) };
}
