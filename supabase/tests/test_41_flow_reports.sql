/* Latest values and statistics of a device: what counts, and for whom. */
begin;
select plan(15);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-02-28T00:00:00Z', '2026-03-01T00:00:00Z');
end;
$$;

-- The last sample before the window lies in another month. In the window: a
-- bad reading, one without a totalizer, and a meter exchanged at 03:00.
insert into public.flow_data (device_id, created_at, flow_rate, totalizer, quality)
values
('TAP_NORTH', '2026-02-28T23:00:00Z', 50, 1000, 'good'),
('TAP_NORTH', '2026-03-01T00:00:00Z', 10, 1010, 'good'),
('TAP_NORTH', '2026-03-01T01:00:00Z', 20, null, 'suspect'),
('TAP_NORTH', '2026-03-01T01:30:00Z', 0, 0, 'bad'),
('TAP_NORTH', '2026-03-01T02:00:00Z', null, 1040, 'good'),
('TAP_NORTH', '2026-03-01T03:00:00Z', 30, 5, 'good'),
('TAP_NORTH', '2026-03-01T04:00:00Z', 60, 25, 'suspect'),
('TAP_NORTH', '2026-03-01T05:00:00Z', 900, 500, 'good'),
('TAP_SOUTH', '2026-03-01T00:00:00Z', 99, 7, 'good');

-- Statistics ------------------------------------------------------------------

select tests.sign_in('north.viewer');
select results_eq(
  $$
    select avg_flow_rate, min_flow_rate, max_flow_rate, total_volume, data_points
    from public.get_flow_statistics('TAP_NORTH', '2026-03-01T00:00:00Z', '2026-03-01T05:00:00Z')
  $$,
  $$ values (30::double precision, 10::double precision, 60::double precision, 60::double precision, 5::bigint) $$,
  'from the start, to before the end; bad readings left out; volume 10 + 30 + 0 (exchange) + 20'
);
select results_eq(
  $$
    select total_volume, data_points
    from public.get_flow_statistics('TAP_NORTH', '2026-03-01T02:00:00Z', '2026-03-01T02:00:01Z')
  $$,
  $$ values (30::double precision, 1::bigint) $$,
  'the step into the window counts from the last sample before it, over a bad one and one without'
);
select results_eq(
  $$
    select sum(total_volume) from (
      values
      ('2026-02-01T00:00:00Z'::timestamptz, '2026-03-01T00:00:00Z'::timestamptz),
      ('2026-03-01T00:00:00Z', '2026-03-01T02:00:00Z'),
      ('2026-03-01T02:00:00Z', '2026-03-01T05:00:01Z')
    ) as part (start_time, end_time)
    cross join lateral public.get_flow_statistics('TAP_NORTH', part.start_time, part.end_time)
  $$,
  $$
    select total_volume
    from public.get_flow_statistics('TAP_NORTH', '2026-02-01T00:00:00Z', '2026-03-01T05:00:01Z')
  $$,
  'the parts of a window sum to the whole'
);
select results_eq(
  $$
    select avg_flow_rate, total_volume, data_points
    from public.get_flow_statistics('TAP_NORTH', '2026-02-28T00:00:00Z', '2026-03-01T00:00:00Z')
  $$,
  $$ values (50::double precision, null::double precision, 1::bigint) $$,
  'one sample tells no volume: null, not 0'
);
select results_eq(
  $$
    select avg_flow_rate, min_flow_rate, max_flow_rate, total_volume, data_points
    from public.get_flow_statistics('TAP_NORTH', '2026-03-01T05:00:00Z', '2026-03-01T00:00:00Z')
  $$,
  $$
    values (
      null::double precision, null::double precision, null::double precision, null::double precision, 0::bigint
    )
  $$,
  'a window that ends before it starts holds nothing'
);
select results_eq(
  $$
    select avg_flow_rate, total_volume, data_points
    from public.get_flow_statistics('TAP_SOUTH', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z')
  $$,
  $$ values (null::double precision, null::double precision, 0::bigint) $$,
  'another organization''s device has no readings'
);
select tests.sign_out();
select results_eq(
  $$
    select person, seen from tests.sights($query$
      select max_flow_rate
      from public.get_flow_statistics('TAP_SOUTH', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'nothing'),
    ('north.operator', 'nothing'),
    ('north.admin', 'nothing'),
    ('north.inactive', 'nothing'),
    ('south.viewer', '99'),
    ('south.admin', '99'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_flow_statistics'),
    ('service_role', '99')
  $$,
  'statistics are for the device''s organization'
);

-- Latest values ---------------------------------------------------------------

select results_eq(
  $$
    select person, seen from tests.sights($query$
      select flow_rate from public.get_latest_flow_data() where device_id in ('TAP_NORTH', 'TAP_SOUTH')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '900'),
    ('north.operator', '900'),
    ('north.admin', '900'),
    ('north.inactive', 'nothing'),
    ('south.viewer', '99'),
    ('south.admin', '99'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_latest_flow_data'),
    ('service_role', '900,99')
  $$,
  'latest values are for the device''s organization'
);
select tests.make_device('TAP_NORTH_SILENT', tests.organization_id('North'));
select tests.sign_in('north.viewer');
select results_eq(
  $$
    select device_id, device_name, created_at, flow_rate, totalizer, quality, last_seen is not null
    from public.get_latest_flow_data()
  $$,
  $$
    values (
      'TAP_NORTH', 'North inlet', '2026-03-01T05:00:00Z'::timestamptz, 900::double precision, 500::double precision,
      'good', true
    )
  $$,
  'one row a device that has a reading, with its name'
);
select tests.sign_out();

-- What they are ---------------------------------------------------------------

select volatility_is('public', 'get_latest_flow_data', array[]::text[], 'stable', 'get_latest_flow_data only reads');
select isnt_definer('public', 'get_latest_flow_data', array[]::text[], 'with its caller''s rights');
select function_privs_are(
  'public', 'get_latest_flow_data', array[]::text[], 'anon', array[]::text[], 'and is not for anon'
);
select volatility_is(
  'public', 'get_flow_statistics', array['text', 'timestamp with time zone', 'timestamp with time zone'], 'stable',
  'get_flow_statistics only reads'
);
select isnt_definer(
  'public', 'get_flow_statistics', array['text', 'timestamp with time zone', 'timestamp with time zone'],
  'with its caller''s rights'
);
select function_privs_are(
  'public', 'get_flow_statistics', array['text', 'timestamp with time zone', 'timestamp with time zone'], 'anon',
  array[]::text[], 'and is not for anon'
);

select finish();
rollback;
