// @ts-check
import { problem } from "../http/answers.mjs";

/** What Auth takes as text; @supabase/lite fails on anything else with a 500. */
const TEXTS = ["email", "phone", "password", "refresh_token", "token", "token_hash", "auth_code"];

/**
 * A request to Auth as @supabase/lite can take it, or the refusal of it.
 *
 * @param {Request} request Below /auth/v1.
 * @param {import("../config.mjs").GatewayConfig} config
 * @returns {Promise<Request | Response>}
 */
export async function guardAuth(request, config) {
  const { pathname } = new URL(request.url);
  const body = await readJson(request);
  if (body === null) return request;
  const wrong = TEXTS.find((name) => !isText(body[name] ?? ""));
  if (wrong !== undefined) {
    const message = `Could not parse request body as JSON: ${wrong} must be text`;
    return problem(pathname, { status: 400, code: "bad_json", message });
  }
  if (pathname === "/auth/v1/otp" && !config.enable_signup) {
    // lite would make an account for an unknown address although nobody may sign up.
    return new Request(request, { body: JSON.stringify({ ...body, create_user: false }) });
  }
  return request;
}

/**
 * @param {Request} request
 * @returns {Promise<Record<string, unknown> | null>} null if there is no JSON object; lite judges that.
 */
async function readJson(request) {
  if (request.method !== "POST" && request.method !== "PUT") return null;
  const body = await request
    .clone()
    .json()
    .catch(() => null);
  return body !== null && typeof body === "object" && !Array.isArray(body) ? body : null;
}

/** @param {unknown} value */
function isText(value) {
  return typeof value === "string" && !value.includes("\u0000");
}
