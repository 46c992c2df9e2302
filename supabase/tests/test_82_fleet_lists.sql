/* What a list of devices shows beside the latest values: trend lines, and the volume since the day began. */
begin;
select plan(13);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z');
  perform private.create_flow_data_months(now() - interval '3 days', now());
  perform tests.make_device('TAP_EAST', tests.organization_id('North'), 'East inlet');
end;
$$;
insert into public.flow_data (device_id, created_at, flow_rate, totalizer, quality)
values
('TAP_NORTH', '2026-03-01T00:10:00Z', 10, 100, 'good'),
('TAP_NORTH', '2026-03-01T00:20:00Z', 30, 110, 'suspect'),
('TAP_NORTH', '2026-03-01T00:25:00Z', 900, null, 'bad'),
('TAP_NORTH', '2026-03-01T02:59:59Z', 50, 150, 'good'),
('TAP_NORTH', '2026-03-01T03:10:00Z', null, 155, 'good'),
('TAP_NORTH', '2026-03-01T04:00:00Z', 70, 160, 'good'),
('TAP_SOUTH', '2026-03-01T01:00:00Z', 7, 1, 'good');

-- Trend lines ---------------------------------------------------------------------

create function pg_temp.sparks(start_time timestamptz, end_time timestamptz, max_points integer)
returns table (told text)
language sql
stable
as $$
  select concat_ws(' ', device_id, to_char(starts_at at time zone 'UTC', 'DD-HH24:MI'), step_s, flow_rates)
  from public.get_flow_sparks(
    array['TAP_SOUTH', 'TAP_NORTH', 'TAP_EAST', 'TAP_NORTH', 'nobody', null], start_time, end_time, max_points
  );
$$;
create view pg_temp.day as
select told from pg_temp.sparks('2026-03-01T00:00:00Z', '2026-03-01T05:00:00Z', 24);
select results_eq(
  $$ select told from pg_temp.day $$,
  $$
    values
    ('TAP_EAST 01-00:00 3600 [null, null, null, null, null]'), ('TAP_NORTH 01-00:00 3600 [20, null, 50, null, 70]'),
    ('TAP_SOUTH 01-00:00 3600 [null, 7, null, null, null]')
  $$,
  'a row for each device that is there, once; a gap is null, and so is an hour without a rate; bad readings are left out'
);
create table pg_temp.before as
select told from pg_temp.day;
select private.job_rollups('2026-03-02T00:00:00Z');
select results_eq($$ select told from pg_temp.day $$, $$ select told from pg_temp.before $$, 'the same from rollups');
select results_eq(
  $$
    select concat_ws(' ', answer.device_id, answer.flow_rates) from public.get_flow_sparks(
      array['TAP_NORTH'], '2026-03-01T00:15:00Z', '2026-03-01T04:00:00Z', 2
    ) as answer
  $$,
  $$ values ('TAP_NORTH [30, 50]') $$,
  'buckets at the ends hold what lies in the window only'
);
select is_empty(
  $$ select from pg_temp.sparks('2026-03-01T02:00:00Z', '2026-03-01T02:00:00Z', 10) $$,
  'a window that ends where it starts has none'
);
select throws_ok(
  $$ select public.get_flow_sparks(array_fill('x'::text, array[101]), now() - interval '1 day', now(), 24) $$,
  '22023', 'too many devices: 101', 'there is an end to the list'
);
select throws_ok(
  $$ select pg_temp.sparks('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 101) $$,
  '22023', 'max_points must be from 1 to 100, not 101', 'and to the points'
);
select throws_ok(
  $$ select pg_temp.sparks('2026-03-01T00:00:00Z', 'infinity', 24) $$,
  '22023', 'the window must begin and end at a time', 'all time has no buckets'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select string_agg(device_id || (flow_rates ->> 0), ' ')
      from public.get_flow_sparks(
        array['TAP_NORTH', 'TAP_SOUTH'], '2026-03-01T00:00:00Z', '2026-03-01T03:00:00Z', 1
      )
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'TAP_NORTH30'), ('north.operator', 'TAP_NORTH30'), ('north.admin', 'TAP_NORTH30'),
    ('north.inactive', 'nothing'), ('south.viewer', 'TAP_SOUTH7'), ('south.admin', 'TAP_SOUTH7'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_flow_sparks'), ('service_role', 'TAP_NORTH30 TAP_SOUTH7')
  $$,
  'trend lines are for the device''s organization'
);

-- The volume since the day began ------------------------------------------------------

-- The organization's day began two hours ago, that of the eastern device's site one hour and a half later.
update public.organizations
set time_zone = 'UTC', day_start = (now() at time zone 'UTC' - interval '2 hours')::time
where name in ('North', 'South');
update public.sites
set time_zone = 'Asia/Tokyo', day_start = (now() at time zone 'Asia/Tokyo' - interval '30 minutes')::time
where id = md5('site North')::uuid;
update public.devices set site_id = md5('site North')::uuid
where device_id = 'TAP_EAST';
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values
('TAP_NORTH', now() - interval '3 hours', 1, 100),
('TAP_NORTH', now() - interval '1 hour', 1, 110),
('TAP_NORTH', now() - interval '40 minutes', 1, 4),
('TAP_NORTH', now() - interval '10 minutes', 1, 34),
('TAP_EAST', now() - interval '40 minutes', 1, 4),
('TAP_EAST', now() - interval '10 minutes', 1, 34);

create view pg_temp.today as
select
  answer.device_id,
  answer.total_volume,
  answer.resets,
  now() - answer.starts_at as running,
  answer.ends_at - answer.starts_at between interval '23 hours' and interval '25 hours' as is_a_day,
  answer.day = (answer.starts_at at time zone case answer.device_id when 'TAP_EAST' then 'Asia/Tokyo' else 'UTC' end)::date
    as is_its_date
from public.get_volumes_today(array['TAP_NORTH', 'TAP_EAST', 'TAP_SOUTH', 'nobody', 'TAP_NORTH', null]) as answer;
select results_eq(
  $$ select * from pg_temp.today $$,
  $$
    values
    ('TAP_EAST', 30::double precision, 0::bigint, interval '30 minutes', true, true),
    ('TAP_NORTH', 40, 1, interval '2 hours', true, true), ('TAP_SOUTH', null, 0, interval '2 hours', true, true)
  $$,
  'since its site''s day began, by the totalizer''s steps; without a step nothing is known'
);
set local timezone = 'Pacific/Kiritimati';
select results_eq(
  $$ select day from public.get_volumes_today(array['TAP_NORTH']) $$,
  $$ select (now() at time zone 'UTC' - interval '2 hours')::date $$,
  'whatever the session''s time zone'
);
reset timezone;
select results_eq(
  $$ select total_volume from public.get_volumes_today(array['TAP_NORTH']) $$,
  $$
    select daily.total_volume
    from public.get_daily_flow('TAP_NORTH', current_date - 1, current_date) as daily
    where daily.starts_at <= now() and daily.ends_at > now()
  $$,
  'as the days tell'
);
select throws_ok(
  $$ select public.get_volumes_today(array_fill('x'::text, array[101])) $$,
  '22023', 'too many devices: 101', 'there is an end to this list too'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select string_agg(device_id || coalesce(total_volume, -1), ' ')
      from public.get_volumes_today(array['TAP_NORTH', 'TAP_SOUTH'])
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'TAP_NORTH40'), ('north.operator', 'TAP_NORTH40'), ('north.admin', 'TAP_NORTH40'),
    ('north.inactive', 'nothing'), ('south.viewer', 'TAP_SOUTH-1'), ('south.admin', 'TAP_SOUTH-1'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_volumes_today'),
    ('service_role', 'TAP_NORTH40 TAP_SOUTH-1')
  $$,
  'volumes are for the device''s organization'
);

select finish();
rollback;
