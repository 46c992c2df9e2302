/**
 * The two forms of a message on the wire.
 *
 * Version 1.0.0 is an object {event, payload, ref, topic}; 2.0.0 an array [join_ref, ref, topic, event, payload],
 * with binary frames for the broadcasts of users. Payloads are given as JSON text, so that one text can go
 * to many sockets.
 *
 * @typedef {"1.0.0" | "2.0.0"} Version
 * @typedef {{joinRef: string | null, ref: string | null, topic: string, event: string, payload: any}} Message
 * @typedef {{joinRef?: string | null, ref?: string | null, topic: string, event: string}} Envelope
 * @typedef {{event: string, encoding: number, bytes: Buffer}} UserBroadcast `encoding` is 0 for bytes, 1 for JSON.
 */

const USER_BROADCAST_PUSH = 3;
const USER_BROADCAST = 4;
export const JSON_ENCODING = 1;

/**
 * A text frame.
 *
 * @param {Version} version
 * @param {Envelope} envelope
 * @param {string} payload JSON
 */
export function encode(version, { joinRef = null, ref = null, topic, event }, payload) {
  if (version === "2.0.0") {
    return `[${JSON.stringify(joinRef)},${JSON.stringify(ref)},${JSON.stringify(topic)},${JSON.stringify(event)},${payload}]`;
  }
  // ref is there even when it is null: the Python client drops a message without it.
  return `{"event":${JSON.stringify(event)},"payload":${payload},"ref":${JSON.stringify(ref)},"topic":${JSON.stringify(topic)}}`;
}

/**
 * A text frame's message, or null for what is no message: such frames are ignored.
 *
 * @param {Version} version
 * @param {string} frame
 * @returns {Message | null}
 */
export function decode(version, frame) {
  let value;
  try {
    value = JSON.parse(frame);
  } catch {
    return null;
  }
  if (version === "2.0.0") {
    if (!Array.isArray(value) || value.length !== 5) return null;
    const [joinRef, ref, topic, event, payload] = value;
    return message(joinRef, ref, topic, event, payload);
  }
  if (value === null || typeof value !== "object") return null;
  return message(value.join_ref, value.ref, value.topic, value.event, value.payload);
}

/** @returns {Message | null} */
function message(joinRef, ref, topic, event, payload) {
  if (typeof topic !== "string" || typeof event !== "string") return null;
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) return null;
  return { joinRef: text(joinRef), ref: text(ref), topic, event, payload };
}

/** @returns {string | null} */
const text = (ref) => (ref === null || ref === undefined ? null : String(ref));

/**
 * A client's binary frame [3, |join_ref|, |ref|, |topic|, |event|, |meta|, encoding] + these texts + payload,
 * or null for any other.
 *
 * @param {Buffer} frame
 * @returns {(Message & {payload: UserBroadcast}) | null}
 */
export function decodeBroadcast(frame) {
  if (frame.length < 7 || frame[0] !== USER_BROADCAST_PUSH) return null;
  let offset = 7;
  const [joinRef, ref, topic, event] = [...frame.subarray(1, 6)].map((length) => {
    offset += length;
    return frame.toString("utf8", offset - length, offset);
  });
  if (offset > frame.length) return null;
  const payload = { event, encoding: frame[6], bytes: frame.subarray(offset) };
  return { joinRef: joinRef || null, ref: ref || null, topic, event: "broadcast", payload };
}

/**
 * The server's binary frame [4, |topic|, |event|, |meta|, encoding] + these texts + payload.
 *
 * @param {string} topic at most 255 bytes, as `event`
 * @param {UserBroadcast} broadcast
 */
export function encodeBroadcast(topic, { event, encoding, bytes }) {
  const names = [Buffer.from(topic), Buffer.from(event)];
  const header = Buffer.from([USER_BROADCAST, names[0].length, names[1].length, 0, encoding]);
  return Buffer.concat([header, ...names, bytes]);
}
