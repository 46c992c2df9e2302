// @ts-check
/**
 * The shapes that the page shares with the database. Types only.
 *
 * Units: flow_rate m³/h, totalizer m³, temperature °C, pressure bar, level m, velocity m/s,
 * battery_level %, signal_strength dBm. Null is "no reading", never zero.
 *
 * @typedef {object} Device  a row of public.devices
 * @property {string} device_id
 * @property {string | null} device_name
 * @property {string | null} location
 * @property {string | null} status  active, inactive, maintenance or error
 * @property {number | null} expected_interval_s  how often a reading is expected
 * @property {string | null} last_seen  newest contact of any kind
 *
 * @typedef {object} Reading  a row of public.latest_readings
 * @property {string} device_id
 * @property {string} created_at  when the meter was read
 * @property {string | null} received_at  when the API took it
 * @property {number | null} flow_rate
 * @property {number | null} totalizer
 * @property {number | null} temperature
 * @property {number | null} pressure
 * @property {number | null} level
 * @property {number | null} velocity
 * @property {number | null} battery_level
 * @property {number | null} signal_strength
 * @property {string | null} quality  good, suspect or bad
 *
 * @typedef {object} Alert  a row of public.alerts
 * @property {string} id
 * @property {string | null} device_id
 * @property {string} alert_type
 * @property {"info" | "warning" | "critical"} severity
 * @property {string} message
 * @property {number | null} threshold_value
 * @property {number | null} actual_value
 * @property {string | null} measured_at
 * @property {string} created_at
 * @property {string | null} acknowledged_at
 * @property {boolean} is_resolved
 *
 * @typedef {object} Profile  who is signed in, from public.users
 * @property {string} id
 * @property {string} role  viewer, operator or admin
 * @property {string | null} full_name
 * @property {string | null} organization
 *
 * @typedef {object} Snapshot  what one reload of the page's state reads
 * @property {Device[]} devices
 * @property {Reading[]} readings
 * @property {Alert[]} alerts  the open ones
 *
 * @typedef {object} Change  a postgres_changes payload of supabase-js
 * @property {string} eventType  INSERT, UPDATE or DELETE
 * @property {Record<string, unknown>} new
 * @property {Record<string, unknown>} old
 * @property {string[] | null} [errors]
 *
 * @typedef {object} Point  one sample of a series
 * @property {number} t  [ms] instant it was measured
 * @property {number | null} v  null is a gap
 *
 * @typedef {object} Clock  time and timers, replaced by tests
 * @property {() => number} now  [ms] since 1970, the server's clock as far as known
 * @property {(callback: () => void, ms: number) => unknown} setTimeout
 * @property {(handle: unknown) => void} clearTimeout
 */
export {};
