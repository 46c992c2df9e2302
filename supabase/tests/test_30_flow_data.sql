/* Readings and latest values: who sees them, who writes them, and the months they lie in. */
begin;
select plan(20);

select tests.make_two_organizations();

-- Months ----------------------------------------------------------------------

select lives_ok(
  $$ select private.create_flow_data_months('2026-01-31T23:59:59Z', '2026-03-01T00:00:00Z') $$,
  'the months from one reading to another are made'
);
select lives_ok(
  $$ select private.create_flow_data_months('2026-01-31T23:59:59Z', '2026-03-01T00:00:00Z') $$,
  'asking for them again is harmless'
);
select results_eq(
  $$
    select inhrelid::regclass::text, pg_get_expr(relpartbound, inhrelid) collate "default"
    from pg_catalog.pg_inherits inner join pg_catalog.pg_class on pg_class.oid = inhrelid
    where inhparent = 'public.flow_data'::regclass and inhrelid::regclass::text like '%2026_0%'
    order by 1
  $$,
  $$
    values
    (
      'private.flow_data_2026_01',
      format(
        'FOR VALUES FROM (%L) TO (%L)', timestamptz '2026-01-01T00:00:00Z', timestamptz '2026-02-01T00:00:00Z'
      )
    ),
    (
      'private.flow_data_2026_02',
      format(
        'FOR VALUES FROM (%L) TO (%L)', timestamptz '2026-02-01T00:00:00Z', timestamptz '2026-03-01T00:00:00Z'
      )
    ),
    (
      'private.flow_data_2026_03',
      format(
        'FOR VALUES FROM (%L) TO (%L)', timestamptz '2026-03-01T00:00:00Z', timestamptz '2026-04-01T00:00:00Z'
      )
    )
  $$,
  'a month is one partition, in private, by UTC'
);
select is_empty(
  $$
    select inhrelid::regclass from pg_catalog.pg_inherits
    inner join pg_catalog.pg_class on pg_class.oid = inhrelid
    where inhparent = 'public.flow_data'::regclass
    and (not relrowsecurity or pg_get_expr(relpartbound, inhrelid) = 'DEFAULT' or obj_description(inhrelid) is null)
  $$,
  'every partition has row security and a comment, and none is the default one'
);
select is_empty(
  $$
    select inhrelid::regclass, asked.person from pg_catalog.pg_inherits
    cross join unnest(array['anon', 'authenticated', 'service_role']) as asked (person)
    where inhparent = 'public.flow_data'::regclass
    and has_table_privilege(asked.person, inhrelid, 'select, insert, update, delete, truncate')
  $$,
  'nobody has any right on a partition itself'
);
select throws_ok(
  $$ insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_NORTH', '2019-01-01T00:00:00Z', 1) $$,
  '23514', 'no partition of relation "flow_data" found for row',
  'a direct load into a month that nobody made is refused'
);

-- What a row may hold -----------------------------------------------------------

insert into public.flow_data (device_id, created_at, flow_rate) values
('TAP_NORTH', '2026-02-01T00:00:00Z', 12.5),
('TAP_SOUTH', '2026-02-01T00:00:00Z', 99);

select throws_ok(
  $$ insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_NORTH', '2026-02-01T00:00:00Z', 1) $$,
  '23505', null, 'one reading a device and instant'
);
select throws_ok(
  $$ insert into public.flow_data (device_id, created_at) values ('TAP_NORTH', '2026-02-02T00:00:00Z') $$,
  '23514', null, 'a reading has a measurement'
);
select throws_ok(
  $$ insert into public.flow_data (device_id, created_at, level) values ('TAP_NORTH', '2026-02-02T00:00:00Z', 'NaN') $$,
  '23514', null, 'NaN is no measurement'
);
select throws_ok(
  $$
    insert into public.flow_data (device_id, created_at, velocity)
    values ('TAP_NORTH', '2026-02-02T00:00:00Z', '-infinity')
  $$,
  '23514', null, 'nor is infinity'
);

-- Who sees and who writes ---------------------------------------------------------

select policies_are('public', 'flow_data', array['flow_data_select_member'], 'flow_data: one read policy');
select policies_are(
  'public', 'latest_readings', array['latest_readings_select_member'], 'latest_readings: one read policy'
);
select results_eq(
  $$ select * from tests.sights('select flow_rate from public.flow_data where created_at < ''2026-03-01T00:00:00Z''') $$,
  $$
    values
    ('north.viewer', '12.5'), ('north.operator', '12.5'), ('north.admin', '12.5'), ('north.inactive', 'nothing'),
    ('south.viewer', '99'), ('south.admin', '99'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table flow_data'), ('service_role', '12.5,99')
  $$,
  'flow_data: members see the readings of their organization''s meters'
);
select results_eq(
  $$
    select * from tests.sights(
      'select flow_rate from public.latest_readings where device_id in (''TAP_NORTH'', ''TAP_SOUTH'')'
    )
  $$,
  $$
    values
    ('north.viewer', '12.5'), ('north.operator', '12.5'), ('north.admin', '12.5'), ('north.inactive', 'nothing'),
    ('south.viewer', '99'), ('south.admin', '99'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table latest_readings'), ('service_role', '12.5,99')
  $$,
  'latest_readings: members see the values of their organization''s meters'
);
select is_empty(
  $$
    select person, outcome from tests.attempts(
      'insert into public.flow_data (device_id, created_at, flow_rate) values (''TAP_NORTH'', ''2026-02-03Z'', 1)'
    )
    where outcome <> '42501 permission denied for table flow_data'
  $$,
  'flow_data: nobody inserts, not even service_role: ingest_readings does'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('update public.flow_data set flow_rate = 0')
    where outcome <> '42501 permission denied for table flow_data'
  $$,
  'flow_data: nobody rewrites history'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('delete from public.flow_data')
    where outcome <> '42501 permission denied for table flow_data'
  $$,
  'flow_data: nobody deletes'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('update public.latest_readings set flow_rate = 0')
    where outcome <> '42501 permission denied for table latest_readings'
  $$,
  'latest_readings: nobody writes'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('select flow_rate from private.flow_data_2026_02')
    where outcome not in (
      '42501 permission denied for table flow_data_2026_02', '42501 permission denied for schema private'
    )
  $$,
  'nobody reads a partition past the policy'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('select from private.create_flow_data_month(''2026-01-01'')')
    where outcome not like '42501 %'
  $$,
  'nobody makes a month by hand'
);

select finish();
rollback;
