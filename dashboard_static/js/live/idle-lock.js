// @ts-check
/** Locks the page after a time without use, in every tab of the browser; a reload does not open it. */

const ACTIVE_KEY = "fluxio-active";
const LOCKED_KEY = "fluxio-locked";
/** [ms] between two notes of activity in storage. */
const NOTE_MS = 1000;
const TICK_MS = 1000;
/** Another tab locked or unlocked; the page is seen again. */
const LOOK_AT = ["storage", "visibilitychange", "pageshow"];
const EVENTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

/** [min] that can be chosen; 0 is never. */
export const LOCK_MINUTES = Object.freeze([0, 1, 5, 15, 30, 60]);

/**
 * The times are the wall clock's: a computer that slept was not used.
 *
 * @param {object} options
 * @param {Pick<import("../types.js").Clock, "now" | "setTimeout" | "clearTimeout">} options.clock
 * @param {() => unknown} options.minutes  what was chosen
 * @param {() => void} options.onChange  locked, or unlocked, here or in another tab
 * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} [options.storage]
 * @param {EventTarget} [options.events]  where the person's activity is heard
 */
export function createIdleLock({ clock, minutes, onChange, storage = localStorage, events = globalThis }) {
  /** @type {unknown} */
  let tick = null;
  let on = false;
  let wasLocked = false;

  const limit = () => {
    const chosen = Number(minutes());
    return LOCK_MINUTES.includes(chosen) ? chosen * 60_000 : 0;
  };
  const lastUse = () => Number(storage.getItem(ACTIVE_KEY));
  const isLocked = () => storage.getItem(LOCKED_KEY) !== null;

  function use() {
    // What a person does after the time is up comes too late.
    if (look()) return;
    const now = clock.now();
    if (Math.abs(now - lastUse()) >= NOTE_MS) storage.setItem(ACTIVE_KEY, String(now));
  }

  function lockWhenDue() {
    if (storage.getItem(ACTIVE_KEY) === null) storage.setItem(ACTIVE_KEY, String(clock.now()));
    if (limit() > 0 && clock.now() - lastUse() >= limit()) storage.setItem(LOCKED_KEY, "1");
  }

  /** Locks when the time is up, and tells what has changed. Returns whether it is locked. */
  function look() {
    lockWhenDue();
    const locked = isLocked();
    if (locked !== wasLocked) {
      wasLocked = locked;
      onChange();
    }
    return locked;
  }

  function onTick() {
    tick = clock.setTimeout(onTick, TICK_MS);
    look();
  }

  /** Opens the page again, in every tab. */
  function release() {
    storage.setItem(ACTIVE_KEY, String(clock.now()));
    storage.removeItem(LOCKED_KEY);
    look();
  }

  return {
    isLocked,
    release,
    /** Somebody is signed in: watches. */
    begin() {
      if (on) return;
      on = true;
      lockWhenDue();
      wasLocked = isLocked();
      for (const event of EVENTS) events.addEventListener(event, use, { capture: true, passive: true });
      for (const event of LOOK_AT) events.addEventListener(event, look);
      tick = clock.setTimeout(onTick, TICK_MS);
    },
    /** Nobody is signed in: there is nothing to lock. */
    end() {
      on = false;
      wasLocked = false;
      clock.clearTimeout(tick);
      for (const event of EVENTS) events.removeEventListener(event, use, { capture: true });
      for (const event of LOOK_AT) events.removeEventListener(event, look);
      storage.removeItem(LOCKED_KEY);
      storage.removeItem(ACTIVE_KEY);
    },
  };
}

/** @typedef {ReturnType<typeof createIdleLock>} IdleLock */
