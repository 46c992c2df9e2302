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
 * @property {string | null} site  its site's name
 * @property {string | null} time_zone  its site's, null: the organization's
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
 * @property {string | null} [gateway_id]
 * @property {string | null} [job]
 * @property {string} alert_type
 * @property {"info" | "warning" | "critical"} severity
 * @property {string} message
 * @property {number | null} threshold_value
 * @property {number | null} actual_value
 * @property {string | null} measured_at
 * @property {string} created_at
 * @property {string | null} acknowledged_at
 * @property {string | null} [acknowledged_by]
 * @property {boolean} is_resolved
 * @property {string | null} [resolved_at]
 * @property {string | null} [resolved_by]
 *
 * @typedef {object} Profile  who is signed in, from public.users
 * @property {string} id
 * @property {string} email
 * @property {Role} role
 * @property {string | null} full_name
 * @property {string} organization_id
 * @property {string | null} organization  its name
 * @property {string} time_zone  the organization's
 *
 * @typedef {"viewer" | "operator" | "admin"} Role
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
 *
 * @typedef {object} FeedListener  what a view may want to hear; every one may be left out
 * @property {(reading: Reading) => void} [reading]  a live reading that is newer than the one before
 * @property {(alert: Alert) => void} [alert]  an alert opened
 * @property {() => void} [gap]  events may have been missed; a reload follows
 * @property {(failure: unknown | null) => void} [reload]  the fleet was read again (null) or could not be
 *
 * @typedef {object} FeedState  the live connection
 * @property {() => "connecting" | "live" | "lost" | "closed"} state
 * @property {(listener: FeedListener) => () => void} subscribe  gives the function that ends it
 * @property {() => void} look  reads the fleet again, soon
 * @property {() => void} retry  tries everything again at once
 *
 * @typedef {object} Context  what a view is given; it lives as long as the person is signed in
 * @property {import("./lib/supabase.js").SupabaseClient} client  Supabase, with the person's rights
 * @property {import("./data/api.js").Api} api  the Flask API, with the person's rights
 * @property {import("./lib/config.js").Config} config
 * @property {Clock} clock
 * @property {Profile} profile  who is signed in
 * @property {import("./live/fleet.js").Fleet} fleet  devices, latest readings, open alerts; read it in `update`
 * @property {FeedState} feed
 * @property {string} locale  of numbers and times
 * @property {import("./lib/quantity.js").QuantityFormat} quantities
 * @property {import("./lib/time.js").InstantFormat} instants  in the organization's zone
 * @property {(zone: string | null | undefined) => import("./lib/time.js").InstantFormat} instantsOf
 *   in a device's zone; null: the organization's
 * @property {typeof import("./lib/translate.js").t} t
 * @property {(text: string) => void} announce  says something in the one polite status region
 * @property {(address: string, options?: {replace?: boolean}) => void} navigate  to what `address()` gives
 * @property {(text: string) => void} setTitle  the document's title, when the view's name is not enough
 * @property {() => void} redraw  calls the view's `update` with the next frame
 * @property {import("./lib/preferences.js").Preferences} preferences
 * @property {import("./live/alarm.js").Alarm} alarm  sound and desktop notifications
 * @property {AccountActions} account
 *
 * @typedef {object} AccountActions  those that may fail give null, or what went wrong in words
 * @property {(email: string, current: string, next: string) => Promise<{isSet: boolean, words: string}>} changePassword
 * @property {() => Promise<string | null>} signOutEverywhere
 * @property {(language: string) => void} chooseLanguage  loads the page anew
 *
 * @typedef {Record<string, string>} Params  what the address holds, from its path and after its "?"
 *
 * @typedef {object} View  made anew each time it is shown
 * @property {(root: HTMLElement, context: Context, params: Params) => void} mount  fills `root`; one h1 in it
 * @property {(now: number) => void} update  each second and after each change of the fleet: write what changed
 * @property {(params: Params) => void} [change]  the same view at another address; without it: a new view
 * @property {() => void} unmount  ends timers, listeners, requests, dialogs; `root` is thrown away
 *
 * @typedef {object} ViewEntry  a line of views/registry.js
 * @property {string} id
 * @property {string} path  "/devices/:id"; ":id?" may be left out
 * @property {import("./lib/translate.js").Key} title
 * @property {readonly Role[]} roles  who may see it
 * @property {boolean} [tab]  it has a tab of its own
 * @property {string} [under]  id of the view whose tab is marked
 * @property {() => Promise<{createView: () => View}>} load
 */
export {};
