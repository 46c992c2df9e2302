/*
 * Rollup refresh: the job that computes stale hours, then stale days.
 *
 * What it may take and why it loses no reading is told in the migration of the
 * marks. One refresh runs at a time: days are written by nobody else, so
 * that the day of an hour is marked in the transaction that computes the hour,
 * and a day that is not stale, without a stale hour, is right in any snapshot.
 *
 * Hours are taken oldest first.
 */
create function private.oldest_write_at()
returns timestamptz
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  -- Without the right, other people's transactions look like none.
  if not pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage') then
    raise exception 'rollups need to see every open transaction: grant pg_monitor to %', current_user
      using errcode = 'insufficient_privilege';
  end if;

  perform pg_catalog.pg_stat_clear_snapshot();
  return least(
    (
      select min(activity.xact_start)
      from pg_catalog.pg_stat_activity as activity
      where activity.datname = current_database()
      and activity.backend_xid is not null
      and activity.pid <> pg_catalog.pg_backend_pid()
    ),
    -- A prepared transaction does not tell when it began.
    (select timestamptz '-infinity' from pg_catalog.pg_prepared_xacts where database = current_database() limit 1)
  );
end;
$$;
comment on function private.oldest_write_at() is
'When the oldest transaction began that has written to this database and is open, the caller''s not counted; null if none is. Definer: it sees other sessions.';

create function private.rollup_horizon(as_of timestamptz)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'rollups are refreshed under read committed, not %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;
  return least(
    rollup_horizon.as_of - interval '10 minutes',
    clock_timestamp() - interval '10 minutes',
    private.oldest_write_at() - interval '5 minutes'
  );
end;
$$;
comment on function private.rollup_horizon(timestamptz) is
'Hours that ended by then can be computed: 10 minutes before as_of and the clock, and 5 minutes before the oldest open transaction that has written began. Definer: part of the refresh.';

create function private.note_dropped_months()
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_oldest timestamptz;
begin
  select min(substring(pg_get_expr(pg_class.relpartbound, pg_class.oid) from $re$FROM \('([^']+)'\)$re$)::timestamptz)
  into v_oldest
  from pg_catalog.pg_inherits
  inner join pg_catalog.pg_class on pg_class.oid = pg_inherits.inhrelid
  where pg_inherits.inhparent = 'public.flow_data'::regclass;

  update private.rollup_state
  set
    raw_complete_since = case
      when v_oldest > rollup_state.oldest_month then greatest(rollup_state.raw_complete_since, v_oldest)
      else rollup_state.raw_complete_since
    end,
    oldest_month = v_oldest
  where rollup_state.oldest_month is distinct from v_oldest;
end;
$$;
comment on function private.note_dropped_months() is
'Notice that the oldest months of flow_data were dropped: their rollups are final from now on. The job does so at each run; who drops a month calls it in the same transaction. Definer: nobody else writes the state.';

create function private.refresh_hours(oldest timestamptz, newest timestamptz, max_hours integer)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_device_ids text[];
  v_hours timestamptz[];
begin
  select array_agg(taken.device_id), array_agg(taken.hour)
  into v_device_ids, v_hours
  from (
    select hourly.device_id, hourly.hour
    from public.flow_data_hourly as hourly
    where hourly.is_stale
    and hourly.hour >= greatest(refresh_hours.oldest, private.raw_complete_since())
    and hourly.hour < private.utc_hour(refresh_hours.newest)
    order by hourly.hour, hourly.device_id
    limit refresh_hours.max_hours
    for update skip locked
  ) as taken;
  if v_hours is null then
    return 0;
  end if;

  -- A statement of its own, so that it sees what was stored before the locks.
  update public.flow_data_hourly as hourly
  set
    expected = coalesce(hourly.expected, computed.expected),
    received = coalesce(computed.received, 0),
    bad = coalesce(computed.bad, 0),
    flow_count = coalesce(computed.flow_count, 0),
    flow_sum = computed.flow_sum,
    flow_min = computed.flow_min,
    flow_max = computed.flow_max,
    sample_count = coalesce(computed.sample_count, 0),
    volume = computed.volume,
    resets = coalesce(computed.resets, 0),
    rollovers = coalesce(computed.rollovers, 0),
    first_totalizer_at = computed.first_totalizer_at,
    first_totalizer = computed.first_totalizer,
    last_totalizer_at = computed.last_totalizer_at,
    last_totalizer = computed.last_totalizer,
    is_stale = false,
    refreshed_at = clock_timestamp()
  from (
    select
      taken.device_id, taken.hour, piece.received, piece.bad, piece.flow_count, piece.flow_sum, piece.flow_min,
      piece.flow_max, piece.sample_count, piece.volume, piece.resets, piece.rollovers, piece.first_totalizer_at,
      piece.first_totalizer, piece.last_totalizer_at, piece.last_totalizer,
      private.expected_points(devices.expected_interval_s, taken.hour, taken.hour + interval '1 hour') as expected
    from unnest(v_device_ids, v_hours) as taken (device_id, hour)
    left join public.devices on devices.device_id = taken.device_id
    left join lateral private.flow_pieces(
      taken.device_id, taken.hour, taken.hour + interval '1 hour', interval '1 hour'
    ) as piece on piece.received > 0
  ) as computed
  where hourly.device_id = computed.device_id
  and hourly.hour = computed.hour;

  insert into public.flow_data_daily as daily (device_id, day, starts_at, ends_at)
  select span.device_id, listed.day, listed.starts_at, listed.ends_at
  from (
    select
      taken.device_id,
      array_agg(taken.hour) as hours,
      (min(taken.hour) at time zone 'UTC')::date as first_day,
      (max(taken.hour) at time zone 'UTC')::date as last_day
    from unnest(v_device_ids, v_hours) as taken (device_id, hour)
    group by taken.device_id
  ) as span
  -- No time zone and day_start is further than this from the UTC date.
  cross join lateral private.device_days(span.device_id, span.first_day - 2, span.last_day + 1) as listed
  where exists (
    select from unnest(span.hours) as taken (hour)
    where taken.hour < listed.ends_at
    and taken.hour + interval '1 hour' > listed.starts_at
  )
  on conflict (device_id, day) do update set is_stale = true
  where not daily.is_stale
  -- A day that began within an hour whose readings are gone stays as it is.
  and daily.starts_at = private.rollup_bound(daily.starts_at);

  return cardinality(v_hours);
end;
$$;
comment on function private.refresh_hours(timestamptz, timestamptz, integer) is
'Compute at most so many stale hours that lie between oldest and newest, and mark their days; how many. Part of a refresh, under its lock. Definer: nobody else writes rollups.';

create function private.refresh_days(newest timestamptz, max_days integer)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_device_ids text[];
  v_days date[];
begin
  select array_agg(taken.device_id), array_agg(taken.day)
  into v_device_ids, v_days
  from (
    select daily.device_id, daily.day
    from public.flow_data_daily as daily
    where daily.is_stale
    and daily.ends_at <= refresh_days.newest
    and not exists (
      select from public.flow_data_hourly as hourly
      where hourly.device_id = daily.device_id
      and hourly.hour > daily.starts_at - interval '1 hour'
      and hourly.hour < daily.ends_at
      and hourly.is_stale
    )
    order by daily.ends_at
    limit refresh_days.max_days
  ) as taken;
  if v_days is null then
    return 0;
  end if;

  update public.flow_data_daily as daily
  set
    expected = computed.expected,
    received = computed.received,
    bad = computed.bad,
    flow_count = computed.flow_count,
    flow_sum = computed.flow_sum,
    flow_min = computed.flow_min,
    flow_max = computed.flow_max,
    sample_count = computed.sample_count,
    volume = computed.volume,
    resets = computed.resets,
    rollovers = computed.rollovers,
    is_stale = false,
    refreshed_at = clock_timestamp()
  from (
    select cut.device_id, cut.day, summary.*
    from unnest(v_device_ids, v_days) as taken (device_id, day)
    inner join public.flow_data_daily as cut on cut.device_id = taken.device_id and cut.day = taken.day
    cross join lateral private.flow_summary(cut.device_id, cut.starts_at, cut.ends_at) as summary
  ) as computed
  where daily.device_id = computed.device_id
  and daily.day = computed.day;
  return cardinality(v_days);
end;
$$;
comment on function private.refresh_days(timestamptz, integer) is
'Compute at most so many stale days that ended by newest and have no stale hour; how many. Part of a refresh, under its lock. Definer: nobody else writes rollups.';

revoke all on function private.oldest_write_at() from public, anon, authenticated, service_role;
revoke all on function private.rollup_horizon(timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.note_dropped_months() from public, anon, authenticated, service_role;
revoke all on function private.refresh_hours(timestamptz, timestamptz, integer)
from public, anon, authenticated, service_role;
revoke all on function private.refresh_days(timestamptz, integer) from public, anon, authenticated, service_role;
