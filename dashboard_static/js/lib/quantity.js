// @ts-check
/** Measured quantities: units, digits, and the difference between nothing and zero. */
import { t } from "./translate.js";

/** How a quantity is written, by its column. A flow below 10 has one digit more. */
export const QUANTITIES = Object.freeze({
  flow_rate: { unit: "m³/h", digits: 1, smallDigits: 2 },
  totalizer: { unit: "m³", digits: 1 },
  level: { unit: "m", digits: 3 },
  velocity: { unit: "m/s", digits: 3 },
  temperature: { unit: "°C", digits: 1 },
  pressure: { unit: "bar", digits: 2 },
  battery_level: { unit: "%", digits: 0 },
  signal_strength: { unit: "dBm", digits: 0 },
});

/** @typedef {keyof typeof QUANTITIES} Quantity */

/** @param {Quantity} quantity */
export const labelOf = (quantity) => t(`quantity.${quantity}`);

export const NO_VALUE = "–";
const SMALL = 10;

/**
 * The number, or null for everything that is none (null, NaN, text, an absent column).
 *
 * @param {unknown} value
 * @returns {number | null}
 */
export function numberOrNull(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/**
 * Writes quantities in a language.
 *
 * @param {string | undefined} locale  undefined is the browser's
 */
export function createQuantityFormat(locale) {
  /** @type {Map<number, Intl.NumberFormat>} */
  const formats = new Map();
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  /** @param {number} digits */
  const withDigits = (digits) => {
    const known = formats.get(digits);
    if (known) return known;
    const made = new Intl.NumberFormat(locale, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: "negative",
    });
    formats.set(digits, made);
    return made;
  };

  /** @param {number} number @param {Quantity} quantity */
  function written(number, quantity) {
    /** @type {{digits: number, smallDigits?: number}} */
    const { digits, smallDigits = digits } = QUANTITIES[quantity];
    return withDigits(Math.abs(number) < SMALL ? smallDigits : digits).format(number);
  }

  return {
    /** The number alone; "–" for no value. @param {unknown} value @param {Quantity} quantity */
    number: (value, quantity) => {
      const number = numberOrNull(value);
      return number === null ? NO_VALUE : written(number, quantity);
    },
    /** The number with its unit; "–" alone for no value. @param {unknown} value @param {Quantity} quantity */
    withUnit: (value, quantity) => {
      const number = numberOrNull(value);
      return number === null ? NO_VALUE : `${written(number, quantity)}\u00a0${QUANTITIES[quantity].unit}`;
    },
    /** A number of any size, for an axis. @param {number} value */
    plain: (value) => plain.format(value),
    /** A count. @param {number} value */
    count: (value) => withDigits(0).format(value),
  };
}

/** @typedef {ReturnType<typeof createQuantityFormat>} QuantityFormat */
