/* Who sees rollups, and that nobody writes them. Queried alone, never joined. */
begin;
select plan(22);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z');
end;
$$;
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values
('TAP_NORTH', '2026-03-01T10:00:00Z', 12.5, 100), ('TAP_NORTH', '2026-03-01T10:30:00Z', 12.5, 105),
('TAP_SOUTH', '2026-03-01T10:00:00Z', 99, 100), ('TAP_SOUTH', '2026-03-01T10:30:00Z', 99, 177);
select private.job_rollups('2026-03-05T00:00:00Z');

-- Tables ----------------------------------------------------------------------

select policies_are(
  'public', 'flow_data_hourly', array['flow_data_hourly_select_member'], 'flow_data_hourly: one read policy'
);
select policies_are(
  'public', 'flow_data_daily', array['flow_data_daily_select_member'], 'flow_data_daily: one read policy'
);
select table_privs_are('public', 'flow_data_hourly', 'anon', array[]::text[], 'flow_data_hourly: nothing for anon');
select table_privs_are('public', 'flow_data_daily', 'anon', array[]::text[], 'flow_data_daily: nothing for anon');
select table_privs_are(
  'public', 'flow_data_hourly', 'authenticated', array['SELECT'], 'flow_data_hourly: people only read'
);
select table_privs_are(
  'public', 'flow_data_daily', 'authenticated', array['SELECT'], 'flow_data_daily: people only read'
);
select table_privs_are(
  'public', 'flow_data_hourly', 'service_role', array['SELECT'], 'flow_data_hourly: service_role only reads'
);
select table_privs_are(
  'public', 'flow_data_daily', 'service_role', array['SELECT'], 'flow_data_daily: service_role only reads'
);
select results_eq(
  $$ select * from tests.sights('select volume from public.flow_data_hourly') $$,
  $$
    values
    ('north.viewer', '5'), ('north.operator', '5'), ('north.admin', '5'), ('north.inactive', 'nothing'),
    ('south.viewer', '77'), ('south.admin', '77'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table flow_data_hourly'), ('service_role', '5,77')
  $$,
  'flow_data_hourly: members see the hours of their organization''s meters'
);
select results_eq(
  $$ select * from tests.sights('select volume from public.flow_data_daily') $$,
  $$
    values
    ('north.viewer', '5'), ('north.operator', '5'), ('north.admin', '5'), ('north.inactive', 'nothing'),
    ('south.viewer', '77'), ('south.admin', '77'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table flow_data_daily'), ('service_role', '5,77')
  $$,
  'flow_data_daily: members see the days of their organization''s meters'
);

-- Functions -------------------------------------------------------------------

select results_eq(
  $$
    select * from tests.sights($query$
      select total_volume from unnest(array['TAP_NORTH', 'TAP_SOUTH']) as device (device_id)
      cross join public.get_daily_flow(device.device_id, '2026-03-01', '2026-03-01')
      where total_volume is not null
    $query$)
  $$,
  $$
    values
    ('north.viewer', '5'), ('north.operator', '5'), ('north.admin', '5'), ('north.inactive', 'nothing'),
    ('south.viewer', '77'), ('south.admin', '77'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_daily_flow'), ('service_role', '5,77')
  $$,
  'days are for the device''s organization'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select total_volume from unnest(array['TAP_NORTH', 'TAP_SOUTH']) as device (device_id)
      cross join public.get_flow_series(device.device_id, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 1)
      where total_volume is not null
    $query$)
  $$,
  $$
    values
    ('north.viewer', '5'), ('north.operator', '5'), ('north.admin', '5'), ('north.inactive', 'nothing'),
    ('south.viewer', '77'), ('south.admin', '77'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_flow_series'), ('service_role', '5,77')
  $$,
  'series are for the device''s organization'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select concat_ws(' ', total_volume, expected_points, received_points)
      from public.get_flow_statistics('TAP_SOUTH', '2026-03-01T10:00:00Z', '2026-03-01T11:00:00Z')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '0 0'), ('north.operator', '0 0'), ('north.admin', '0 0'), ('north.inactive', '0 0'),
    ('south.viewer', '77 12 2'), ('south.admin', '77 12 2'), ('stranger', '0 0'),
    ('anon', '42501 permission denied for function get_flow_statistics'), ('service_role', '77 12 2')
  $$,
  'another organization''s device has no readings and owes none'
);
select tests.sign_in('north.viewer');
select results_eq(
  $$ select * from public.get_daily_flow('TAP_SOUTH', '2026-03-01', '2026-03-02') $$,
  $$ select * from public.get_daily_flow('TAP_NOBODY', '2026-03-01', '2026-03-02') $$,
  'and its days look like those of a device that does not exist'
);
select tests.sign_out();
select results_eq(
  $$
    select pg_proc.oid::regprocedure::text from pg_catalog.pg_proc
    where pronamespace = 'private'::regnamespace and proname ~ 'rollup|_hours|_days|dropped_months'
    and (has_function_privilege('authenticated', oid, 'execute') or has_function_privilege('service_role', oid, 'execute'))
    order by 1
  $$,
  $$ values ('private.device_days(text,date,date)'), ('private.rollup_bound(timestamp with time zone)') $$,
  'nobody marks or refreshes by hand'
);
select is(
  tests.attempt('service_role', 'select public.run_job(''rollups'')'), '1 rows', 'the scheduler runs the job'
);
select volatility_is('public', 'get_daily_flow', array['text', 'date', 'date'], 'stable', 'get_daily_flow only reads');
select isnt_definer('public', 'get_daily_flow', array['text', 'date', 'date'], 'with its caller''s rights');
select volatility_is(
  'public', 'get_flow_series', array['text', 'timestamp with time zone', 'timestamp with time zone', 'integer'],
  'stable', 'get_flow_series only reads'
);
select isnt_definer(
  'public', 'get_flow_series', array['text', 'timestamp with time zone', 'timestamp with time zone', 'integer'],
  'with its caller''s rights'
);

-- A device with rollups stays --------------------------------------------------

delete from public.flow_data
where device_id in ('TAP_NORTH', 'TAP_SOUTH');
select lives_ok(
  $$ delete from public.devices where device_id = 'TAP_SOUTH' $$,
  'a device whose readings were all deleted can go, and its stale hours with it'
);
update public.flow_data_hourly set is_stale = false
where device_id = 'TAP_NORTH';
select throws_ok(
  $$ delete from public.devices where device_id = 'TAP_NORTH' $$,
  'DEVRD', 'device has readings: TAP_NORTH', 'one with rollups of readings that are gone stays'
);

select finish();
rollback;
