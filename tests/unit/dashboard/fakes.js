/** A clock moved by hand, and the part of supabase-js that a channel needs. */

const PAGE = new URL("../../../dashboard_static/js/", import.meta.url);

/** A module of the page. */
export const page = (path) => import(new URL(path, PAGE).href);

/** Lets every promise that can settle now do so. */
export async function settle() {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

export function fakeClock(start = 1_000_000) {
  let now = start;
  let next = 1;
  const timers = new Map();
  return {
    now: () => now,
    setTimeout: (callback, ms) => {
      timers.set(next, { at: now + ms, callback });
      next += 1;
      return next - 1;
    },
    clearTimeout: (handle) => timers.delete(handle),
    pending: () => timers.size,
    /** Moves on by `ms`, running what falls due on the way in order. */
    async advance(ms) {
      const end = now + ms;
      for (let i = 0; i < 1000; i += 1) {
        const due = [...timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
        if (due === undefined) break;
        timers.delete(due[0]);
        now = due[1].at;
        due[1].callback();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

/** A Supabase client whose channels are driven by the test. Like the real one it hands out one channel a topic. */
export function fakeClient() {
  const channels = [];
  const removed = [];
  const client = {
    channels,
    removed,
    tokens: 0,
    realtime: {
      setAuth: async () => {
        client.tokens += 1;
      },
    },
    channel(topic) {
      const open = channels.find((channel) => channel.topic === topic && !removed.includes(channel));
      if (open) return open;
      const handlers = {};
      const channel = {
        topic,
        handlers,
        on(kind, filter, handler) {
          handlers[kind] = { filter, handler };
          return channel;
        },
        subscribe(handler) {
          handlers.status = handler;
          return channel;
        },
        status: (status) => handlers.status(status),
        system: (status, message = "", extension = "postgres_changes") =>
          handlers.system.handler({ status, message, extension }),
        change: (change) => handlers.postgres_changes.handler(change),
        live() {
          channel.status("SUBSCRIBED");
          channel.system("ok", "Subscribed to PostgreSQL");
        },
      };
      channels.push(channel);
      return channel;
    },
    /** Slow, as the real one is: it waits for the server's answer. */
    removeChannel: async (channel) => {
      for (let i = 0; i < 5; i += 1) await Promise.resolve();
      removed.push(channel);
      return "ok";
    },
    newest: (topic) => channels.findLast((channel) => channel.topic === topic),
  };
  return client;
}
