/* Which hours a reading marks, and when it writes nothing. */
begin;
select plan(30);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-02-28T00:00:00Z', '2026-03-01T00:00:00Z');
  perform private.create_flow_data_months(now() - interval '3 days', now() + interval '1 hour');
end;
$$;

-- The stale hours of the first of March, as 'device hour'.
create function pg_temp.stale()
returns text
language sql
stable
as $$
  select string_agg(
    substr(hourly.device_id, 5, 1) || to_char(hourly.hour at time zone 'UTC', 'HH24'), ' '
    order by hourly.device_id, hourly.hour
  )
  from public.flow_data_hourly as hourly
  where hourly.is_stale and hourly.hour < '2026-03-02T00:00:00Z';
$$;
create function pg_temp.refreshed()
returns text
language sql
volatile
as $$
  select '# ' || private.job_rollups('2026-03-02T12:00:00Z');
$$;

-- Inserted --------------------------------------------------------------------

insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values
('TAP_NORTH', '2026-03-01T05:10:00Z', 10, 100),
('TAP_NORTH', '2026-03-01T05:50:00Z', 10, 110),
('TAP_NORTH', '2026-03-01T07:20:00Z', 10, 130),
('TAP_NORTH', '2026-03-01T10:05:00Z', 10, 160),
('TAP_NORTH', '2026-03-01T10:40:00Z', 10, 165),
('TAP_SOUTH', '2026-03-01T06:00:00Z', 10, 100),
('TAP_SOUTH', '2026-03-01T10:59:59.999999Z', 10, 101);
select is(pg_temp.stale(), 'N05 N07 N10 S06 S10', 'a reading marks its UTC hour');
select is(private.rollups_are_complete('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'), false, 'they are to be computed');
select results_eq(
  $$ select private.job_rollups('2026-03-01T11:09:59Z') $$, array['3 hours and 0 days computed, 0 hours left'],
  'an hour is computed when it ended 10 minutes ago, and not before'
);
select is(pg_temp.stale(), 'N10 S10', 'the last hour waits');
select pg_temp.refreshed();
select is(pg_temp.stale(), null, 'until its time has come');
select is(private.rollups_are_complete('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'), true, 'all are computed');

insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values ('TAP_NORTH', '2026-03-01T06:30:00Z', 10, 120);
select is(pg_temp.stale(), 'N06 N07', 'a late one also the hour of the next sample');
select is(
  private.rollups_are_complete('2026-03-01T00:00:00Z', '2026-03-01T06:00:00Z')::text
  || private.rollups_are_complete('2026-03-01T06:30:00Z', '2026-03-01T07:00:00Z')
  || private.rollups_are_complete('2026-03-01T08:00:00Z', '2026-03-02T00:00:00Z'),
  'truefalsetrue', 'a range is complete or not by itself'
);
select pg_temp.refreshed();
insert into public.flow_data (device_id, created_at, temperature) values ('TAP_NORTH', '2026-03-01T08:15:00Z', 18);
select is(pg_temp.stale(), 'N08 N10', 'however far that is');
select pg_temp.refreshed();
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values ('TAP_NORTH', '2026-03-01T11:00:00Z', 10, 170);
select is(pg_temp.stale(), 'N11', 'the newest one only its own');
select pg_temp.refreshed();
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values
('TAP_NORTH', '2026-03-01T10:20:00Z', 10, 162),
('TAP_NORTH', '2026-03-01T10:21:00Z', 10, 163),
('TAP_SOUTH', '2026-03-01T05:00:00Z', 10, 99);
select is(pg_temp.stale(), 'N10 N11 S05 S06', 'a batch the hours of each of its devices');
select pg_temp.refreshed();

-- Changed and deleted ----------------------------------------------------------

update public.flow_data set quality = 'bad'
where device_id = 'TAP_NORTH' and created_at = '2026-03-01T07:20:00Z';
select is(pg_temp.stale(), 'N07 N10', 'a reading turned bad marks what it marked when it came');
select pg_temp.refreshed();
update public.flow_data set created_at = '2026-03-01T06:50:00Z'
where device_id = 'TAP_NORTH' and created_at = '2026-03-01T05:50:00Z';
select is(pg_temp.stale(), 'N05 N06 N10', 'a moved one marks where it was and where it is');
select pg_temp.refreshed();
delete from public.flow_data
where device_id = 'TAP_NORTH' and created_at = '2026-03-01T05:10:00Z';
select is(pg_temp.stale(), 'N05 N06', 'a deleted one where it was');
select pg_temp.refreshed();
update public.flow_data set flow_rate = 11
where device_id = 'TAP_NORTH' and created_at = '1999-01-01T00:00:00Z';
delete from public.flow_data
where device_id = 'TAP_NORTH' and created_at = '1999-01-01T00:00:00Z';
select is(pg_temp.stale(), null, 'what changes no reading marks nothing');
update public.devices set totalizer_max = 1000
where device_id = 'TAP_SOUTH';
select is(pg_temp.stale(), 'S05 S06 S10', 'a device whose counter is read otherwise marks its hours');
select pg_temp.refreshed();
update public.devices set reverse_policy = 'subtract', location = 'Basin 2'
where device_id = 'TAP_SOUTH';
select is(pg_temp.stale(), 'S05 S06 S10', 'by either setting');
select pg_temp.refreshed();
update public.devices set location = 'Basin 3', totalizer_max = 1000
where device_id = 'TAP_SOUTH';
select is(pg_temp.stale(), null, 'and by nothing else');

-- By ingest ---------------------------------------------------------------------

select tests.make_device('TAP_DEFAULT');
create function pg_temp.ingested(minutes_ago integer, totalizer double precision, level double precision)
returns text
language sql
volatile
as $$
  select '# ' || string_agg(verdict, ',') from public.ingest_readings(jsonb_build_array(jsonb_strip_nulls(
    jsonb_build_object(
      'device_id', 'TAP_DEFAULT', 'created_at', private.utc_hour(now()) - minutes_ago * interval '1 minute',
      'totalizer', totalizer, 'level', level
    )
  )));
$$;
create view pg_temp.default_stale as
select extract(epoch from private.utc_hour(now()) - hour)::integer / 3600 as hours_ago
from public.flow_data_hourly
where device_id = 'TAP_DEFAULT' and is_stale;
select pg_temp.ingested(2870, 100, null);
select pg_temp.ingested(2690, 110, null);
select private.job_rollups(now());
select pg_temp.ingested(2870, 100, 1.5);
select results_eq(
  $$ select hours_ago from pg_temp.default_stale order by 1 $$, array[45, 48],
  'a merge marks as a late reading does'
);
select private.job_rollups(now());
select pg_temp.ingested(2870, 100, 1.5);
select pg_temp.ingested(2870, 101, null);
select is_empty($$ select hours_ago from pg_temp.default_stale $$, 'a duplicate and a conflict mark nothing');
select pg_temp.ingested(60 * 24 * 200, 90, null);
select is_empty($$ select hours_ago from pg_temp.default_stale $$, 'nor does what is older than readings are kept');

-- Nothing to write ----------------------------------------------------------------

-- In the next hour, which does not end while this runs.
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values ('TAP_NORTH', now() + interval '1 hour', 10, 200);
create temporary table place as
select
  ctid as at,
  xmax as locked_by
from public.flow_data_hourly
where device_id = 'TAP_NORTH' and hour = private.utc_hour(now() + interval '1 hour');
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values ('TAP_NORTH', private.utc_hour(now() + interval '1 hour') + interval '1 second', 10, 199);
update public.flow_data set level = 1
where device_id = 'TAP_NORTH' and created_at = now() + interval '1 hour';
select results_eq(
  $$
    select ctid, xmax, is_stale from public.flow_data_hourly
    where device_id = 'TAP_NORTH' and hour = private.utc_hour(now() + interval '1 hour')
  $$,
  $$ select at, locked_by, true from place $$,
  'while an hour runs, its row is neither written nor locked again'
);
select private.job_rollups(now() + interval '10 years');
select results_eq(
  $$
    select is_stale, refreshed_at from public.flow_data_hourly
    where device_id = 'TAP_NORTH' and hour = private.utc_hour(now() + interval '1 hour')
  $$,
  $$ values (true, null::timestamptz) $$,
  'and whatever time the job is told, it is not computed'
);

-- With triggers off ---------------------------------------------------------------

alter table public.flow_data disable trigger user;
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values ('TAP_NORTH', '2026-03-01T03:00:00Z', 10, 90), ('TAP_NORTH', '2026-03-01T03:30:00Z', 10, 92);
alter table public.flow_data enable trigger user;
select is(pg_temp.stale(), null, 'a load with triggers off marks nothing');
select private.mark_rollups('2026-03-01T03:00:00Z', '2026-03-01T04:00:00Z')::text;
select is(pg_temp.stale(), 'N03 N06 S05', 'so its range is marked afterwards, up to the next samples');

-- How much is computed --------------------------------------------------------------

select results_eq(
  $$
    select private.refresh_rollups('2026-03-01T03:00:00Z', '2026-03-01T06:00:00Z', max_hours)
    from unnest(array[1, 5, 5]) as max_hours
  $$,
  array[1, 1, 0], 'a DBA computes a range, so many hours at a time, until there is nothing to do'
);
select is(pg_temp.stale(), 'N06', 'and no other hour');
update public.devices set totalizer_max = 2000
where device_id = 'TAP_NORTH';
select is(pg_temp.stale(), 'N03 N05 N06 N07 N08 N10 N11', 'of these');
create or replace function private.oldest_write_at()
returns timestamptz
language sql
volatile
as $$ select timestamptz '2026-03-01T07:59:59Z'; $$;
select is(
  private.job_rollups('2026-03-02T12:00:00Z'), '3 hours and 0 days computed, 4 hours left',
  'the job leaves what ended after the oldest open transaction began'
);
select is(pg_temp.stale(), 'N07 N08 N10 N11', 'which may have written into these');

select finish();
rollback;
