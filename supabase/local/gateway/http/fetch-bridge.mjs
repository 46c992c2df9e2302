// @ts-check

/** Raised when a request's body is longer than allowed. */
export class BodyTooLarge extends Error {
  name = "BodyTooLarge";
}

/**
 * A Node request as the web's Request, its body read whole.
 *
 * @param {import("node:http").IncomingMessage} incoming
 * @param {{maxBodyBytes: number}} limits
 * @returns {Promise<Request>} Rejected with BodyTooLarge, or with a TypeError for an address or a header
 *   that is none.
 */
export async function toRequest(incoming, { maxBodyBytes }) {
  const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host ?? "localhost"}`);
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index], incoming.rawHeaders[index + 1]);
  }
  // As Supabase's own gateway does; functions read it as the caller's address.
  headers.append("x-forwarded-for", incoming.socket.remoteAddress ?? "");
  const method = incoming.method ?? "GET";
  const body = method === "GET" || method === "HEAD" ? undefined : await readBody(incoming, maxBodyBytes);
  return new Request(url, { method, headers, body });
}

/**
 * @param {import("node:http").IncomingMessage} incoming
 * @param {number} maxBodyBytes
 */
async function readBody(incoming, maxBodyBytes) {
  if (Number(incoming.headers["content-length"]) > maxBodyBytes) throw new BodyTooLarge();
  const chunks = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return length === 0 ? undefined : new Uint8Array(Buffer.concat(chunks));
}

/**
 * Send `response` as the answer.
 *
 * @param {import("node:http").ServerResponse} outgoing
 * @param {Response} response
 */
export async function send(outgoing, response) {
  const body = response.body ? Buffer.from(await response.arrayBuffer()) : null;
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie" && name !== "content-length") outgoing.setHeader(name, value);
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) outgoing.setHeader("set-cookie", cookies);
  if (body && outgoing.req.method !== "HEAD") outgoing.setHeader("content-length", body.length);
  outgoing.end(outgoing.req.method === "HEAD" ? undefined : body);
}
