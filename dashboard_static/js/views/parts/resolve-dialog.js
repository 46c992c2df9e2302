// @ts-check
/** Asks for a note and resolves one alert. */
import { createAlertDialog } from "./alert-dialog.js";

/** @param {Parameters<typeof createAlertDialog>[0]} options */
export function createResolveDialog(options) {
  const dialog = createAlertDialog(options);
  return {
    node: dialog.node,
    /** @param {import("../../types.js").Alert} alert */
    open: (alert) => dialog.open("resolve", [alert]),
    close: dialog.close,
  };
}
