/*
 * Rollup jobs: when rollups are refreshed, and what a DBA and retention call.
 *
 * A run of the job ends after two seconds, so that who brings late readings for
 * an hour that it computes does not wait longer. What is left waits for the next.
 */
create function private.job_rollups(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '2 seconds';
  v_horizon timestamptz;
  v_done integer;
  v_hours integer := 0;
  v_days integer := 0;
  v_left bigint;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.refresh_rollups', 0)) then
    return 'refreshed by somebody else';
  end if;
  perform private.note_dropped_months();
  v_horizon := private.rollup_horizon(job_rollups.as_of);

  loop
    v_done := private.refresh_hours('-infinity', v_horizon, 200);
    v_hours := v_hours + v_done;
    exit when v_done = 0 or clock_timestamp() > v_until;
  end loop;
  loop
    v_done := private.refresh_days(v_horizon, 200);
    v_days := v_days + v_done;
    exit when v_done = 0 or clock_timestamp() > v_until;
  end loop;

  select count(*)
  into v_left
  from public.flow_data_hourly as hourly
  where hourly.is_stale
  and hourly.hour >= private.raw_complete_since()
  and hourly.hour < private.utc_hour(job_rollups.as_of - interval '10 minutes');
  return format('%s hours and %s days computed, %s hours left', v_hours, v_days, v_left);
end;
$$;
comment on function private.job_rollups(timestamptz) is
'Compute stale hours and days for about two seconds; what is left waits for the next run, or for a transaction that is open since before. Definer: nobody else writes rollups.';

create function private.refresh_rollups(oldest timestamptz, newest timestamptz, max_hours integer default 20000)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_horizon timestamptz;
  v_done integer;
  v_hours integer := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('private.refresh_rollups', 0));
  perform private.note_dropped_months();
  v_horizon := private.rollup_horizon(clock_timestamp());

  loop
    v_done := private.refresh_hours(
      refresh_rollups.oldest, least(refresh_rollups.newest, v_horizon),
      least(200, refresh_rollups.max_hours - v_hours)
    );
    v_hours := v_hours + v_done;
    exit when v_done = 0;
  end loop;
  loop
    exit when private.refresh_days(v_horizon, 200) = 0;
  end loop;
  return v_hours;
end;
$$;
comment on function private.refresh_rollups(timestamptz, timestamptz, integer) is
'Compute the stale hours from oldest to before newest, at most so many, and the days that are ready; how many hours. Until it answers 0, each call in a transaction of its own: late readings of these hours wait for its end. For retention and a DBA. Definer: nobody else writes rollups.';

create function private.mark_rollups(oldest timestamptz, newest timestamptz)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
set enable_seqscan = off
set jit = off
as $$
declare
  v_marked bigint;
begin
  -- From one hour to the next that has a reading: a look-up each, not a scan.
  with recursive touched as (
    select devices.device_id, private.utc_hour(first.created_at) as hour
    from public.devices
    cross join lateral (
      select flow_data.created_at
      from public.flow_data
      where flow_data.device_id = devices.device_id
      and flow_data.created_at >= mark_rollups.oldest
      and flow_data.created_at < mark_rollups.newest
      order by flow_data.created_at
      limit 1
    ) as first
    union all
    select touched.device_id, private.utc_hour(next.created_at)
    from touched
    cross join lateral (
      select flow_data.created_at
      from public.flow_data
      where flow_data.device_id = touched.device_id
      and flow_data.created_at >= touched.hour + interval '1 hour'
      and flow_data.created_at < mark_rollups.newest
      order by flow_data.created_at
      limit 1
    ) as next
  )
  insert into public.flow_data_hourly (device_id, hour)
  select touched.device_id, touched.hour
  from touched
  where touched.hour >= private.raw_complete_since()
  order by touched.device_id, touched.hour
  on conflict (device_id, hour) do update set is_stale = true;
  get diagnostics v_marked = row_count;

  -- The step to the next sample; an hour that runs is stale anyway.
  update public.flow_data_hourly as hourly
  set is_stale = true
  from (
    select devices.device_id, private.utc_hour(sample.created_at) as hour
    from public.devices
    cross join lateral (
      select flow_data.created_at
      from public.flow_data
      where flow_data.device_id = devices.device_id
      and flow_data.created_at >= mark_rollups.newest
      and flow_data.totalizer is not null
      and flow_data.quality <> 'bad'
      order by flow_data.created_at
      limit 1
    ) as sample
  ) as next
  where hourly.device_id = next.device_id
  and hourly.hour = next.hour
  and hourly.hour <= clock_timestamp() - interval '1 hour'
  and hourly.hour >= private.raw_complete_since();
  return v_marked;
end;
$$;
comment on function private.mark_rollups(timestamptz, timestamptz) is
'Mark every hour that has a reading from oldest to before newest as stale; how many. And the next sample''s hour after newest. After a load with triggers off. Definer: nobody else writes rollups.';

create function private.rollups_are_complete(oldest timestamptz, newest timestamptz)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select not exists (
    select from public.flow_data_hourly as hourly
    where hourly.is_stale
    and hourly.hour >= private.utc_hour(rollups_are_complete.oldest)
    and hourly.hour < rollups_are_complete.newest
  ) and not exists (
    select from public.flow_data_daily as daily
    where daily.is_stale
    and daily.ends_at > rollups_are_complete.oldest
    and daily.starts_at < rollups_are_complete.newest
  );
$$;
comment on function private.rollups_are_complete(timestamptz, timestamptz) is
'Whether all hours from oldest to before newest are computed, and all days that touch them, so that the readings can go. Definer: it looks at every organization.';

revoke all on function private.job_rollups(timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.refresh_rollups(timestamptz, timestamptz, integer)
from public, anon, authenticated, service_role;
revoke all on function private.mark_rollups(timestamptz, timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.rollups_are_complete(timestamptz, timestamptz)
from public, anon, authenticated, service_role;

insert into private.jobs (name, schedule, max_silence) values ('rollups', '*/5 * * * *', interval '30 minutes');

select private.register_jobs();
