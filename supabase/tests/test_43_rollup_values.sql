/* What hours add up to, from rollups and from readings, and when readings are gone. */
begin;
select plan(24);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-01-31T00:00:00Z', '2026-03-01T00:00:00Z');
end;
$$;
update public.devices set totalizer_max = 1000, expected_interval_s = 900
where device_id = 'TAP_NORTH';

-- 10: two good, a ghost, a suspect without a totalizer. 11: a rollover and the
-- noise of a float32. 12: nothing. 13: a reset. 14: bad ones only.
insert into public.flow_data (device_id, created_at, flow_rate, totalizer, level, velocity, quality)
values
('TAP_NORTH', '2026-01-31T09:45:00Z', 1, 900, null, null, 'good'),
('TAP_NORTH', '2026-01-31T10:00:00Z', 10, 950, null, null, 'good'),
('TAP_NORTH', '2026-01-31T10:15:00Z', 0, 0, 0, 0, 'good'),
('TAP_NORTH', '2026-01-31T10:30:00Z', 20, null, 1.5, null, 'suspect'),
('TAP_NORTH', '2026-01-31T10:59:59.999999Z', null, 980, 1.5, null, 'good'),
('TAP_NORTH', '2026-01-31T11:15:00Z', 30, 20, null, null, 'good'),
('TAP_NORTH', '2026-01-31T11:30:00Z', 40, 60, null, null, 'good'),
('TAP_NORTH', '2026-01-31T11:45:00Z', -5, 59.5, null, null, 'good'),
('TAP_NORTH', '2026-01-31T13:00:00Z', 60, 3, null, null, 'good'),
('TAP_NORTH', '2026-01-31T13:30:00Z', 60, 13, null, null, 'good'),
('TAP_NORTH', '2026-01-31T14:00:00Z', 900, 400, null, null, 'bad'),
('TAP_NORTH', '2026-02-01T00:00:00Z', 70, 20, null, null, 'good'),
('TAP_NORTH', '2026-02-01T00:30:00Z', 80, 25, null, null, 'good'),
('TAP_SOUTH', '2026-01-31T11:00:00Z', 5, 1, null, null, 'good');

create view pg_temp.hour as
select
  expected,
  received,
  bad,
  flow_count,
  flow_sum,
  flow_min,
  flow_max,
  sample_count,
  volume,
  resets,
  rollovers,
  first_totalizer,
  last_totalizer,
  to_char(hour at time zone 'UTC', 'DD HH24') as name,
  to_char(first_totalizer_at at time zone 'UTC', 'MI:SS') as first_at,
  to_char(last_totalizer_at at time zone 'UTC', 'MI:SS') as last_at
from public.flow_data_hourly
where device_id = 'TAP_NORTH' and not is_stale
order by hour;

create function pg_temp.statistics(start_time timestamptz, end_time timestamptz)
returns text
language sql
stable
as $$
  select (answer.*)::text
  from public.get_flow_statistics('TAP_NORTH', statistics.start_time, statistics.end_time) as answer;
$$;
create table pg_temp.asked as
select
  window_start,
  window_start + length as window_end,
  pg_temp.statistics(window_start, window_start + length) as answer
from generate_series('2026-01-31T09:00:00Z', '2026-02-01T01:00:00Z', interval '7 minutes 30 seconds') as window_start
cross join unnest(array[interval '7 minutes 30 seconds', '1 hour', '100 minutes', '1 day']) as length;

-- Computed hours ------------------------------------------------------------------

select is_empty($$ select from pg_temp.hour $$, 'no hour is computed yet');
select private.job_rollups('2026-03-01T12:00:00Z');
select results_eq(
  $$
    select
      name, expected, received, bad, flow_count, flow_sum, flow_min, flow_max, sample_count, volume, resets, rollovers,
      first_at, first_totalizer, last_at, last_totalizer
    from pg_temp.hour
  $$,
  $$
    values
    (
      '31 09', 4, 1, 0, 1, 1::double precision, 1::double precision, 1::double precision, 1, null::double precision,
      0, 0, '45:00', 900::double precision, '45:00', 900::double precision
    ),
    ('31 10', 4, 4, 1, 2, 30, 10, 20, 2, 80, 0, 0, '00:00', 950, '59:59', 980),
    ('31 11', 4, 3, 0, 3, 65, -5, 40, 3, 80, 0, 1, '15:00', 20, '45:00', 59.5),
    ('31 13', 4, 2, 0, 2, 120, 60, 60, 2, 10, 1, 0, '00:00', 3, '30:00', 13),
    ('31 14', 4, 1, 1, 0, null, null, null, 0, null, 0, 0, null, null, null, null),
    ('01 00', 4, 2, 0, 2, 150, 70, 80, 2, 12, 0, 0, '00:00', 20, '30:00', 25)
  $$,
  'an hour counts what came and what was due, leaves out bad and ghosts, and sums steps with the sample before it'
);
select is_empty(
  $$
    select window_start, window_end, answer, pg_temp.statistics(window_start, window_end) from pg_temp.asked
    where answer is distinct from pg_temp.statistics(window_start, window_end)
  $$,
  'a window served from rollups equals the same window from readings, to the last digit here'
);
select is(
  (
    select count(*)
    from pg_temp.asked
    where answer not like '(,,,,0,%'
  ) > 200, true, 'and many of those windows held something'
);
select results_eq(
  $$ select * from public.get_flow_statistics('TAP_NORTH', '2026-01-31T09:00:00Z', '2026-02-01T01:00:00Z') $$,
  $$
    values (
      36.6::double precision, -5::double precision, 80::double precision, 182::double precision, 11::bigint,
      1::bigint, 1::bigint, 64::bigint, 13::bigint, 2::bigint
    )
  $$,
  'statistics: the five of old, then resets, rollovers and how complete it is'
);
select results_eq(
  $$
    select total_volume, resets, rollovers
    from public.get_flow_statistics('TAP_NORTH', '2026-01-31T11:15:00Z', '2026-01-31T11:15:01Z')
  $$,
  $$ values (40::double precision, 0::bigint, 1::bigint) $$,
  'a rollover counts what was left and what is new'
);
select results_eq(
  $$
    select sum(total_volume), sum(resets), sum(rollovers), sum(expected_points), sum(received_points), sum(bad_points)
    from generate_series('2026-01-31T09:00:00Z', '2026-02-01T00:59:00Z', interval '1 minute') as part (start_time)
    cross join lateral public.get_flow_statistics('TAP_NORTH', part.start_time, part.start_time + interval '1 minute')
  $$,
  $$ values (182::double precision, 1::numeric, 1::numeric, 64::numeric, 13::numeric, 2::numeric) $$,
  'the minutes of a window sum to the whole'
);
select results_eq(
  $$
    select expected_points, received_points
    from public.get_flow_statistics('TAP_NORTH', '2025-01-01T00:00:00Z', '2026-01-31T10:00:00Z')
  $$,
  $$ values (4::bigint, 1::bigint) $$,
  'nothing is due before the hour of the first reading'
);
select results_eq(
  $$
    select expected_points > 1000, expected_points =
    (select expected_points from public.get_flow_statistics('TAP_NORTH', '2026-01-31T10:00:00Z', now())), received_points
    from public.get_flow_statistics('TAP_NORTH', '2026-01-31T10:00:00Z', now() + interval '1 year')
  $$,
  $$ values (true, true, 12::bigint) $$,
  'nor in the future'
);
select results_eq(
  $$ select * from public.get_flow_statistics('TAP_NORTH', '-infinity', 'infinity') $$,
  $$ select * from public.get_flow_statistics('TAP_NORTH', '2026-01-31T09:00:00Z', now()) $$,
  'all there is may be asked for'
);
select results_eq(
  $$ select private.expected_points(86400, part, part + interval '1 hour')
    from generate_series('2026-01-31T21:00:00Z', '2026-02-01T02:00:00Z', interval '1 hour') as part $$,
  array[0, 0, 0, 1, 0, 0], 'of a daily reading one hour a day is the one'
);
update public.devices set expected_interval_s = 60
where device_id = 'TAP_NORTH';
select results_eq(
  $$
    select expected_points from unnest(array['2026-01-31T11:00:00Z', '2026-01-31T12:00:00Z']::timestamptz[]) as start_time
    cross join lateral public.get_flow_statistics('TAP_NORTH', start_time, start_time + interval '1 hour')
  $$,
  array[4::bigint, 60], 'an hour keeps what was due when it was computed; one without a reading has nothing to keep'
);
update public.flow_data set level = 2
where device_id = 'TAP_NORTH' and created_at = '2026-01-31T11:15:00Z';
select private.job_rollups('2026-03-01T12:00:00Z');
select results_eq(
  $$ select name from pg_temp.hour where expected <> 4 $$, array[]::text[], 'also when it is computed again'
);
update public.devices set expected_interval_s = 900
where device_id = 'TAP_NORTH';

-- Reverse -------------------------------------------------------------------------

update public.devices set reverse_policy = 'subtract'
where device_id = 'TAP_NORTH';
select results_eq(
  $$
    select total_volume from public.get_flow_statistics('TAP_NORTH', '2026-01-31T11:00:00Z', '2026-01-31T12:00:00Z')
  $$,
  array[79.5::double precision], 'a device that subtracts: at once'
);
select private.job_rollups('2026-03-01T12:00:00Z');
select results_eq(
  $$ select name, volume, resets from pg_temp.hour where name in ('31 11', '31 13') $$,
  $$ values ('31 11', 79.5::double precision, 0), ('31 13', 10, 1) $$,
  'and in its rollups; a reset is worth 0 all the same'
);

-- A late reading heals --------------------------------------------------------------

insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values ('TAP_NORTH', '2026-01-31T12:30:00Z', 100, 79.5);
select results_eq(
  $$
    select total_volume, resets
    from public.get_flow_statistics('TAP_NORTH', '2026-01-31T12:00:00Z', '2026-01-31T14:00:00Z')
  $$,
  $$ values (30::double precision, 1::bigint) $$,
  'a late sample counts at once'
);
select private.job_rollups('2026-03-01T12:00:00Z');
select results_eq(
  $$ select name, volume, resets from pg_temp.hour where name in ('31 11', '31 12', '31 13') $$,
  $$ values ('31 11', 79.5::double precision, 0), ('31 12', 20, 0), ('31 13', 10, 1) $$,
  'and its hour and the next sample''s are healed'
);

-- When the readings are gone ----------------------------------------------------------

create table pg_temp.kept as
select (hourly.*)::text as told
from public.flow_data_hourly as hourly
where hourly.hour < '2026-02-01T00:00:00Z';
create table pg_temp.whole as
select pg_temp.statistics('2026-01-31T10:00:00Z', '2026-02-01T00:15:00Z') as answer;
drop table private.flow_data_2026_01;
select private.job_rollups('2026-03-01T12:00:00Z');
select is(
  private.raw_complete_since(), '2026-02-01T00:00:00Z'::timestamptz, 'that a month was dropped is noticed'
);
select results_eq(
  $$ select pg_temp.statistics('2026-01-31T10:00:00Z', '2026-02-01T00:15:00Z') $$,
  $$ select answer from pg_temp.whole $$,
  'a window of whole hours answers as before, and the first sample after them still knows the last before'
);
select results_eq(
  $$
    select total_volume, received_points, expected_points
    from unnest(array[
      tstzrange('2026-01-31T10:00:01Z', '2026-01-31T11:20:00Z'), tstzrange('2026-01-31T11:20:00Z', '2026-01-31T12:00:00Z'),
      tstzrange('2026-01-31T10:00:00Z', '2026-01-31T11:00:00Z')
    ]) as part
    cross join lateral public.get_flow_statistics('TAP_NORTH', lower(part), upper(part))
  $$,
  $$ values (79.5::double precision, 3::bigint, 4::bigint), (null, 0, 0), (80, 4, 4) $$,
  'a window is exact to the hour there: an hour belongs to the one it starts in'
);
do $$
begin
  perform private.create_flow_data_months('2026-01-31T00:00:00Z', '2026-01-31T00:00:00Z');
end;
$$;
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values ('TAP_NORTH', '2026-01-31T11:20:00Z', 500, 50), ('TAP_NORTH', '2026-01-31T12:45:00Z', 500, 50);
update public.devices set reverse_policy = 'ignore'
where device_id = 'TAP_NORTH';
select private.mark_rollups('-infinity', 'infinity')::text;
select private.job_rollups('2026-03-01T12:00:00Z');
select results_eq(
  $$ select (hourly.*)::text from public.flow_data_hourly as hourly where hour < '2026-02-01T00:00:00Z' order by 1 $$,
  $$ select told from pg_temp.kept order by 1 $$,
  'and whatever comes for it later, its rollups stay'
);
select is(
  private.raw_complete_since(), '2026-02-01T00:00:00Z'::timestamptz, 'also if its month is made anew'
);
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values ('TAP_NORTH', '2026-02-01T00:10:00Z', 75, 22);
select private.job_rollups('2026-03-01T12:00:00Z');
select results_eq(
  $$ select volume, received from pg_temp.hour where name = '01 00' $$,
  $$ values (12::double precision, 3) $$,
  'hours after it go on healing, from the last sample that the rollups know'
);
select is(
  private.rollups_are_complete('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'), true, 'nothing is left to compute'
);

select finish();
rollback;
