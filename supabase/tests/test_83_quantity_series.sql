/* Series of a quantity, and where a totalizer jumped back. */
begin;
select plan(15);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z');
end;
$$;
update public.devices set totalizer_max = 1000, expected_interval_s = 60
where device_id = 'TAP_NORTH';
insert into public.flow_data (device_id, created_at, level, totalizer, battery_level, flow_rate, quality)
values
('TAP_NORTH', '2026-03-01T00:10:00Z', 1, 100, 90, null, 'good'),
('TAP_NORTH', '2026-03-01T00:20:00Z', 3, 110, null, null, 'suspect'),
('TAP_NORTH', '2026-03-01T00:25:00Z', 9, 500, 1, null, 'bad'),
('TAP_NORTH', '2026-03-01T00:40:00Z', null, null, null, 5, 'good'),
('TAP_NORTH', '2026-03-01T02:00:00Z', 0, 40, 88, null, 'good'),
('TAP_NORTH', '2026-03-01T02:30:00Z', 2, 995, 88, null, 'good'),
('TAP_NORTH', '2026-03-01T02:40:00Z', 2, 7, 87, null, 'good'),
('TAP_SOUTH', '2026-03-01T00:10:00Z', 7, 70, 70, null, 'good');

create function pg_temp.series(quantity text)
returns setof text
language sql
stable
as $$
  select concat_ws(
    ' ', to_char(answer.starts_at at time zone 'UTC', 'HH24:MI'), coalesce(answer.min_value::text, '-'),
    coalesce(answer.avg_value::text, '-'), coalesce(answer.max_value::text, '-'),
    coalesce(answer.last_value::text, '-'), answer.data_points, answer.is_complete
  )
  from public.get_quantity_series('TAP_NORTH', quantity, '2026-03-01T00:00:00Z', '2026-03-01T03:00:00Z', 3) as answer;
$$;
create function pg_temp.events()
returns setof text
language sql
stable
as $$
  select concat_ws(
    ' ', to_char(answer.occurred_at at time zone 'UTC', 'HH24:MI'), answer.kind,
    coalesce(answer.totalizer_before::text, '-'), coalesce(answer.totalizer_after::text, '-'), answer.is_exact
  )
  from public.get_totalizer_events('TAP_NORTH', '2026-03-01T00:00:00Z', '2026-03-01T03:00:00Z') as answer;
$$;

select results_eq(
  $$ select * from pg_temp.series('level') $$,
  $$ values ('00:00 1 2 3 - 2 t'), ('01:00 - - - - 0 t'), ('02:00 0 1.3333333333333333 2 - 3 t') $$,
  'a gap is a row of nulls, zero is a value, bad readings and those without the quantity are left out'
);
select results_eq(
  $$ select * from pg_temp.series('battery_level') $$,
  $$ values ('00:00 90 90 90 - 1 t'), ('01:00 - - - - 0 t'), ('02:00 87 87.66666666666667 88 - 3 t') $$,
  'whole numbers too'
);
select results_eq(
  $$ select * from pg_temp.series('totalizer') $$,
  $$ values ('00:00 - - - 110 2 t'), ('01:00 - - - - 0 t'), ('02:00 - - - 7 3 t') $$,
  'a totalizer has its last counter'
);
select results_eq(
  $$ select * from pg_temp.events() $$,
  $$ values ('02:00 reset 110 40 t'), ('02:40 rollover 995 7 t') $$,
  'a reset from the sample before the hour, a rollover within it'
);
select results_eq(
  $$
    select occurred_at, kind
    from public.get_totalizer_events('TAP_NORTH', '2026-03-01T02:00:00.000001Z', '2026-03-01T02:40:00Z')
  $$,
  $$
    select now(), null::text
    where false
  $$,
  'the window begins and ends where it is told to'
);

select private.job_rollups('2026-03-02T00:00:00Z');
select results_eq(
  $$ select * from pg_temp.series('totalizer') union all select * from pg_temp.events() $$,
  $$
    values
    ('00:00 - - - 110 2 t'), ('01:00 - - - - 0 t'), ('02:00 - - - 7 3 t'),
    ('02:00 reset 110 40 t'), ('02:40 rollover 995 7 t')
  $$,
  'the same from rollups'
);

-- Readings that are gone --------------------------------------------------------

delete from public.flow_data
where device_id = 'TAP_NORTH' and created_at < '2026-03-01T02:30:00Z';
update private.rollup_state set raw_complete_since = '2026-03-01T02:30:00Z';
update public.flow_data_hourly set is_stale = false
where device_id = 'TAP_NORTH';
select results_eq(
  $$ select * from pg_temp.series('level') $$,
  $$ values ('00:00 - - - - 0 f'), ('01:00 - - - - 0 f'), ('02:00 2 2 2 - 2 f') $$,
  'it says where a quantity is not kept any more'
);
select results_eq(
  $$ select * from pg_temp.series('totalizer') $$,
  $$ values ('00:00 - - - 110 2 t'), ('01:00 - - - - 0 t'), ('02:00 - - - 7 3 t') $$,
  'the totalizer is kept for good'
);
select results_eq(
  $$ select * from pg_temp.events() $$,
  $$ values ('02:00 reset - - f'), ('02:00 rollover - - f') $$,
  'and its resets, to the hour'
);

-- Who ------------------------------------------------------------------------------

select results_eq(
  $$
    select * from tests.sights($query$
      select max_value
      from unnest(array['TAP_NORTH', 'TAP_SOUTH']) as device (device_id)
      cross join public.get_quantity_series(device.device_id, 'level', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 1)
      where max_value is not null
    $query$)
  $$,
  $$
    values
    ('north.viewer', '2'), ('north.operator', '2'), ('north.admin', '2'), ('north.inactive', 'nothing'),
    ('south.viewer', '7'), ('south.admin', '7'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_quantity_series'), ('service_role', '2,7')
  $$,
  'a series is for the device''s organization'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select kind
      from public.get_totalizer_events('TAP_NORTH', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z')
      where kind = 'reset'
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'reset'), ('north.operator', 'reset'), ('north.admin', 'reset'), ('north.inactive', 'nothing'),
    ('south.viewer', 'nothing'), ('south.admin', 'nothing'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_totalizer_events'), ('service_role', 'reset')
  $$,
  'and so are resets'
);

-- What is refused ------------------------------------------------------------------

select throws_ok(
  $$ select public.get_quantity_series('TAP_NORTH', 'device_id', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 10) $$,
  '22023', 'no such quantity: device_id', 'a column that is no quantity'
);
select throws_ok(
  $$ select public.get_quantity_series('TAP_NORTH', 'level', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 1001) $$,
  '22023', 'max_points must be from 1 to 1000, not 1001', 'more buckets than an answer holds'
);
select throws_ok(
  $$ select public.get_quantity_series('TAP_NORTH', 'level', '-infinity', '2026-03-02T00:00:00Z', 10) $$,
  '22023', 'the window must begin and end at a time', 'a window without a beginning'
);
select throws_ok(
  $$ select public.get_totalizer_events('TAP_NORTH', null, '2026-03-02T00:00:00Z') $$,
  '22023', 'the window must begin and end at a time', 'events of no window'
);

select finish();
rollback;
