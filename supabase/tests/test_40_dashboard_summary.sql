/* The dashboard's totals: the caller's, and right whatever they are joined with. */
begin;
select plan(7);

select tests.make_two_organizations();
select tests.make_device('TAP_NORTH_2', tests.organization_id('North'));
select tests.make_device('TAP_NORTH_3', tests.organization_id('North'));
update public.devices
set
  last_seen = now() - case device_id
    when 'TAP_NORTH' then interval '14 minutes 59 seconds'
    when 'TAP_NORTH_2' then interval '15 minutes'
  end
where device_id in ('TAP_NORTH', 'TAP_NORTH_2');

-- Three more alerts about the device that has one: a join would count it four times.
insert into public.alerts (organization_id, device_id, alert_type, severity, message)
values
(tests.organization_id('North'), 'TAP_NORTH', 'type 1', 'critical', 'm'),
(tests.organization_id('North'), 'TAP_NORTH', 'type 2', 'critical', 'm'),
(tests.organization_id('North'), 'TAP_NORTH', 'type 3', 'critical', 'm');
update public.alerts
set is_resolved = true
where alert_type = 'type 3';

select tests.sign_in('north.viewer');
select results_eq(
  $$ select total_devices, online_devices, active_alerts, critical_alerts from public.dashboard_summary $$,
  $$ values (3::bigint, 1::bigint, 3::bigint, 2::bigint) $$,
  'each device and each alert counts once; online is contact within 15 minutes'
);
select results_eq(
  $$
    select distinct total_devices, online_devices, active_alerts, critical_alerts
    from public.dashboard_summary cross join public.devices cross join public.alerts
  $$,
  $$ values (3::bigint, 1::bigint, 3::bigint, 2::bigint) $$,
  'a join inflates nothing'
);
select tests.sign_in('south.viewer');
select results_eq(
  $$ select total_devices, online_devices, active_alerts, critical_alerts from public.dashboard_summary $$,
  $$ values (1::bigint, 0::bigint, 1::bigint, 0::bigint) $$,
  'another organization has its own'
);
select tests.sign_in('stranger');
select results_eq(
  $$ select total_devices, online_devices, active_alerts, critical_alerts from public.dashboard_summary $$,
  $$ values (0::bigint, 0::bigint, 0::bigint, 0::bigint) $$,
  'a stranger has nothing'
);
select tests.sign_out();
select is(
  tests.seen_by('anon', 'select total_devices from public.dashboard_summary'),
  '42501 permission denied for view dashboard_summary', 'anon may not ask'
);
select table_privs_are(
  'public', 'dashboard_summary', 'authenticated', array['SELECT'], 'people read it and nothing else'
);
select table_privs_are(
  'public', 'dashboard_summary', 'service_role', array['SELECT'], 'service_role too'
);

select finish();
rollback;
