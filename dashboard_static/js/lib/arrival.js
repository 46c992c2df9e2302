// @ts-check
/** What a link from one of Auth's mails brought in the address. Pure. */

/**
 * @typedef {object} Arrival
 * @property {{access_token: string, refresh_token: string} | null} tokens  null: the link no longer works
 * @property {boolean} needsPassword  the person comes to set one: a reset or an invitation
 */

/**
 * @param {string} hash  location.hash
 * @returns {Arrival | null} null: an address of the page, no such link
 */
export function readArrival(hash) {
  if (hash.startsWith("#/")) return null;
  const sent = new URLSearchParams(hash.slice(1));
  const [access_token, refresh_token] = [sent.get("access_token"), sent.get("refresh_token")];
  const needsPassword = ["recovery", "invite"].includes(sent.get("type") ?? "");
  if (access_token && refresh_token) return { tokens: { access_token, refresh_token }, needsPassword };
  if (access_token || sent.has("error_code") || sent.has("error_description")) {
    return { tokens: null, needsPassword: false };
  }
  return null;
}
