// @ts-check
/** Numbers that people type. Pure. */

/**
 * Takes and writes numbers with the locale's decimal separator. A separator of thousands is no number rather than a
 * guess: "1.234" is 1234 to one reader and 1.234 to another.
 *
 * @param {string | undefined} locale  undefined is the browser's
 */
export function createDecimal(locale) {
  const parts = new Intl.NumberFormat(locale).formatToParts(1.5);
  const separator = parts.find(({ type }) => type === "decimal")?.value ?? ".";
  const form = new RegExp(`^[+-]?\\d+(?:[${separator}]\\d+)?(?:e[+-]?\\d+)?$`, "i");

  return {
    /** NaN when it is no number. @param {string} text */
    parse(text) {
      const typed = text.trim().replace("\u2212", "-");
      return form.test(typed) ? Number(typed.replace(separator, ".")) : Number.NaN;
    },
    /** Every digit, as `parse` takes it. @param {number} number */
    write: (number) => String(number).replace(".", separator),
  };
}
