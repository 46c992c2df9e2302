/* Data quality of a window: counts, flags, the longest gap and how late readings came. */
begin;
select plan(14);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z');
  perform tests.make_device('TAP_EAST', tests.organization_id('North'), 'East inlet');
  perform private.create_flow_data_months(now() - interval '1 day', now());
end;
$$;
update public.devices set expected_interval_s = 600
where device_id in ('TAP_NORTH', 'TAP_SOUTH', 'TAP_EAST');

-- 10 minutes apart from 08:00 to 11:50, but for 09:20 to 09:50; received 2 s later, those of 11 o'clock 90 s.
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer, quality, flags)
select
  'TAP_NORTH' as device_id,
  at as created_at,
  at + case when at >= '2026-03-02T11:00:00Z' then interval '90 s' else interval '2 s' end as received_at,
  case when at = '2026-03-02T08:30:00Z' then 0 else 12.5 end as flow_rate,
  case when at = '2026-03-02T08:30:00Z' then 0 end as totalizer,
  case at
    when '2026-03-02T08:30:00Z' then 'bad'
    when '2026-03-02T10:00:00Z' then 'suspect'
    when '2026-03-02T10:10:00Z' then 'suspect'
    else 'good'
  end as quality,
  case at
    when '2026-03-02T08:30:00Z' then array['ghost_zero']
    when '2026-03-02T10:00:00Z' then array['clock_suspect', 'out_of_range']
    when '2026-03-02T10:10:00Z' then array['clock_suspect']
    else array[]::text[]
  end as flags
from generate_series('2026-03-02T08:00:00Z'::timestamptz, '2026-03-02T11:50:00Z', interval '10 minutes') as at
where at not between '2026-03-02T09:20:00Z' and '2026-03-02T09:50:00Z';

create function pg_temp.told(start_time timestamptz, end_time timestamptz, device_id text default 'TAP_NORTH')
returns text
language sql
stable
as $$
  select concat_ws(
    ' ', concat_ws('/', expected_points, received_points, bad_points, suspect_points), flags::text,
    longest_gap_s || 's',
    to_char(longest_gap_starts_at at time zone 'UTC', 'DD-HH24:MI') || '-'
    || to_char(longest_gap_ends_at at time zone 'UTC', 'DD-HH24:MI'),
    nullif(concat_ws('/', median_lag_s, longest_lag_s), '')
  )
  from public.get_data_quality(told.device_id, told.start_time, told.end_time);
$$;

select is(
  pg_temp.told('2026-03-02T09:00:00Z', '2026-03-02T12:00:00Z'),
  '18/14/0/2 {"out_of_range": 1, "clock_suspect": 2} 3000s 02-09:10-02-10:00 2/90',
  'what was due, came, was bad, suspect; flags; the longest gap; the usual and the longest lag'
);
select is(
  pg_temp.told('2026-03-02T06:00:00Z', '2026-03-02T09:00:00Z'),
  '6/6/1/0 {"ghost_zero": 1} 600s 02-08:00-02-08:10 2/2', 'before a device''s first reading nothing is missing'
);
select is(
  pg_temp.told('2026-03-02T09:30:00Z', '2026-03-02T10:30:00Z'),
  '6/3/0/2 {"out_of_range": 1, "clock_suspect": 2} 1800s 02-09:30-02-10:00 2/2',
  'a gap is told as far as it lies in the window'
);
select is(
  pg_temp.told('2026-03-02T11:00:00Z', '2026-03-02T15:00:00Z'),
  '24/6/0/0 {} 11400s 02-11:50-02-15:00 90/90', 'the time after the last reading is a gap'
);
select is(
  pg_temp.told('2026-03-05T00:00:00Z', '2026-03-05T01:00:00Z'), '6/0/0/0 {} 3600s 05-00:00-05-01:00',
  'so is a window without any'
);
select is(
  pg_temp.told('2026-03-02T09:00:00Z', '2026-03-02T12:00:00Z', 'TAP_SOUTH'), '0/0/0/0 {}',
  'a device that never had a reading misses none'
);
insert into public.flow_data (device_id, created_at, flow_rate)
values ('TAP_SOUTH', now() - interval '3 hours', 1);
select results_eq(
  $$
    select longest_gap_s, longest_gap_ends_at
    from public.get_data_quality('TAP_SOUTH', now() - interval '1 day', now() + interval '1 day')
  $$,
  $$ values (10800::double precision, now()) $$,
  'a gap ends now, not in the future'
);
insert into public.flow_data (device_id, created_at, flow_rate)
values ('TAP_EAST', '2026-03-02T08:45:00Z', 1);
select is(
  pg_temp.told('2026-03-02T08:30:00Z', '2026-03-02T08:45:00Z', 'TAP_EAST'), '2/0/0/0 {}',
  'a device misses nothing in the hour of its first reading until then'
);
select is(
  pg_temp.told('2026-03-02T08:50:00Z', '2026-03-02T09:05:00Z', 'TAP_EAST'),
  '2/0/0/0 {} 900s 02-08:50-02-09:05', 'but from then on'
);
select private.job_rollups('2026-03-05T00:00:00Z');
select is(
  pg_temp.told('2026-03-02T09:00:00Z', '2026-03-02T12:00:00Z'),
  '18/14/0/2 {"out_of_range": 1, "clock_suspect": 2} 3000s 02-09:10-02-10:00 2/90',
  'rollups answer the same as readings'
);
update private.rollup_state set raw_complete_since = '2026-03-02T10:00:00Z';
select is(
  pg_temp.told('2026-03-02T09:00:00Z', '2026-03-02T12:00:00Z'), '18/14/0', 'where readings are gone, what rollups know'
);
select throws_ok(
  $$ select * from public.get_data_quality('TAP_NORTH', '2026-03-01T00:00:00Z', '2026-03-08T00:00:01Z') $$,
  '22023', null, 'more than a week is refused'
);
select throws_ok(
  $$ select * from public.get_data_quality('TAP_NORTH', '2026-03-01T00:00:00Z', 'infinity') $$,
  '22023', null, 'as is a window without an end'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select received_points
      from public.get_data_quality('TAP_NORTH', '2026-03-02T09:00:00Z', '2026-03-02T12:00:00Z')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '14'), ('north.operator', '14'), ('north.admin', '14'), ('north.inactive', '0'),
    ('south.viewer', '0'), ('south.admin', '0'), ('stranger', '0'),
    ('anon', '42501 permission denied for function get_data_quality'), ('service_role', '14')
  $$,
  'quality is for the device''s organization'
);

select finish();
rollback;
