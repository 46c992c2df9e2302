// @ts-check
/** How an alert's parts are written. */
import { parseInstant } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { TYPES } from "./filter.js";

/** @typedef {import("../../types.js").Alert} Alert */

/** A type that this page does not know yet is written as it is. @param {string} type */
export function typeText(type) {
  const known = TYPES.find((each) => each === type);
  return known === undefined ? type : t(`alerts.type.${known}`);
}

/** What it is about when that is no device. @param {Alert} alert */
export const subjectOf = ({ job }) => (job ? t("alerts.job", { name: job }) : t("alerts.gateway"));

/**
 * In the device's zone, which is named when it is not the organization's.
 *
 * @param {import("../../types.js").Context} context
 * @param {import("../../types.js").Device | undefined} device
 * @param {unknown} instant
 * @param {number} now [ms]
 */
export function writtenInstant({ instants: home, instantsOf }, device, instant, now) {
  const at = parseInstant(instant);
  if (Number.isNaN(at)) return "–";
  const instants = instantsOf(device?.time_zone);
  const text = instants.brief(at, now);
  return instants.timeZone === home.timeZone ? text : `${text} ${instants.zoneShort(at)}`;
}
