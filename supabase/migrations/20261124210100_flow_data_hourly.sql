/*
 * Hourly rollups: what an hour of one device's readings adds up to, for good.
 *
 * A table and no materialized view, which cannot carry row security. Each row
 * holds sums, so that any hours add up to any window.
 *
 * A row that is stale says only that its hour has to be computed; what it holds
 * is not read. A reading marks its hour stale in its own transaction, so a row
 * that is not stale equals its readings in every snapshot. An hour without a row
 * was never computed either, and is read from the readings.
 *
 * The volume of a step belongs to the hour of its later sample. That is why an
 * hour keeps its last sample: the next sample's step starts there, also when
 * the readings themselves are gone.
 *
 * No foreign key, as flow_data has none: a row is made by the reading's trigger,
 * and a device that has rollups is not deleted.
 */
create table public.flow_data_hourly (
  device_id text not null,
  hour timestamptz not null,
  expected integer,
  received integer not null default 0,
  bad integer not null default 0,
  flow_count integer not null default 0,
  flow_sum double precision,
  flow_min double precision,
  flow_max double precision,
  sample_count integer not null default 0,
  volume double precision,
  resets integer not null default 0,
  rollovers integer not null default 0,
  first_totalizer_at timestamptz,
  first_totalizer double precision,
  last_totalizer_at timestamptz,
  last_totalizer double precision,
  is_stale boolean not null default true,
  refreshed_at timestamptz,
  constraint flow_data_hourly_pkey primary key (device_id, hour)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
comment on table public.flow_data_hourly is
'One row a device and UTC hour that has or had a reading. Read is_stale first: a stale row is not computed yet. Statistics and series do that and are exact at any time.';
comment on column public.flow_data_hourly.device_id is 'devices.device_id, without a foreign key.';
comment on column public.flow_data_hourly.hour is 'Its start.';
comment on column public.flow_data_hourly.expected is
'Readings due by the device''s expected_interval_s when the hour was first computed; null before.';
comment on column public.flow_data_hourly.received is 'Readings, bad ones included.';
comment on column public.flow_data_hourly.bad is 'Bad ones of them; in none of the numbers that follow.';
comment on column public.flow_data_hourly.flow_count is 'Readings with a flow rate.';
comment on column public.flow_data_hourly.flow_sum is '[m3/h] Sum of their rates, so that sum / count of many hours is their mean; null without any.';
comment on column public.flow_data_hourly.flow_min is '[m3/h]';
comment on column public.flow_data_hourly.flow_max is '[m3/h]';
comment on column public.flow_data_hourly.sample_count is 'Readings with a totalizer.';
comment on column public.flow_data_hourly.volume is
'[m3] Sum of the steps to these samples, the first from the last sample before the hour; null if there is no step.';
comment on column public.flow_data_hourly.resets is 'Steps that count as reset or exchanged meter, and 0 m3.';
comment on column public.flow_data_hourly.rollovers is 'Steps over the end of the counter (devices.totalizer_max).';
comment on column public.flow_data_hourly.first_totalizer is '[m3] The first sample''s counter.';
comment on column public.flow_data_hourly.last_totalizer is '[m3] The last sample''s counter, where the next step starts.';
comment on column public.flow_data_hourly.is_stale is 'Whether the hour has to be computed (again). The current hour always has.';
comment on column public.flow_data_hourly.refreshed_at is 'When it was computed; null before the first time.';

-- Small however many years there are, so the look-up of each reading's hour is
-- on it; and vacuum keeps it so, since each row leaves it once. Both columns:
-- whichever index that look-up is planned on, it names all of its columns.
create index flow_data_hourly_stale_hour_device_id_idx on public.flow_data_hourly (hour, device_id) where is_stale;

create table private.rollup_state (
  id boolean not null default true,
  raw_complete_since timestamptz not null default '-infinity',
  oldest_month timestamptz,
  constraint rollup_state_pkey primary key (id),
  constraint rollup_state_id_check check (id)
);
comment on table private.rollup_state is 'What the rollups know about the readings; always one row.';
comment on column private.rollup_state.id is 'Always true, so that there is one row.';
comment on column private.rollup_state.raw_complete_since is
'From here on all readings are there as they came. Rollups of hours before are final: never marked, never computed again.';
comment on column private.rollup_state.oldest_month is
'Start of the oldest month of flow_data when last looked; a later one next time means that months were dropped.';

-- The row the code cannot run without.
insert into private.rollup_state (id) values (true);

create function private.utc_hour(instant timestamptz)
returns timestamptz
language sql
immutable
security invoker
set search_path = ''
as $$
  select date_bin(interval '1 hour', utc_hour.instant, '0001-01-01T00:00:00Z');
$$;
comment on function private.utc_hour(timestamptz) is
'Start of the UTC hour. date_trunc would take the session''s hour, which in some time zones is half one later. It is not inlined, so hot paths say date_bin themselves.';

create function private.raw_complete_since()
returns timestamptz
language sql
stable
security definer
set search_path = ''
as $$
  select rollup_state.raw_complete_since
  from private.rollup_state;
$$;
comment on function private.raw_complete_since() is
'From when on all readings are there (private.rollup_state). Definer: nobody else reads the state.';

create function private.expected_points(expected_interval_s integer, start_time timestamptz, end_time timestamptz)
returns integer
language sql
stable
security invoker
set search_path = ''
as $$
  select (
    ceil(date_part('epoch', end_time) / expected_interval_s)
    - ceil(date_part('epoch', start_time) / expected_interval_s)
  )::integer;
$$;
comment on function private.expected_points(integer, timestamptz, timestamptz) is
'How many multiples of the interval [s], counted from 1970, lie in the window: whole numbers that add up however a window is split, also for an interval of more than an hour.';

alter table public.flow_data_hourly enable row level security;
alter table private.rollup_state enable row level security;

create policy flow_data_hourly_select_member on public.flow_data_hourly
for select to authenticated
using (device_id = any (array(select private.member_device_ids())));

revoke all on table public.flow_data_hourly from anon, authenticated, service_role;
revoke all on table private.rollup_state from public, anon, authenticated, service_role;
revoke all on function private.utc_hour(timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.raw_complete_since() from public, anon, authenticated, service_role;
revoke all on function private.expected_points(integer, timestamptz, timestamptz)
from public, anon, authenticated, service_role;

grant select on table public.flow_data_hourly to authenticated, service_role;
grant execute on function private.utc_hour(timestamptz) to authenticated, service_role;
grant execute on function private.raw_complete_since() to authenticated, service_role;
grant execute on function private.expected_points(integer, timestamptz, timestamptz) to authenticated, service_role;

notify pgrst, 'reload schema';
