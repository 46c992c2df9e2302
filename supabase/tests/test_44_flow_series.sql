/* Series: steps, buckets, gaps, and what is in them. */
begin;
select plan(18);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-02-28T00:00:00Z', '2026-03-01T00:00:00Z');
end;
$$;
insert into public.flow_data (device_id, created_at, flow_rate, totalizer, quality)
values
('TAP_NORTH', '2026-02-28T23:59:00Z', 5, 90, 'good'),
('TAP_NORTH', '2026-03-01T00:10:00Z', 10, 100, 'good'),
('TAP_NORTH', '2026-03-01T00:20:00Z', 30, 110, 'suspect'),
('TAP_NORTH', '2026-03-01T00:25:00Z', 900, null, 'bad'),
('TAP_NORTH', '2026-03-01T02:00:00Z', 50, 150, 'good'),
('TAP_NORTH', '2026-03-01T02:59:59Z', null, 155, 'good'),
('TAP_NORTH', '2026-03-01T05:30:00Z', 70, null, 'good');

create function pg_temp.series(start_time timestamptz, end_time timestamptz, max_points integer)
returns table (
  starts_at text, minutes numeric, low double precision, mean double precision, high double precision,
  volume double precision, data_points bigint
)
language sql
stable
as $$
  select
    to_char(answer.starts_at at time zone 'UTC', 'MM-DD HH24:MI'),
    (extract(epoch from answer.ends_at - answer.starts_at) / 60)::numeric(10, 2),
    answer.min_flow_rate, answer.avg_flow_rate, answer.max_flow_rate, answer.total_volume, answer.data_points
  from public.get_flow_series('TAP_NORTH', series.start_time, series.end_time, series.max_points) as answer;
$$;

-- Buckets -------------------------------------------------------------------------

create view pg_temp.hourly as
select (answer.*)::text as told
from pg_temp.series('2026-03-01T00:00:00Z', '2026-03-01T06:00:00Z', 6) as answer;
select results_eq(
  $$ select * from pg_temp.series('2026-03-01T00:00:00Z', '2026-03-01T06:00:00Z', 6) $$,
  $$
    values
    ('03-01 00:00', 60.0, 10::double precision, 20::double precision, 30::double precision, 20::double precision, 2::bigint),
    ('03-01 01:00', 60.0, null, null, null, null, 0),
    ('03-01 02:00', 60.0, 50, 50, 50, 45, 2),
    ('03-01 03:00', 60.0, null, null, null, null, 0),
    ('03-01 04:00', 60.0, null, null, null, null, 0),
    ('03-01 05:00', 60.0, 70, 70, 70, null, 1)
  $$,
  'every bucket is a row, in order; nothing in it is a gap, not 0; bad readings are left out'
);
create table pg_temp.before as
select told from pg_temp.hourly;
select private.job_rollups('2026-03-02T00:00:00Z');
select results_eq(
  $$ select told from pg_temp.hourly $$, $$ select told from pg_temp.before $$, 'the same from rollups'
);
select results_eq(
  $$ select * from pg_temp.series('2026-03-01T00:15:00Z', '2026-03-01T02:30:00Z', 3) $$,
  $$
    values
    ('03-01 00:00', 60.0, 30::double precision, 30::double precision, 30::double precision, 10::double precision, 1::bigint),
    ('03-01 01:00', 60.0, null, null, null, null, 0),
    ('03-01 02:00', 60.0, 50, 50, 50, 40, 1)
  $$,
  'a bucket at an end of the window holds what lies in the window'
);
select results_eq(
  $$ select * from pg_temp.series('2026-03-01T00:00:00Z', '2026-03-01T00:30:00Z', 3) $$,
  $$
    values
    ('03-01 00:00', 10.0, null::double precision, null::double precision, null::double precision, null::double precision, 0::bigint),
    ('03-01 00:10', 10.0, 10, 10, 10, 10, 1),
    ('03-01 00:20', 10.0, 30, 30, 30, 10, 1)
  $$,
  'steps of less than an hour are from readings, also where hours are computed'
);
select results_eq(
  $$ select * from pg_temp.series('2026-02-28T00:00:00Z', '2026-03-02T00:00:00Z', 2) $$,
  $$
    values
    ('02-28 00:00', 1440.0, 5::double precision, 5::double precision, 5::double precision, null::double precision, 1::bigint),
    ('03-01 00:00', 1440.0, 10, 40, 70, 65, 5)
  $$,
  'hours add up to days, their mean by the readings in them'
);
select results_eq(
  $$
    select max_points, count(starts_at), min(starts_at), min(minutes), sum(volume), sum(data_points)
    from unnest(array[1, 2, 5, 10, 100, 1000, 10000]) as max_points
    cross join lateral pg_temp.series('2026-02-28T22:00:00Z', '2026-03-01T07:13:00Z', max_points)
    group by max_points order by max_points
  $$,
  $$
    values
    (1, 1::bigint, '02-28 00:00', 2880.0, 65::double precision, 6::numeric), (2, 2, '02-28 12:00', 720.0, 65, 6),
    (5, 5, '02-28 22:00', 120.0, 65, 6), (10, 10, '02-28 22:00', 60.0, 65, 6), (100, 56, '02-28 22:00', 10.0, 65, 6),
    (1000, 553, '02-28 22:00', 1.0, 65, 6), (10000, 6636, '02-28 22:00', 0.08, 65, 6)
  $$,
  'the step is the smallest that keeps to max_points, on a grid; whatever it is, the sums are the window''s'
);
select results_eq(
  $$
    select count(*), max(ends_at) - max(starts_at), sum(data_points) from public.get_flow_series(
      'TAP_NORTH', '2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z', 10000
    )
  $$,
  $$ values (5219::bigint, interval '7 days', 6::numeric) $$, 'a century in weeks'
);
set local timezone = 'Europe/Berlin';
select results_eq(
  $$
    select extract(isodow from starts_at at time zone 'UTC')::integer, starts_at at time zone 'UTC', ends_at - starts_at
    from public.get_flow_series('TAP_NORTH', '2026-03-23T12:00:00Z', '2026-04-06T12:00:00Z', 3)
  $$,
  $$
    values
    (1, '2026-03-23T00:00:00'::timestamp, interval '7 days'), (1, '2026-03-30T00:00:00', interval '7 days'),
    (1, '2026-04-06T00:00:00', interval '7 days')
  $$,
  'the grid is in UTC, whatever the session''s time zone and its clocks; weeks begin on Mondays'
);
reset timezone;

-- Steps ---------------------------------------------------------------------------

select results_eq(
  $$
    select private.series_step('2026-01-05T00:00:00Z', timestamptz '2026-01-05T00:00:00Z' + length, 1000, '1 second')
    from unnest(array[
      '1 ms', '1000 s', '1001 s', '2001 s', '5001 s', '10001 s', '15001 s', '30001 s', '1001 min', '2001 min', '5001 min',
      '10001 min', '15001 min', '30001 min', '1001 h', '2001 h', '3001 h', '6001 h', '12001 h', '1001 days', '2001 days',
      '7001 days', '14001 days'
    ]::interval[]) as length
  $$,
  array[
    '1 s', '1 s', '2 s', '5 s', '10 s', '15 s', '30 s', '1 min', '2 min', '5 min', '10 min', '15 min', '30 min', '1 h',
    '2 h', '3 h', '6 h', '12 h', '1 day', '2 days', '7 days', '14 days', '28 days'
  ]::interval[],
  'the usual steps'
);
select is(
  private.series_step('0004-01-01T00:00:00Z', '5000-01-01T00:00:00Z', 1, '1 second'), '1835008 days'::interval,
  'one bucket for all time'
);

-- Limits --------------------------------------------------------------------------

select throws_ok(
  $$ select public.get_flow_series('TAP_NORTH', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 0) $$,
  '22023', 'max_points must be from 1 to 10000, not 0', 'no bucket is none'
);
select throws_ok(
  $$ select public.get_flow_series('TAP_NORTH', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 10001) $$,
  '22023', 'max_points must be from 1 to 10000, not 10001', 'there is an end to them'
);
select throws_ok(
  $$ select public.get_flow_series('TAP_NORTH', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', null) $$,
  '22023', 'max_points must be from 1 to 10000, not <NULL>', 'which has to be said'
);
select throws_ok(
  $$ select public.get_flow_series('TAP_NORTH', '-infinity', '2026-03-02T00:00:00Z', 10) $$,
  '22023', 'the window must begin and end at a time', 'all time has no buckets'
);
select is_empty(
  $$ select from pg_temp.series('2026-03-01T02:00:00Z', '2026-03-01T02:00:00Z', 10) $$,
  'a window that ends where it starts has none'
);

-- When the readings are gone ----------------------------------------------------------

drop table private.flow_data_2026_02;
select private.job_rollups('2026-03-02T00:00:00Z');
select results_eq(
  $$ select * from pg_temp.series('2026-02-28T23:30:00Z', '2026-03-01T00:30:00Z', 1000) $$,
  $$
    values
    (
      '02-28 23:00', 60.0, null::double precision, null::double precision, null::double precision, null::double precision,
      0::bigint
    ),
    ('03-01 00:00', 60.0, 10, 20, 30, 20, 2)
  $$,
  'the step is an hour or more, and an hour belongs to the window it starts in'
);
select results_eq(
  $$ select * from pg_temp.series('2026-02-28T22:30:00Z', '2026-02-28T23:30:00Z', 1000) $$,
  $$
    values
    (
      '02-28 22:00', 60.0, null::double precision, null::double precision, null::double precision, null::double precision,
      0::bigint
    ),
    ('02-28 23:00', 60.0, 5, 5, 5, null, 1)
  $$,
  'all of it, though the window ends before'
);
select results_eq(
  $$ select volume from pg_temp.series('2026-03-01T00:10:00Z', '2026-03-01T00:11:00Z', 1) $$,
  array[10::double precision], 'the first sample after it knows the last before'
);

select finish();
rollback;
