/* Backtest: the same alerts as the live path, and who may ask. */
begin;
select plan(25);

select tests.make_two_organizations();

-- By value --------------------------------------------------------------------

-- One device, a reading every ten minutes from noon on, the first of March 2026.
update public.devices set expected_interval_s = 600, created_at = '2026-03-01T00:00:00Z'
where device_id in ('TAP_NORTH', 'TAP_SOUTH');
select private.create_flow_data_months('2026-03-01T00:00:00Z', now());
alter table public.flow_data disable trigger user;
insert into public.flow_data (device_id, created_at, flow_rate, totalizer, battery_level, quality) values
('TAP_NORTH', '2026-03-01T12:00:00Z', 50, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T12:10:00Z', 120, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T12:20:00Z', 150, 1000, 15, 'good'),
('TAP_NORTH', '2026-03-01T12:30:00Z', 95, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T12:40:00Z', 130, 1000, 10, 'good'),
('TAP_NORTH', '2026-03-01T12:50:00Z', 900, 1000, null, 'bad'),
('TAP_NORTH', '2026-03-01T13:00:00Z', 80, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T13:10:00Z', 0, 1000, 19, 'good'),
('TAP_NORTH', '2026-03-01T13:20:00Z', 0, 1000, 25, 'good'),
('TAP_NORTH', '2026-03-01T13:30:00Z', 0, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T13:40:00Z', 140, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T13:50:00Z', 140, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T14:00:00Z', 140, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T14:10:00Z', 140, 1000, null, 'good'),
('TAP_NORTH', '2026-03-01T14:20:00Z', 60, 1000, null, 'good');
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_SOUTH', '2026-03-01T12:00:00Z', 999);
alter table public.flow_data enable trigger user;

create function pg_temp.tested(
  rule_type text, threshold_value double precision, deadband double precision default 0, duration_minutes integer default 0,
  start_clock text default '11:50:00', end_clock text default '15:00:00'
)
returns setof text
language sql
stable
as $$
  select concat_ws(
    ' ', to_char(opened_at at time zone 'UTC', 'HH24:MI'),
    coalesce(to_char(resolved_at at time zone 'UTC', 'HH24:MI'), 'open'),
    to_char(measured_at at time zone 'UTC', 'HH24:MI'), actual_value, peak_value
  )
  from public.backtest_alert_rule(
    'TAP_NORTH', tested.rule_type, tested.threshold_value, tested.deadband, tested.duration_minutes,
    ('2026-03-01T' || tested.start_clock || 'Z')::timestamptz, ('2026-03-01T' || tested.end_clock || 'Z')::timestamptz
  );
$$;

select results_eq(
  $$ select pg_temp.tested('high_flow', 100) $$,
  array['12:10 12:30 12:10 120 150', '12:40 13:00 12:40 130 130', '13:40 14:20 13:40 140 140'],
  'high flow: when it would have opened and been resolved, by which value, and the highest; a bad reading counts for nothing'
);
select results_eq(
  $$ select pg_temp.tested('high_flow', 100, 10) $$,
  array['12:10 13:00 12:10 120 150', '13:40 14:20 13:40 140 140'], 'the deadband keeps it open'
);
select results_eq(
  $$ select pg_temp.tested('high_flow', 120, 25) $$,
  array['12:20 12:30 12:20 150 150', '12:40 13:00 12:40 130 130', '13:40 14:20 13:40 140 140'],
  'the threshold is not beyond, and the deadband''s end is back'
);
select results_eq(
  $$ select pg_temp.tested('zero_flow', 80) $$,
  array['12:00 12:10 12:00 50 50', '13:00 13:40 13:00 80 0', '14:20 open 14:20 60 60'],
  'for zero flow the threshold counts as zero'
);
select results_eq(
  $$ select pg_temp.tested('high_flow', 100, 10, 15) $$,
  array['12:25 13:00 12:20 150 150', '13:55 14:20 13:50 140 140'],
  'a duration that ends between two readings, with the value that stood'
);
select results_eq(
  $$ select pg_temp.tested('high_flow', 100, 0, 10) $$,
  array['12:20 12:30 12:20 150 150', '12:50 13:00 12:40 130 130', '13:50 14:20 13:50 140 140'],
  'one that ends with a reading, or in place of a bad one'
);
select results_eq(
  $$ select pg_temp.tested('high_flow', 100, 0, 0, '12:20:00', '14:10:00') $$,
  array['12:20 12:30 12:20 150 150', '12:40 13:00 12:40 130 130', '13:40 open 13:40 140 140'],
  'from one time to another: a rule saved in the middle opens with the next reading'
);
select results_eq(
  $$ select pg_temp.tested('low_flow', 60) $$,
  array['12:00 12:10 12:00 50 50', '13:10 13:40 13:10 0 0'], 'low flow: the lowest'
);
select results_eq(
  $$ select pg_temp.tested('zero_flow', null, 0, 15) $$, array['13:25 13:40 13:20 0 0'], 'zero flow'
);
select results_eq(
  $$ select pg_temp.tested('battery_low', 20, 5) $$, array['12:20 13:20 12:20 15 10'], 'battery'
);
select results_eq(
  $$ select pg_temp.tested('rate_of_change', 6.5, 0.5) $$,
  array['12:10 12:20 12:10 7 7', '13:10 13:20 13:10 8 8', '13:40 13:50 13:40 14 14', '14:20 open 14:20 8 8'],
  'rate of change [m3/h per minute]; not over two intervals or more'
);
select results_eq(
  $$ select pg_temp.tested('rate_of_change', 6.5, 0.5, 0, '12:10:00') $$,
  array['12:10 12:20 12:10 7 7', '13:10 13:20 13:10 8 8', '13:40 13:50 13:40 14 14', '14:20 open 14:20 8 8'],
  'the reading before the start takes part'
);
select results_eq(
  $$ select pg_temp.tested('stuck_value', null, 0, 20) $$, array['14:00 14:20 14:00 140 140'],
  'stuck value: from the first of the same, zero is none'
);
select results_eq(
  $$ select pg_temp.tested('stuck_value', null) $$, array[]::text[], 'without a duration an hour, as for the rule'
);
select results_eq(
  $$ select pg_temp.tested('no_data', null, 0, 15) $$,
  array['12:55 13:00 12:40 15 20', '14:35 open 14:20 15 40'], 'no data: where readings that count are further apart'
);
select results_eq(
  $$ select pg_temp.tested('no_data', null, 0, 15, '12:58:00', '14:30:00') $$,
  array['12:58 13:00 12:40 15 20'], 'also where that began before'
);
select results_eq(
  $$ select pg_temp.tested('no_data', null, 0, 15, '11:00:00', '12:30:00') $$,
  array['11:15 12:00 11:00 15 60'], 'or with no reading at all'
);
select results_eq(
  $$ select pg_temp.tested('device_offline', null, 0, 0) $$, array['14:50 open 14:20 30 40'],
  'no contact: by readings, bad ones included; three intervals without a duration'
);

-- What is no rule ---------------------------------------------------------------

select is_empty(
  $$
    select arguments from unnest(array[
      '''full_moon'', 1', 'null, 1', '''high_flow'', null', '''battery_low''', '''high_flow'', ''NaN''',
      '''low_flow'', ''-infinity''', '''high_flow'', 1, -1', '''high_flow'', 1, ''NaN''', '''high_flow'', 1, null',
      '''high_flow'', 1, 0, -1', '''high_flow'', 1, 0, null'
    ]) as arguments
    where tests.attempt('service_role', format('select public.backtest_alert_rule(''TAP_NORTH'', %s)', arguments))
    not like 'RULBT no rule that could be saved: %'
  $$,
  'what alert_rules would not take is refused'
);
select is(
  tests.attempt('north.viewer', $$ select public.backtest_alert_rule('TAP_NORTH', 'zero_flow') $$), '0 rows',
  'a type that needs no threshold needs none here, and the last 30 days are the default'
);

-- Who may ask -------------------------------------------------------------------

select results_eq(
  $query$
    select * from tests.sights($$
      select actual_value from unnest(array['TAP_NORTH', 'TAP_SOUTH']) as device_id
      cross join lateral public.backtest_alert_rule(
        device_id, 'high_flow', 145, 0, 0, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'
      )
    $$)
  $query$,
  $$
    values
    ('north.viewer', '150'), ('north.operator', '150'), ('north.admin', '150'), ('north.inactive', 'nothing'),
    ('south.viewer', '999'), ('south.admin', '999'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function backtest_alert_rule'), ('service_role', '150,999')
  $$,
  'people test on the devices of their organization'
);
select is_empty($$ select public.backtest_alert_rule('TAP_NOWHERE', 'high_flow', 1) $$, 'no device, no alerts');

-- The same as the live path -------------------------------------------------------

-- Each rule has a device of its own; all get the same readings, one to four
-- minutes apart, and the clock runs each minute. The devices of the second kind
-- get them by the dozen.
create table pg_temp.tried (
  device_id text, rule_type text, threshold_value double precision, deadband double precision, duration_minutes integer,
  is_live boolean
);
insert into pg_temp.tried values
('TAP_TRY_1', 'high_flow', 100, 30, 0, true),
('TAP_TRY_2', 'high_flow', 100, 0, 1, true),
('TAP_TRY_3', 'low_flow', 10, 0, 0, true),
('TAP_TRY_4', 'low_flow', 10, 35, 2, true),
('TAP_TRY_5', 'zero_flow', 0.2, 1, 2, true),
('TAP_TRY_6', 'zero_flow', null, 0, 1, true),
('TAP_TRY_7', 'battery_low', 12, 4, 0, true),
('TAP_TRY_8', 'battery_low', 12, 0, 3, true),
('TAP_TRY_9', 'rate_of_change', 20, 5, 0, true),
('TAP_TRY_10', 'rate_of_change', 20, 0, 2, true),
('TAP_TRY_11', 'stuck_value', null, 0, 1, true),
('TAP_TRY_12', 'stuck_value', 1, 1, 2, true),
('TAP_TRY_13', 'no_data', null, 0, 3, true),
('TAP_TRY_14', 'device_offline', null, 0, 3, true),
('TAP_TRY_15', 'high_flow', 100, 30, 0, false),
('TAP_TRY_16', 'low_flow', 10, 5, 0, false),
('TAP_TRY_17', 'zero_flow', null, 0, 0, false),
('TAP_TRY_18', 'battery_low', 12, 4, 0, false),
('TAP_TRY_19', 'rate_of_change', 20, 5, 0, false);
select tests.make_device(device_id) from pg_temp.tried;
update public.devices set expected_interval_s = 3600
where device_id like 'TAP_TRY_%';
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, deadband, duration_minutes)
select
  device_id,
  device_id as rule_name,
  rule_type,
  threshold_value,
  deadband,
  duration_minutes
from pg_temp.tried;

-- As if by chance, and the same each time.
create function pg_temp.draw(what text, place bigint, choices integer)
returns integer
language sql
immutable
as $$
  select ('x' || substr(md5(what || place), 1, 7))::bit(28)::integer % choices;
$$;
create function pg_temp.made()
returns table (
  created_at timestamptz, minute bigint, flow_rate double precision, totalizer integer, battery_level integer, quality text
)
language sql
stable
as $$
  select
    date_trunc('minute', now()) - interval '115 minutes' + spaced.minute * interval '1 minute',
    spaced.minute,
    case
      when pg_temp.draw('absent', place, 8) > 0
        then (array[0, 0, 40, 40, 40, 99, 105, 120, 120, 3, 65])[1 + pg_temp.draw('flow', place, 11)]
    end,
    case when pg_temp.draw('ghost', place, 9) = 0 then 0 else 1000 end,
    pg_temp.draw('battery', place, 30),
    case when pg_temp.draw('bad', place, 8) = 0 then 'bad' else 'good' end
  from (
    select
      place,
      sum(1 + pg_temp.draw('pause', place, 4) * pg_temp.draw('pause', place + 1000, 2)) over (order by place) as minute
    from generate_series(1, 80) as place
  ) as spaced
  where spaced.minute <= 113;
$$;
create table pg_temp.fed as
select
  created_at,
  minute,
  flow_rate,
  totalizer,
  battery_level,
  quality
from pg_temp.made();

create function pg_temp.feed(is_live boolean, first_minute integer, last_minute integer)
returns text
language sql
volatile
as $$
  select '# fed ' || count(*)
  from public.ingest_readings((
    select coalesce(jsonb_agg(jsonb_build_object(
      'device_id', tried.device_id, 'created_at', fed.created_at, 'received_at', fed.created_at,
      'flow_rate', fed.flow_rate, 'totalizer', fed.totalizer, 'battery_level', fed.battery_level, 'quality', fed.quality
    )), '[]')
    from pg_temp.fed
    inner join pg_temp.tried on tried.is_live = feed.is_live
    where fed.minute between feed.first_minute and feed.last_minute
  ));
$$;
create function pg_temp.run(last_minute integer)
returns text
language plpgsql
volatile
as $$
begin
  for v_minute in 0 .. run.last_minute loop
    perform pg_temp.feed(true, v_minute, v_minute);
    perform private.job_alert_clock(date_trunc('minute', now()) + (v_minute - 115) * interval '1 minute');
  end loop;
  return '# ran';
end;
$$;
select pg_temp.run(114);
select pg_temp.feed(false, first_minute, first_minute + 37) from generate_series(0, 113, 38) as first_minute;

create function pg_temp.live(is_live boolean)
returns table (device_id text, rule_type text, measured_at timestamptz, actual_value double precision, is_resolved boolean)
language sql
stable
as $$
  select
    alerts.device_id, alerts.alert_type, coalesce(alerts.measured_at, (alerts.metadata ->> 'silent_since')::timestamptz),
    alerts.actual_value, alerts.is_resolved
  from public.alerts
  inner join pg_temp.tried on tried.device_id = alerts.device_id
  where tried.is_live = live.is_live
  order by alerts.device_id, 3;
$$;
create function pg_temp.told(is_live boolean)
returns table (device_id text, rule_type text, measured_at timestamptz, actual_value double precision, is_resolved boolean)
language sql
stable
as $$
  select
    tried.device_id, tried.rule_type, answer.measured_at, answer.actual_value, answer.resolved_at is not null
  from pg_temp.tried
  cross join lateral public.backtest_alert_rule(
    tried.device_id, tried.rule_type, tried.threshold_value, tried.deadband, tried.duration_minutes,
    now() - interval '3 hours', date_trunc('minute', now()) - interval '1 minute' + interval '1 second'
  ) as answer
  where tried.is_live = told.is_live
  order by tried.device_id, answer.measured_at;
$$;

select is_empty(
  $$
    select device_id, rule_type from pg_temp.tried
    where device_id not in (
      select device_id from (select * from pg_temp.live(true) union all select * from pg_temp.live(false)) as live
      group by device_id
      having count(*) > 1
    )
  $$,
  'each rule raised alerts, and not one only'
);
select results_eq(
  $$ select * from pg_temp.told(true) $$, $$ select * from pg_temp.live(true) $$, 'and the backtest tells the same ones'
);
select results_eq(
  $$ select * from pg_temp.told(false) $$, $$ select * from pg_temp.live(false) $$,
  'also where many readings come at once'
);

select finish();
rollback;
