// @ts-check
import { createAdminRoutes } from "../auth/admin/routes.mjs";
import { refuseBanned } from "../auth/bans.mjs";
import { guardAuth } from "../auth/guard.mjs";
import { withOpaqueKey } from "../auth/keys.mjs";
import { describe, log } from "../log.mjs";
import { contextOf, requestContext } from "../request-context.mjs";
import { databaseAway, json, problem } from "./answers.mjs";
import { allowEveryOrigin, answerPreflight } from "./cors.mjs";
import { BodyTooLarge, send, toRequest } from "./fetch-bridge.mjs";

/** [bytes] 1,000 readings in one call are below 2 MiB. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * What answers every plain HTTP request.
 *
 * @param {ReturnType<typeof import("../auth/application.mjs").createApplication>} application
 * @param {import("../database/connection.mjs").SupabaseConnection} connection
 * @param {import("../config.mjs").GatewayConfig} config
 * @returns {(incoming: import("node:http").IncomingMessage, outgoing: import("node:http").ServerResponse) =>
 *   Promise<void>}
 */
export function createHandler(application, connection, config) {
  const admin = createAdminRoutes(connection, config);

  /**
   * @param {Request} request
   * @param {string | undefined} peerAddress
   */
  async function answer(request, peerAddress) {
    const { pathname } = new URL(request.url);
    const preflight = answerPreflight(request);
    if (preflight) return preflight;
    let prepared = new Request(request, { headers: withOpaqueKey(request, config) });
    if (pathname.startsWith("/auth/v1/")) {
      const guarded = await guardAuth(prepared, config);
      if (guarded instanceof Response) return guarded;
      prepared = guarded;
    }
    if (pathname.startsWith("/auth/v1/admin/")) return admin(prepared);
    const response = await application.fetch(prepared, { peerAddress: peerAddress ?? null });
    return pathname === "/auth/v1/token" ? refuseBanned(response, connection) : response;
  }

  /**
   * @param {import("node:http").IncomingMessage} incoming
   * @returns {Promise<Response>}
   */
  async function respond(incoming) {
    let path = incoming.url ?? "/";
    if (!isServed(path)) return noRoute();
    /** @type {Request} */
    let request;
    try {
      request = await toRequest(incoming, { maxBodyBytes: MAX_BODY_BYTES });
    } catch (error) {
      if (error instanceof BodyTooLarge) {
        const message = `The body is larger than ${MAX_BODY_BYTES} bytes`;
        return problem(path, { status: 413, code: "request_too_large", message }, { connection: "close" });
      }
      return problem(path, { status: 400, code: "bad_request", message: "The request cannot be understood" });
    }
    // Without dot segments it may be another address.
    path = new URL(request.url).pathname;
    if (!isServed(path)) return noRoute();
    const context = contextOf(request);
    try {
      const response = await requestContext.run(context, () =>
        answer(request, incoming.socket.remoteAddress),
      );
      if (context.databaseAway) return databaseAway(path);
      if (response.status >= 500) logFailure(context, response.status);
      return response;
    } catch (error) {
      if (context.databaseAway) return databaseAway(path);
      if (error?.code === "PGRST003")
        return problem(path, { status: 504, code: error.code, message: error.message });
      logFailure(context, 500, error);
      return problem(path, { status: 500, code: "unexpected_failure", message: "Internal Server Error" });
    }
  }

  return async (incoming, outgoing) => {
    try {
      await send(outgoing, allowEveryOrigin(await respond(incoming)));
    } catch (error) {
      log("error", "an answer could not be sent", { error: describe(error) });
      outgoing.destroy();
    }
  };
}

/**
 * Auth's addresses need no %: an encoded letter would only lead @supabase/lite past the rules kept here.
 *
 * @param {string} path With or without a query.
 */
function isServed(path) {
  return /^\/(rest|auth)\/v1(\/|\?|$)/.test(path) && !/^\/auth\/[^?]*%/.test(path);
}

function noRoute() {
  return json(404, { message: "no Route matched with those values" });
}

/**
 * @param {import("../request-context.mjs").RequestContext} context
 * @param {number} status
 * @param {unknown} [error]
 */
function logFailure({ method, path, notes }, status, error) {
  const causes = error === undefined ? notes : [...notes, describe(error)];
  log("error", "a request failed", { method, path, status, causes });
}
