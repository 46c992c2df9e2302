/* The alert clock: silent devices, and durations that end between two readings. */
begin;
select plan(41);

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
create function pg_temp.hear(device_id text, clock text)
returns text
language sql
volatile
as $$
  update public.devices set last_seen = pg_temp.at(hear.clock)
  where devices.device_id = hear.device_id
  returning '# heard ' || hear.device_id;
$$;
create function pg_temp.show(device_id text, measured text, received text, flow_rate double precision default 1)
returns text
language sql
volatile
as $$
  insert into public.latest_readings (device_id, organization_id, created_at, received_at, flow_rate, quality)
  select
    devices.device_id, devices.organization_id, pg_temp.at(show.measured), pg_temp.at(show.received),
    show.flow_rate, 'good'
  from public.devices
  where devices.device_id = show.device_id
  on conflict (device_id) do update
  set created_at = excluded.created_at, received_at = excluded.received_at, flow_rate = excluded.flow_rate
  returning '# shows ' || latest_readings.device_id;
$$;
create function pg_temp.life(device_id text)
returns setof text
language sql
stable
as $$
  select concat_ws(
    ' ', alerts.alert_type, alerts.severity, alerts.threshold_value, alerts.actual_value,
    to_char(alerts.created_at at time zone 'UTC', 'HH24:MI:SS'),
    case when alerts.is_resolved then 'resolved' else 'open' end
  )
  from public.alerts
  where alerts.device_id = life.device_id
  and alerts.message not in ('North alert', 'South alert')
  order by alerts.created_at, alerts.alert_type;
$$;

select tests.make_device(device_id, tests.organization_id('North'))
from unnest(array['TAP_D', 'TAP_NEW', 'TAP_V', 'TAP_MANY', 'TAP_OFF', 'TAP_P', 'TAP_Q']) as device_id;
update public.devices set created_at = '2026-01-01T00:00:00Z';
update public.devices set created_at = pg_temp.at('12:00:00')
where device_id = 'TAP_NEW';
insert into public.alert_rules (id, device_id, rule_name, rule_type, duration_minutes, severity, updated_at) values
(md5('offline')::uuid, 'TAP_D', 'Offline', 'device_offline', 0, 'critical', '2026-01-01T00:00:00Z'),
(md5('new')::uuid, 'TAP_NEW', 'Never', 'device_offline', 10, 'warning', '2026-01-01T00:00:00Z');

-- No contact ------------------------------------------------------------------

select pg_temp.hear('TAP_D', '12:00:00');
select is(private.job_alert_clock(pg_temp.at('12:09:59')), null, 'while all are heard, the clock does nothing');
select is(private.job_alert_clock(pg_temp.at('12:14:59')), '1 opened, 0 resolved', 'one that was never heard');
select results_eq(
  $$ select pg_temp.life('TAP_NEW') $$, array['device_offline warning 10 14.983333333333333 12:14:59 open'],
  'is silent when it has been registered for so long'
);
select results_eq(
  $$ select message from public.alerts where device_id = 'TAP_NEW' $$,
  array['Never: no contact for 14 min, more than the 10 min allowed (last never)'], 'the message says never'
);
select is_empty($$ select pg_temp.life('TAP_D') $$, 'a quarter of an hour is allowed without a duration');
select is(private.job_alert_clock(pg_temp.at('12:15:00')), '1 opened, 0 resolved', 'when it is over');
select results_eq(
  $$ select pg_temp.life('TAP_D') $$, array['device_offline critical 15 15 12:15:00 open'], 'it is offline'
);
select results_eq(
  $$
    select message, measured_at, rule_id, organization_id, (metadata ->> 'silent_since')::timestamptz
    from public.alerts where device_id = 'TAP_D'
  $$,
  $$
    values (
      'Offline: no contact for 15 min, more than the 15 min allowed (last heard 2026-03-01 12:00:00 UTC)',
      null::timestamptz, md5('offline')::uuid, tests.organization_id('North'), pg_temp.at('12:00:00')
    )
  $$,
  'the alert tells since when; no reading opened it'
);
select is(private.job_alert_clock(pg_temp.at('12:16:00')), null, 'it opens once');
select pg_temp.hear('TAP_D', '12:20:00');
select is(private.job_alert_clock(pg_temp.at('12:20:30')), '0 opened, 1 resolved', 'contact');
select results_eq(
  $$ select pg_temp.life('TAP_D') $$, array['device_offline critical 15 15 12:15:00 resolved'], 'resolves it'
);
select is(private.job_alert_clock(pg_temp.at('12:40:00')), '1 opened, 0 resolved', 'the next silence opens the next');
select tests.sign_in('north.operator');
update public.alerts set is_resolved = true
where device_id = 'TAP_D' and not is_resolved;
select tests.sign_out();
select is(
  private.job_alert_clock(pg_temp.at('12:41:00')), null, 'a silence that a person has dealt with raises no second alert'
);
update public.alert_rules set severity = 'info', updated_at = pg_temp.at('12:42:00')
where id = md5('offline')::uuid;
alter table public.alert_rules disable trigger _200_touch_updated_at;
update public.alert_rules set updated_at = pg_temp.at('12:42:00')
where id = md5('offline')::uuid;
alter table public.alert_rules enable trigger _200_touch_updated_at;
select is(private.job_alert_clock(pg_temp.at('12:43:00')), '1 opened, 0 resolved', 'unless its rule was changed since');
select pg_temp.hear('TAP_D', '12:27:00');
select is(
  private.job_alert_clock(pg_temp.at('12:44:00')), null, 'a contact that is long past when it gets known ends nothing'
);
select pg_temp.hear('TAP_D', '12:44:00');
select is(private.job_alert_clock(pg_temp.at('12:44:30')), '0 opened, 1 resolved', 'a new one does');

-- No data ---------------------------------------------------------------------

insert into public.alert_rules (id, device_id, rule_name, rule_type, duration_minutes, severity, updated_at)
values (md5('value')::uuid, 'TAP_V', 'No data', 'no_data', 5, 'warning', '2026-01-01T00:00:00Z');
select pg_temp.hear('TAP_V', '12:59:00');
select pg_temp.show('TAP_V', '12:50:00', '12:50:01');
select is(private.job_alert_clock(pg_temp.at('12:54:59')), null, 'a value of five minutes ago');
select is(private.job_alert_clock(pg_temp.at('12:55:00')), '1 opened, 0 resolved', 'is none any more');
select results_eq(
  $$ select pg_temp.life('TAP_V') $$, array['no_data warning 5 5 12:55:00 open'], 'though there is contact'
);
select results_eq(
  $$ select message from public.alerts where device_id = 'TAP_V' $$,
  array['No data: no reading for 5 min, more than the 5 min allowed (last measured 2026-03-01 12:50:00 UTC)'],
  'the message tells how old the value is'
);
select pg_temp.show('TAP_V', '12:51:00', '12:56:00');
select is(private.job_alert_clock(pg_temp.at('12:56:30')), null, 'a late reading is no data');
select pg_temp.show('TAP_V', '13:01:00', '12:57:00');
select pg_temp.hear('TAP_D', '13:00:00');
select is(private.job_alert_clock(pg_temp.at('12:57:30')), '0 opened, 1 resolved', 'a new one is');
select is(
  private.job_alert_clock(pg_temp.at('13:02:00')), '1 opened, 0 resolved',
  'a clock that is ahead makes no value younger than its arrival'
);

-- A reading ends a silence at once --------------------------------------------

select private.create_flow_data_months(now(), now());
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_V', now(), 2), ('TAP_D', now(), 3);
select results_eq(
  $$ select pg_temp.life('TAP_V') $$,
  array['no_data warning 5 5 12:55:00 resolved', 'no_data warning 5 5 13:02:00 resolved'],
  'the trigger does not wait for the clock'
);

-- Every device of an organization ----------------------------------------------

delete from public.alert_rules;
insert into public.alert_rules (id, organization_id, rule_name, rule_type, updated_at)
values (md5('any')::uuid, tests.organization_id('North'), 'Any', 'no_data', '2026-01-01T00:00:00Z');
select pg_temp.show(device_id, '14:00:00', '14:00:00') from public.devices
where device_id in ('TAP_D', 'TAP_V', 'TAP_P', 'TAP_Q', 'TAP_NORTH', 'TAP_SOUTH', 'TAP_NEW');
select pg_temp.hear(device_id, '14:00:00') from public.devices;
update public.devices set expected_interval_s = 60
where device_id = 'TAP_MANY';
update public.devices set expected_interval_s = 3600
where device_id = 'TAP_NEW';
select pg_temp.show('TAP_MANY', '14:00:00', '14:00:00');
update public.devices set status = 'maintenance'
where device_id in ('TAP_OFF', 'TAP_P', 'TAP_Q');
select is(private.job_alert_clock(pg_temp.at('14:04:59')), null, 'all were heard at two');
select is(private.job_alert_clock(pg_temp.at('14:05:00')), '1 opened, 0 resolved', 'without a duration');
select results_eq(
  $$ select pg_temp.life('TAP_MANY') $$, array['no_data warning 5 5 14:05:00 open'],
  'a device is allowed at least five minutes'
);
select is(
  private.job_alert_clock(pg_temp.at('14:15:00')), '3 opened, 0 resolved',
  'three of its intervals, each device of the organization its own'
);
select is_empty($$ select pg_temp.life('TAP_SOUTH') $$, 'and of no other');
select is_empty($$ select pg_temp.life('TAP_OFF') $$, 'a device in maintenance is not asked for');
select is_empty(
  $$ select told from pg_temp.life('TAP_NEW') as told where told like 'no_data%' $$, 'nor yet a slow one'
);

-- Back into use ----------------------------------------------------------------

insert into public.alert_rules (id, device_id, rule_name, rule_type, duration_minutes, severity, updated_at)
values (md5('off')::uuid, 'TAP_OFF', 'Off', 'device_offline', 1, 'warning', '2026-01-01T00:00:00Z');
update public.devices set status = 'active'
where device_id in ('TAP_OFF', 'TAP_P', 'TAP_Q');
update private.watch_starts set started_at = pg_temp.at('14:20:00');
delete from public.alert_rules
where id = md5('any')::uuid;
select is(private.job_alert_clock(pg_temp.at('14:20:59')), null, 'back in use, it gets its time');
select is(private.job_alert_clock(pg_temp.at('14:21:00')), '1 opened, 0 resolved', 'and no more');
select results_eq(
  $$ select pg_temp.life('TAP_OFF') $$, array['device_offline warning 1 1 14:21:00 open'],
  'its silence counts from then'
);
update public.alert_rules set is_enabled = false;

-- Durations that end between two readings ---------------------------------------

insert into public.alert_rules (id, device_id, rule_name, rule_type, threshold_value, deadband, duration_minutes) values
(md5('long p')::uuid, 'TAP_P', 'Long', 'high_flow', 100, 10, 3),
(md5('long q')::uuid, 'TAP_Q', 'Long', 'high_flow', 100, 10, 30);
select pg_temp.show('TAP_P', '15:00:30', '15:00:31', 130);
select pg_temp.show('TAP_Q', '15:00:30', '15:00:31', 130);
insert into private.pending_alerts (rule_id, device_id, first_breach_at)
values (md5('long p')::uuid, 'TAP_P', pg_temp.at('14:59:00')), (md5('long q')::uuid, 'TAP_Q', pg_temp.at('14:35:00'));
select is(private.job_alert_clock(pg_temp.at('15:01:59')), null, 'a value beyond for not quite three minutes');
select is(private.job_alert_clock(pg_temp.at('15:02:00')), '1 opened, 0 resolved', 'and for three, without a reading between');
select results_eq(
  $$ select message, measured_at, actual_value, threshold_value, created_at from public.alerts where device_id = 'TAP_P' $$,
  $$
    values (
      'Long: flow 130 m3/h is above the threshold of 100 m3/h for 3 min (measured 2026-03-01 15:00:30 UTC)',
      pg_temp.at('15:00:30'), 130::double precision, 100::double precision, pg_temp.at('15:02:00')
    )
  $$,
  'opens the alert with the latest value'
);
select pg_temp.show('TAP_Q', '15:00:30', '15:00:31', 95);
select is(private.job_alert_clock(pg_temp.at('15:05:00')), null, 'a value that is back, if only within the deadband, does not');
select pg_temp.show('TAP_Q', '15:00:30', '15:00:31', 130);
select is(private.job_alert_clock(pg_temp.at('15:10:31')), null, 'nor one too old to be judged');
update public.alerts set is_resolved = true
where device_id = 'TAP_P';
select is(
  private.job_alert_clock(pg_temp.at('15:06:00')), '1 opened, 0 resolved', 'only one that is beyond and young enough'
);
select results_eq(
  $$ select device_id, is_resolved from public.alerts where alert_type = 'high_flow' and rule_id is not null order by created_at $$,
  $$ values ('TAP_P', true), ('TAP_Q', false) $$,
  'one that a person has resolved is for another reading to open, not for the clock'
);

select finish();
rollback;
