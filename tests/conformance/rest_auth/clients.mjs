/**
 * Clients of the project under test, which the environment names: SUPABASE_URL, SUPABASE_ANON_KEY,
 * SUPABASE_SERVICE_ROLE_KEY, and FLUXIO_TEST_TENANTS, a JSON array of two tenants of tests/support.
 */
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const { SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY, FLUXIO_TEST_TENANTS } = process.env;

export const [north, south] = JSON.parse(FLUXIO_TEST_TENANTS);

/** A client with nobody signed in. */
export function stranger(key = SUPABASE_ANON_KEY) {
  return createClient(SUPABASE_URL, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    // Node 20 has no WebSocket of its own, and createClient() asks for one.
    realtime: { transport: WebSocket },
  });
}

export const service = stranger(SUPABASE_SERVICE_ROLE_KEY);

/** A client with the tenant's operator signed in. */
export async function member({ email, password }) {
  const client = stranger();
  value(await client.auth.signInWithPassword({ email, password }));
  return client;
}

/** The data of an answer; throws its error. */
export function value({ data, error }) {
  if (error) throw error;
  return data;
}
