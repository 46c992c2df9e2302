// @ts-check
import { describe, log } from "./log.mjs";
import { requestContext } from "./request-context.mjs";

/** Printed by supabase-js, which @supabase/lite imports and this gateway does not use. */
const POINTLESS = /Node\.js 20 and below are deprecated/;

/*
 * @supabase/lite prints every database error with console.error, a client's mistakes included. What is
 * written while a request is served is kept with the request instead; it is logged only if that ends as
 * a 5xx. Anything else becomes a log line. To be imported before anything that may write.
 */
for (const name of /** @type {const} */ (["error", "warn", "log", "info"])) {
  console[name] = (...parts) => {
    const text = parts.map(describe).join(" ");
    const notes = requestContext.getStore()?.notes;
    if (notes) notes.push(text);
    else if (!POINTLESS.test(text)) log(name === "error" ? "error" : "warning", text);
  };
}
