// @ts-check
/** Bytes for people to read. Pure. */

const WIDTH = 16;

/**
 * "00000000  7b 22 64 …  {"d…", 16 bytes a line.
 *
 * @param {Uint8Array} bytes
 * @param {number} [most]  characters after which it may end
 */
export function hexLines(bytes, most = Number.POSITIVE_INFINITY) {
  const lines = [];
  let length = 0;
  for (let start = 0; start < bytes.length && length <= most; start += WIDTH) {
    const part = [...bytes.subarray(start, start + WIDTH)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    const line = `${start.toString(16).padStart(8, "0")}  ${hex.padEnd(WIDTH * 3 - 1)}  ${text}`;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join("\n");
}
