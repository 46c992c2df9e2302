/**
 * Clients of the project under test, which the environment names: SUPABASE_URL, SUPABASE_ANON_KEY,
 * SUPABASE_SERVICE_ROLE_KEY, REALTIME_VSN, and FLUXIO_TEST_TENANTS, a JSON array of two tenants of tests/support.
 */
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const { SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY, REALTIME_VSN, FLUXIO_TEST_TENANTS } =
  process.env;

export const [north, south] = JSON.parse(FLUXIO_TEST_TENANTS);

const clients = [];

/** A client with nobody signed in. */
export function stranger(key = SUPABASE_ANON_KEY) {
  const client = createClient(SUPABASE_URL, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: WebSocket, vsn: REALTIME_VSN },
  });
  clients.push(client);
  return client;
}

export const service = stranger(SUPABASE_SERVICE_ROLE_KEY);

/** A client with the tenant's operator signed in. */
export async function member({ email, password }) {
  const client = stranger();
  const { error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return client;
}

/** One reading of the tenant's meter, read now. */
export async function send({ device_id, api_key_id }, measurements) {
  const now = new Date().toISOString();
  const reading = { device_id, api_key_id, created_at: now, received_at: now, ...measurements };
  const { data, error } = await service.rpc("ingest_readings", { readings: [reading] });
  if (error) throw error;
  if (data[0].verdict !== "new") throw new Error(JSON.stringify(data[0]));
}

export async function disconnectAll() {
  await Promise.all(clients.splice(0).map((client) => client.realtime.disconnect()));
}

/** What arrives, in order, and a way to wait for it. */
export class Inbox {
  items = [];
  #changed = withResolvers();

  add = (item) => {
    this.items.push(item);
    this.#changed.resolve();
    this.#changed = withResolvers();
  };

  /** The first item for which `test` holds; fails after 15 s. */
  async find(test = () => true) {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const found = this.items.find(test);
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`it did not come; there is ${JSON.stringify(this.items)}`);
      let timer;
      await Promise.race([this.#changed.promise, new Promise((r) => (timer = setTimeout(r, left)))]);
      clearTimeout(timer);
    }
  }
}

function withResolvers() {
  const result = {};
  result.promise = new Promise((resolve) => {
    result.resolve = resolve;
  });
  return result;
}

/**
 * Subscribes to changes; `changes` and `system` fill as messages come. Returns when the join was answered.
 */
export async function listen(client, name, ...bindings) {
  const changes = new Inbox();
  const system = new Inbox();
  const channel = client.channel(name).on("system", {}, system.add);
  for (const binding of bindings) channel.on("postgres_changes", binding, changes.add);
  const status = await subscribed(channel);
  return { channel, changes, system, status };
}

/** As listen(), and waits until changes flow. */
export async function listenLive(client, name, ...bindings) {
  const listener = await listen(client, name, ...bindings);
  const { message } = await listener.system.find();
  if (message !== "Subscribed to PostgreSQL") throw new Error(message);
  return listener;
}

/** The first status of the join: SUBSCRIBED, CHANNEL_ERROR or TIMED_OUT. */
export function subscribed(channel) {
  return new Promise((resolve) => channel.subscribe((status, error) => resolve({ status, error })));
}
