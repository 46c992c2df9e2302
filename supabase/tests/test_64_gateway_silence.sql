/* The alert clock: a gateway that is silent raises one alert, its devices none. */
begin;
select plan(36);

select tests.make_two_organizations();
delete from public.alert_rules;
update public.alerts set is_resolved = true;

-- Everything here happens on the first of March 2026, from noon on.
create function pg_temp.at(clock text)
returns timestamptz
language sql
immutable
as $$
  select ('2026-03-01T' || clock || 'Z')::timestamptz;
$$;
create function pg_temp.hear(gateway text, devices text[], clock text)
returns text
language sql
volatile
as $$
  update public.devices set last_seen = pg_temp.at(hear.clock)
  where devices.device_id = any (hear.devices);
  update public.gateways set last_seen = pg_temp.at(hear.clock)
  where gateways.name = hear.gateway;
  select '# heard ' || concat_ws(', ', hear.gateway, array_to_string(hear.devices, ', '));
$$;
create function pg_temp.told()
returns setof text
language sql
stable
as $$
  select concat_ws(
    ' ', coalesce(alerts.device_id, gateways.name), alerts.alert_type,
    to_char(alerts.created_at at time zone 'UTC', 'HH24:MI'),
    case when alerts.is_resolved then 'resolved' else 'open' end
  )
  from public.alerts
  left join public.gateways on gateways.id = alerts.gateway_id
  where alerts.message not in ('North alert', 'South alert')
  order by alerts.created_at, 1;
$$;

insert into public.gateways (id, organization_id, name) values
(md5('gateway GW')::uuid, tests.organization_id('North'), 'GW'),
(md5('gateway GW hourly')::uuid, tests.organization_id('North'), 'GW hourly'),
(md5('gateway GW spare')::uuid, tests.organization_id('North'), 'GW spare'),
(md5('gateway GW never')::uuid, tests.organization_id('North'), 'GW never'),
(md5('gateway GW short')::uuid, tests.organization_id('North'), 'GW short');
select tests.make_device(device_id, tests.organization_id('North'))
from unnest(array['TAP_A', 'TAP_B', 'TAP_C', 'TAP_HOURLY', 'TAP_STORED', 'TAP_LONELY', 'TAP_S', 'TAP_T']) as device_id;
update public.devices
set created_at = '2026-01-01T00:00:00Z', expected_interval_s = 300, gateway_id = md5('gateway ' || placed.gateway)::uuid
from (
  values
  ('TAP_A', 'GW'), ('TAP_B', 'GW'), ('TAP_C', 'GW'), ('TAP_HOURLY', 'GW hourly'), ('TAP_STORED', 'GW spare'),
  ('TAP_LONELY', 'GW never'), ('TAP_S', 'GW short'), ('TAP_T', 'GW short')
) as placed (device_id, gateway)
where devices.device_id = placed.device_id;
update public.devices set expected_interval_s = 3600
where device_id = 'TAP_HOURLY';
update public.devices set status = 'inactive'
where device_id = 'TAP_STORED';
insert into public.alert_rules (device_id, rule_name, rule_type, duration_minutes, updated_at) values
('TAP_A', 'Offline', 'device_offline', 30, '2026-01-01T00:00:00Z'),
('TAP_B', 'Offline', 'device_offline', 30, '2026-01-01T00:00:00Z'),
('TAP_C', 'Offline', 'device_offline', 30, '2026-01-01T00:00:00Z');
update public.devices set last_seen = pg_temp.at('23:00:00')
where device_id in ('TAP_NORTH', 'TAP_SOUTH', 'TAP_LONELY', 'TAP_S', 'TAP_T');

-- One alert for all -----------------------------------------------------------

select pg_temp.hear('GW', array['TAP_A', 'TAP_B', 'TAP_C'], '12:00:00');
select pg_temp.hear('GW hourly', array['TAP_HOURLY'], '12:00:00');
select pg_temp.hear('GW spare', array['TAP_STORED'], '12:00:00');
select pg_temp.hear('GW short', array[]::text[], '23:00:00');
select is(private.job_alert_clock(pg_temp.at('12:14:59')), null, 'less than a quarter of an hour is no silence');
select is(private.job_alert_clock(pg_temp.at('12:15:00')), '1 opened, 0 resolved', 'a quarter of an hour is, without a rule');
select results_eq($$ select pg_temp.told() $$, array['GW gateway_offline 12:15 open'], 'of the gateway');
select results_eq(
  $$
    select organization_id, severity, message, rule_id, device_id, threshold_value, actual_value,
    (metadata ->> 'silent_since')::timestamptz
    from public.alerts where alert_type = 'gateway_offline'
  $$,
  $$
    values (
      tests.organization_id('North'), 'critical',
      'GW: no contact for 15 min, more than the 15 min allowed (last heard 2026-03-01 12:00:00 UTC)',
      null::uuid, null::text, 15::double precision, 15::double precision, pg_temp.at('12:00:00')
    )
  $$,
  'it is critical, and says since when'
);
select is(private.job_alert_clock(pg_temp.at('12:31:00')), null, 'its devices raise none, it no second');
select tests.sign_in('north.operator');
update public.alerts set is_resolved = true
where alert_type = 'gateway_offline';
select tests.sign_out();
select is(private.job_alert_clock(pg_temp.at('12:32:00')), null, 'nor when a person has dealt with it');

-- Back again -------------------------------------------------------------------

select pg_temp.hear('GW', array['TAP_A', 'TAP_B'], '12:40:00');
select is(private.job_alert_clock(pg_temp.at('12:40:30')), null, 'when the gateway is back and a device is not');
select pg_temp.hear('GW', array['TAP_A', 'TAP_B'], '13:09:00');
select is(private.job_alert_clock(pg_temp.at('13:09:59')), null, 'the device has its time from then');
select is(
  private.job_alert_clock(pg_temp.at('13:10:00')), '1 opened, 0 resolved', 'and is then silent behind a living gateway'
);
select results_eq(
  $$ select pg_temp.told() $$, array['GW gateway_offline 12:15 resolved', 'TAP_C device_offline 13:10 open'],
  'which is its own alert'
);
select is(
  private.job_alert_clock(pg_temp.at('13:24:00')), '1 opened, 0 resolved', 'a silence after that raises the gateway''s next'
);
select pg_temp.hear('GW', array['TAP_A', 'TAP_B'], '13:30:00');
select is(private.job_alert_clock(pg_temp.at('13:30:10')), '0 opened, 1 resolved', 'contact resolves it');
select results_eq(
  $$ select pg_temp.told() $$,
  array[
    'GW gateway_offline 12:15 resolved', 'TAP_C device_offline 13:10 open', 'GW gateway_offline 13:24 resolved'
  ],
  'and not the device''s, which is still silent'
);
select results_eq(
  $$ select resolved_by, resolution_note from public.alerts where alert_type = 'gateway_offline' and created_at > pg_temp.at('13:00:00') $$,
  $$ values (null::uuid, null::text) $$, 'by nobody'
);
select pg_temp.hear('GW', array['TAP_A', 'TAP_B', 'TAP_C'], '13:35:00');
select is(private.job_alert_clock(pg_temp.at('13:35:10')), '0 opened, 1 resolved', 'its own contact resolves that');

-- Who is not judged --------------------------------------------------------------

select is_empty(
  $$ select told from pg_temp.told() as told where told like 'GW spare%' $$, 'a gateway without a device in use is not judged'
);
select is_empty(
  $$ select told from pg_temp.told() as told where told like 'GW hourly%' $$,
  'one whose devices call once an hour has longer'
);
select is_empty(
  $$ select told from pg_temp.told() as told where told like 'North gateway%' $$, 'one that was never heard is not judged'
);
select pg_temp.hear('GW', array['TAP_A', 'TAP_B', 'TAP_C'], '16:00:00');
delete from public.alert_rules;
select is(
  private.job_alert_clock(pg_temp.at('14:59:59')), null, 'three intervals of an hourly device'
);
select is(private.job_alert_clock(pg_temp.at('15:00:00')), '1 opened, 0 resolved', 'are silence');
update public.devices set status = 'maintenance'
where device_id = 'TAP_HOURLY';
select is(
  private.job_alert_clock(pg_temp.at('15:01:00')), '0 opened, 1 resolved', 'when its last device is put aside, that is over'
);
select results_eq(
  $$ select resolved_by, resolution_note from public.alerts where message like 'GW hourly:%' $$,
  $$ values (null::uuid, 'No device behind it is watched.') $$, 'with a note'
);
update public.devices set status = 'active'
where device_id = 'TAP_HOURLY';
update private.watch_starts set started_at = pg_temp.at('15:30:00')
where device_id = 'TAP_HOURLY';
select is(private.job_alert_clock(pg_temp.at('15:31:00')), null, 'back in use, it is not silent at once');
select pg_temp.hear('GW hourly', array['TAP_HOURLY'], '23:00:00');

-- A device's rule is shorter than the gateway's time -----------------------------

insert into public.alert_rules (id, device_id, rule_name, rule_type, duration_minutes, updated_at) values
(md5('short')::uuid, 'TAP_S', 'Short', 'device_offline', 8, '2026-01-01T00:00:00Z'),
(md5('data')::uuid, 'TAP_S', 'Data', 'no_data', 8, '2026-01-01T00:00:00Z');
insert into public.latest_readings (device_id, organization_id, created_at, received_at, flow_rate, quality)
values ('TAP_S', tests.organization_id('North'), pg_temp.at('16:00:00'), pg_temp.at('16:00:01'), 1, 'good');
select pg_temp.hear('GW', array['TAP_A', 'TAP_B', 'TAP_C'], '23:00:00');
select pg_temp.hear('GW short', array['TAP_S'], '16:00:01');
select pg_temp.hear('GW short', array['TAP_T'], '16:02:30');
select is(
  private.job_alert_clock(pg_temp.at('16:08:01')), null,
  'when a device''s time is over and its gateway was not heard since the device was due, nothing is clear yet'
);
select is(private.job_alert_clock(pg_temp.at('16:10:29')), null, 'not yet');
select is(private.job_alert_clock(pg_temp.at('16:10:30')), '1 opened, 0 resolved', 'when the gateway is silent for that time too');
select results_eq(
  $$ select told from pg_temp.told() as told where told ~ 'GW short|TAP_S|TAP_T' $$, array['GW short gateway_offline 16:10 open'],
  'it stands for the device, with either rule'
);
select pg_temp.hear('GW short', array['TAP_T'], '16:11:00');
select is(private.job_alert_clock(pg_temp.at('16:11:30')), '0 opened, 1 resolved', 'the gateway is back, the device is not');
select pg_temp.hear('GW short', array['TAP_T'], '16:18:30');
select is(private.job_alert_clock(pg_temp.at('16:18:59')), null, 'it gets its eight minutes');
select is(private.job_alert_clock(pg_temp.at('16:19:00')), '2 opened, 0 resolved', 'and is silent itself');
select results_eq(
  $$
    select told from pg_temp.told() as told where told ~ 'GW short|TAP_S|TAP_T'
  $$,
  array['GW short gateway_offline 16:10 resolved', 'TAP_S device_offline 16:19 open', 'TAP_S no_data 16:19 open'],
  'each rule tells so'
);

-- A gateway whose key is not used any more ---------------------------------------

select pg_temp.hear('none', array['TAP_S', 'TAP_T'], '17:00:00');
select is(private.job_alert_clock(pg_temp.at('17:00:10')), '0 opened, 1 resolved', 'devices that are heard by another key');
select results_eq(
  $$ select told from pg_temp.told() as told where told ~ 'GW short|TAP_S|TAP_T' and told like '%open' $$,
  array['TAP_S no_data 16:19 open'], 'show that their gateway lives'
);

-- After a pause of the clock itself -----------------------------------------------

insert into public.job_runs (job, started_at, finished_at, is_successful, result) values
('alert_clock', now() - interval '2 hours', now() - interval '1 hour', true, 'the last before the pause');
select pg_temp.hear('GW short', array['TAP_S', 'TAP_T'], '17:01:00');
select is(
  private.job_alert_clock(pg_temp.at('19:00:00')), null,
  'when nobody woke the clock for an hour, it calls nobody silent'
);
insert into public.job_runs (job, started_at, finished_at, is_successful, result) values
('alert_clock', now(), now(), true, 'the first after it');
select is(private.job_alert_clock(pg_temp.at('19:07:59')), null, 'it gives them their time');
select is(private.job_alert_clock(pg_temp.at('19:08:00')), '1 opened, 0 resolved', 'but who is silent from then on');

select finish();
rollback;
