// @ts-check
/** What a sender has to be told: lines for a shell, and the settings of a Teltonika gateway. Pure. */
import { t } from "../../lib/translate.js";

/** Quoted for a POSIX shell. @param {string} text */
export const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Checks the key; stores nothing.
 *
 * @param {string} url  of POST /api/ingest
 * @param {string} key
 */
export const checkLine = (url, key) => `curl ${quoted(url)} -H ${quoted(`x-api-key: ${key}`)} -d ''`;

/**
 * Stores one reading.
 *
 * @param {string} url
 * @param {string} key
 * @param {string} deviceId
 */
export function readingLine(url, key, deviceId) {
  const body = JSON.stringify({ device_id: deviceId, flow_rate: 12.5, totalizer: 4500.25 });
  return `curl ${quoted(url)} -H ${quoted(`x-api-key: ${key}`)} -d ${quoted(body)}`;
}

/**
 * Fields of Services › Data to Server of RutOS, as they stand there, with what belongs in each.
 *
 * @param {string} url
 * @param {string} key
 * @returns {[field: string, value: string][]}
 */
export function teltonikaSettings(url, key) {
  const isSecure = url.startsWith("https:");
  return [
    [t("admin.tel.input.type"), "Modbus"],
    [t("admin.tel.input.format"), "JSON"],
    [t("admin.tel.server.type"), "HTTP"],
    [t("admin.tel.server.address"), url],
    [t("admin.tel.headers"), `x-api-key: ${key}`],
    [t("admin.tel.tls"), isSecure ? t("admin.tel.on") : t("admin.tel.offPlain")],
    [t("admin.tel.server.name"), t("admin.tel.server.nameIs")],
  ];
}
