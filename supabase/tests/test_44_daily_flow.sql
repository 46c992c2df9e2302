/* Days as the plant counts them: 23 and 25 hours, in the middle of an hour, and cut anew. */
begin;
select plan(25);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2025-10-01T00:00:00Z', '2025-11-01T00:00:00Z');
  perform private.create_flow_data_months('2026-03-01T00:00:00Z', '2026-03-31T00:00:00Z');
end;
$$;
update public.sites set time_zone = 'Europe/Berlin'
where id = md5('site North')::uuid;
update public.sites set time_zone = 'Asia/Kolkata', day_start = '06:15'
where id = md5('site South')::uuid;
update public.devices set site_id = md5('site North')::uuid, expected_interval_s = 900
where device_id = 'TAP_NORTH';
update public.devices set site_id = md5('site South')::uuid, expected_interval_s = 900
where device_id = 'TAP_SOUTH';

-- A reading every 15 minutes, 1 m3 each, around both changes of the clocks.
create table pg_temp.reading as
select
  at,
  extract(epoch from at) / 900 as totalizer,
  extract(hour from at at time zone 'UTC') as flow_rate
from (
  select generate_series('2025-10-24T22:00:00Z', '2025-10-27T22:45:00Z', interval '15 minutes') as at
  union all
  select generate_series('2026-03-28T00:00:00Z', '2026-03-30T12:00:00Z', interval '15 minutes')
) as instant;
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
select
  device_id,
  at,
  flow_rate,
  totalizer
from pg_temp.reading
cross join unnest(array['TAP_NORTH', 'TAP_SOUTH']) as device_id;

create function pg_temp.days(device_id text, first_day date, last_day date)
returns table (day text, starts_at text, hours numeric, volume double precision, complete text)
language sql
stable
as $$
  select
    to_char(answer.day, 'MM-DD'),
    to_char(answer.starts_at at time zone 'UTC', 'MM-DD HH24:MI'),
    (extract(epoch from answer.ends_at - answer.starts_at) / 3600)::numeric(4, 1),
    answer.total_volume,
    concat_ws('/', answer.received_points, answer.expected_points)
  from public.get_daily_flow(days.device_id, days.first_day, days.last_day) as answer;
$$;
create view pg_temp.answer as
select (answer.*)::text as told
from (values ('TAP_NORTH'), ('TAP_SOUTH')) as device (device_id)
cross join (values ('2025-10-24', '2025-10-28'), ('2026-03-27', '2026-03-30')) as span (first_day, last_day)
cross join lateral public.get_daily_flow(device.device_id, span.first_day::date, span.last_day::date) as answer;
create table pg_temp.before as
select told from pg_temp.answer;

-- From readings -------------------------------------------------------------------

select results_eq(
  $$ select * from pg_temp.days('TAP_NORTH', '2025-10-24', '2025-10-28') $$,
  $$
    values
    ('10-24', '10-23 22:00', 24.0, null::double precision, '0/0'), ('10-25', '10-24 22:00', 24.0, 95, '96/96'),
    ('10-26', '10-25 22:00', 25.0, 100, '100/100'), ('10-27', '10-26 23:00', 24.0, 96, '96/96'),
    ('10-28', '10-27 23:00', 24.0, null, '0/96')
  $$,
  'in autumn a day of Berlin has 25 hours; a day without a reading is a row too'
);
select results_eq(
  $$ select * from pg_temp.days('TAP_NORTH', '2026-03-28', '2026-03-30') $$,
  $$
    values
    ('03-28', '03-27 23:00', 24.0, 14592::double precision, '92/96'), ('03-29', '03-28 23:00', 23.0, 92, '92/92'),
    ('03-30', '03-29 22:00', 24.0, 57, '57/96')
  $$,
  'in spring 23; the step over months of silence belongs to the day of its later sample'
);
select results_eq(
  $$ select * from pg_temp.days('TAP_SOUTH', '2025-10-25', '2025-10-27') $$,
  $$
    values
    ('10-25', '10-25 00:45', 24.0, 96::double precision, '96/96'), ('10-26', '10-26 00:45', 24.0, 96, '96/96'),
    ('10-27', '10-27 00:45', 24.0, 89, '89/96')
  $$,
  'a day that begins at 06:15 in Kolkata begins in the middle of a UTC hour'
);
select results_eq(
  $$
    select avg_flow_rate, min_flow_rate, max_flow_rate, total_volume, data_points, resets, rollovers, expected_points,
    received_points, bad_points
    from public.get_daily_flow('TAP_SOUTH', '2025-10-26', '2025-10-26')
  $$,
  $$ select * from public.get_flow_statistics('TAP_SOUTH', '2025-10-26T00:45:00Z', '2025-10-27T00:45:00Z') $$,
  'a day tells what statistics tell of its window'
);

-- From rollups --------------------------------------------------------------------

select private.job_rollups('2025-10-27T23:30:00Z');
select results_eq(
  $$ select day from public.flow_data_daily where device_id = 'TAP_NORTH' and not is_stale order by day $$,
  array['2025-10-25', '2025-10-26', '2025-10-27']::date[],
  'a day is computed when it has ended'
);
select private.job_rollups('2026-04-02T00:00:00Z');
select is_empty($$ select day from public.flow_data_daily where is_stale $$, 'all of them are');
select results_eq(
  $$ select told from pg_temp.answer $$, $$ select told from pg_temp.before $$,
  'and every day equals what it was from readings'
);
select results_eq(
  $$
    select expected, received, bad, flow_count, flow_sum, flow_min, flow_max, sample_count, volume, resets, rollovers
    from public.flow_data_daily where device_id = 'TAP_NORTH' and day = '2025-10-26'
  $$,
  $$
    values (
      100, 100, 0, 100, 4 * 298::double precision, 0::double precision, 23::double precision, 100,
      100::double precision, 0, 0
    )
  $$,
  'a row holds the sums of its day'
);
update public.flow_data_daily set volume = -1
where day = '2025-10-26';
select results_eq(
  $$ select volume from pg_temp.days('TAP_NORTH', '2025-10-25', '2025-10-27') $$,
  array[95::double precision, -1, 96], 'what is computed is served from there'
);
update public.flow_data set quality = 'bad'
where device_id = 'TAP_NORTH' and created_at = '2025-10-26T01:00:00Z';
select results_eq(
  $$ select volume from pg_temp.days('TAP_NORTH', '2025-10-25', '2025-10-27') $$,
  array[95::double precision, 100, 96], 'but not while one of its hours is stale: then it is exact from readings'
);
select private.job_rollups('2026-04-02T00:00:00Z');
select results_eq(
  $$
    select day, volume, bad from public.flow_data_daily
    where device_id = 'TAP_NORTH' and day between '2025-10-25' and '2025-10-27' order by day
  $$,
  $$ values ('2025-10-25'::date, 95::double precision, 0), ('2025-10-26', 100, 1), ('2025-10-27', 96, 0) $$,
  'and the job heals it'
);
insert into public.flow_data (device_id, created_at, totalizer)
values ('TAP_SOUTH', '2025-10-26T00:46:00Z', extract(epoch from timestamptz '2025-10-26T00:45:00Z') / 900 - 1000);
select private.job_rollups('2026-04-02T00:00:00Z');
select results_eq(
  $$
    select day, volume, resets, received from public.flow_data_daily
    where device_id = 'TAP_SOUTH' and day between '2025-10-25' and '2025-10-26' order by day
  $$,
  $$ values ('2025-10-25'::date, 96::double precision, 0, 96), ('2025-10-26', 1096, 0, 97) $$,
  'late in an hour of two days: each gets its part'
);
delete from public.flow_data
where device_id = 'TAP_SOUTH' and created_at = '2025-10-26T00:46:00Z';
select private.job_rollups('2026-04-02T00:00:00Z');
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_SOUTH', '2025-10-30T05:00:00Z', 1);
select private.job_rollups('2026-04-02T00:00:00Z');
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_SOUTH', '2025-10-30T00:50:00Z', 2);
select private.job_rollups('2026-04-02T00:00:00Z');
select results_eq(
  $$
    select day, flow_sum from public.flow_data_daily
    where device_id = 'TAP_SOUTH' and day between '2025-10-29' and '2025-10-30' order by day
  $$,
  $$ values ('2025-10-29'::date, null::double precision), ('2025-10-30', 3) $$,
  'also where nothing else of the day is touched'
);

-- Limits --------------------------------------------------------------------------

select results_eq(
  $$
    select expected_points between 0 and 100, received_points from public.get_daily_flow(
      'TAP_NORTH', (now() at time zone 'Europe/Berlin')::date, (now() at time zone 'Europe/Berlin')::date + 1
    )
  $$,
  $$ values (true, 0::bigint), (true, 0) $$,
  'today and tomorrow are days as well'
);
select throws_ok(
  $$ select public.get_daily_flow('TAP_NORTH', '2000-01-01', '2027-05-19') $$, '22023', 'too many days: 10001',
  'there is an end to them'
);
select is_empty($$ select from public.get_daily_flow('TAP_NORTH', '2025-10-27', '2025-10-26') $$, 'or none');

-- Cut anew ------------------------------------------------------------------------

update public.sites set time_zone = 'Asia/Kathmandu', day_start = '00:00'
where id = md5('site North')::uuid;
select results_eq(
  $$ select * from pg_temp.days('TAP_NORTH', '2025-10-25', '2025-10-28') $$,
  $$
    values
    ('10-25', '10-24 18:15', 24.0, 80::double precision, '81/81'), ('10-26', '10-25 18:15', 24.0, 96, '96/96'),
    ('10-27', '10-26 18:15', 24.0, 96, '96/96'), ('10-28', '10-27 18:15', 24.0, 19, '19/96')
  $$,
  'another time zone of the site cuts the days anew, at once'
);
create table pg_temp.anew as
select told from pg_temp.answer;
select private.job_rollups('2026-04-02T00:00:00Z');
select results_eq(
  $$ select told from pg_temp.answer $$, $$ select told from pg_temp.anew $$, 'and the job computes them so'
);
select results_eq(
  $$ select starts_at from public.flow_data_daily where device_id = 'TAP_NORTH' and day = '2025-10-28' and not is_stale $$,
  array['2025-10-27T18:15:00Z'::timestamptz], 'with the day that had not been one before'
);
update public.organizations set time_zone = 'America/New_York', day_start = '05:00'
where id = tests.organization_id('North');
update public.devices set site_id = null
where device_id = 'TAP_NORTH';
select results_eq(
  $$ select day, starts_at, hours from pg_temp.days('TAP_NORTH', '2025-10-26', '2025-10-27') $$,
  $$ values ('10-26', '10-26 09:00', 24.0), ('10-27', '10-27 09:00', 24.0) $$,
  'a device that moves counts as where it is now, without a site as the organization'
);
select private.job_rollups('2026-04-02T00:00:00Z');

-- When the readings are gone ----------------------------------------------------------

insert into public.flow_data (device_id, created_at, flow_rate)
values ('TAP_SOUTH', '2025-10-31T00:50:00Z', 5), ('TAP_SOUTH', '2025-10-31T02:00:00Z', 7);
select private.job_rollups('2026-04-02T00:00:00Z');
drop table private.flow_data_2025_10;
select private.job_rollups('2026-04-02T00:00:00Z');
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_SOUTH', '2025-11-01T00:20:00Z', 100);
create view pg_temp.broken as
select concat_ws(' ', avg_flow_rate, received_points) as told
from public.get_daily_flow('TAP_SOUTH', '2025-10-31', '2025-10-31');
select results_eq($$ select told from pg_temp.broken $$, array['6 2'], 'a day that lost the readings of a broken hour stays');
select private.job_rollups('2026-04-02T00:00:00Z');
select results_eq($$ select told from pg_temp.broken $$, array['6 2'], 'whatever comes for the rest of it');
update public.devices set site_id = md5('site North')::uuid
where device_id = 'TAP_NORTH';
select private.job_rollups('2026-04-02T00:00:00Z');
select results_eq(
  $$ select day, starts_at, volume from pg_temp.days('TAP_NORTH', '2025-10-26', '2025-10-27') $$,
  $$ values ('10-26', '10-26 09:00', 96::double precision), ('10-27', '10-27 09:00', 56) $$,
  'days that would begin in the middle of an hour then stay as they were cut'
);
select results_eq(
  $$ select day, starts_at, volume from pg_temp.days('TAP_NORTH', '2026-03-29', '2026-03-29') $$,
  $$ values ('03-29', '03-28 18:15', 96::double precision) $$,
  'while the readings of others are there'
);
update public.sites set time_zone = 'UTC'
where id = md5('site North')::uuid;
select private.job_rollups('2026-04-02T00:00:00Z');
select results_eq(
  $$ select day, starts_at, volume from pg_temp.days('TAP_NORTH', '2025-10-26', '2025-10-27') $$,
  $$ values ('10-26', '10-26 00:00', 96::double precision), ('10-27', '10-27 00:00', 92) $$,
  'and days of whole hours are cut anew from their hours'
);

select finish();
rollback;
