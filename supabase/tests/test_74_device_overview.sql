/* The device list and the device page: what they say of a device, and to whom. */
begin;
select plan(18);

select tests.make_two_organizations();
select tests.make_device('TAP_NORTH_2', tests.organization_id('North'));
update public.devices set
  site_id = md5('site North')::uuid,
  gateway_id = md5('gateway North')::uuid,
  profile = 'nivus_750@1',
  last_seen = now() - interval '14 minutes 59 seconds'
where device_id = 'TAP_NORTH';
update public.devices set last_seen = now() - interval '15 minutes'
where device_id = 'TAP_NORTH_2';
do $$
begin
  perform private.create_flow_data_months('2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z');
end;
$$;
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer, quality) values
('TAP_NORTH', '2026-02-01T00:00:00Z', '2026-02-01T00:00:01Z', 0, 4500.25, 'good'),
('TAP_NORTH', '2026-02-01T00:05:00Z', '2026-02-01T00:05:01Z', 7, null, 'bad'),
('TAP_SOUTH', '2026-02-01T00:00:00Z', '2026-02-01T00:00:01Z', 99, null, 'good');

-- Beside its own rule: one for every device, one that is off, one of the other organization.
insert into public.alert_rules (id, organization_id, device_id, rule_name, rule_type, is_enabled) values
(md5('common')::uuid, tests.organization_id('North'), null, 'a silence', 'device_offline', true),
(md5('off')::uuid, tests.organization_id('North'), 'TAP_NORTH', 'off', 'no_data', false),
(md5('foreign')::uuid, tests.organization_id('South'), null, 'foreign', 'device_offline', true);
insert into public.alerts (id, organization_id, device_id, gateway_id, alert_type, severity, message, is_resolved) values
(md5('worst')::uuid, tests.organization_id('North'), 'TAP_NORTH', null, 'a', 'critical', 'm', false),
(md5('least')::uuid, tests.organization_id('North'), 'TAP_NORTH', null, 'b', 'info', 'm', false),
(md5('past')::uuid, tests.organization_id('North'), 'TAP_NORTH_2', null, 'c', 'critical', 'm', false),
(md5('gateway')::uuid, tests.organization_id('North'), null, md5('gateway North')::uuid, 'd', 'warning', 'm', false);
update public.alerts set is_resolved = true
where id = md5('past')::uuid;
insert into public.device_aliases (organization_id, kind, alias, device_id) values
(tests.organization_id('North'), 'server_name', 'b', 'TAP_NORTH'),
(tests.organization_id('North'), 'ip', '10.0.0.1', 'TAP_NORTH'),
(tests.organization_id('North'), 'ip', '10.0.0.2', 'TAP_NORTH_2');

-- The list ------------------------------------------------------------------------------------

select tests.sign_in('north.viewer');
select results_eq(
  $$
    select device_id, is_online, rules, open_alerts, worst_severity
    from public.device_overview order by device_id collate "C"
  $$,
  $$
    values
    ('TAP_NORTH', true, 2::bigint, 3::bigint, 'critical'),
    ('TAP_NORTH_2', false, 1::bigint, 0::bigint, null::text)
  $$,
  'each counts what is enabled and what is open, of its own and of every device, and of no other organization'
);
select is(
  (
    select latest::jsonb from public.device_overview
    where device_id = 'TAP_NORTH'
  ),
  jsonb '{"device_id": "TAP_NORTH", "created_at": "2026-02-01T00:00:00+00:00",
    "received_at": "2026-02-01T00:00:01+00:00", "flow_rate": 0, "totalizer": 4500.25, "temperature": null,
    "pressure": null, "level": null, "velocity": null, "battery_level": null, "signal_strength": null,
    "quality": "good"}',
  'the latest reading that is not bad, zero and null apart'
);
select is(
  (
    select latest::text from public.device_overview
    where device_id = 'TAP_NORTH_2'
  ), null,
  'none is null, no object of nulls'
);
select results_eq(
  $$ select device_id from public.device_overview where search_text ilike '%h IN%' order by device_id $$,
  array['TAP_NORTH'],
  'a name is found by a part of it, in any case'
);
select tests.sign_out();
select is_empty(
  $$
    select column_name from information_schema.columns
    where table_schema = 'public' and table_name = 'devices'
    except
    select column_name from information_schema.columns
    where table_schema = 'public' and table_name = 'device_overview'
  $$,
  'every column of devices is in it'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select concat_ws(' ', device_id, latest ->> 'flow_rate', rules, open_alerts)
      from public.device_overview where device_name like '% inlet'
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'TAP_NORTH 0 2 3'),
    ('north.operator', 'TAP_NORTH 0 2 3'),
    ('north.admin', 'TAP_NORTH 0 2 3'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'TAP_SOUTH 99 2 1'),
    ('south.admin', 'TAP_SOUTH 99 2 1'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for view device_overview'),
    ('service_role', 'TAP_NORTH 0 2 3,TAP_SOUTH 99 2 1')
  $$,
  'a person sees the devices of their own organization'
);
select table_privs_are('public', 'device_overview', 'authenticated', array['SELECT'], 'people read it and nothing else');
select table_privs_are('public', 'device_overview', 'anon', array[]::text[], 'anon holds no privilege');

-- Who asks for one device pays for one: no list of all that the caller may see.
create function pg_temp.plan_of(query text)
returns setof text
language plpgsql
volatile
as $$
begin
  return query execute 'explain (costs off) ' || plan_of.query;
end;
$$;
grant execute on function pg_temp.plan_of(text) to authenticated;
select tests.sign_in('north.viewer');
select is_empty(
  $$
    select line from pg_temp.plan_of('select * from public.device_overview where device_id = ''TAP_NORTH''') as line
    where line like '%member_device_ids%' or line like '%ANY (%'
  $$,
  'no policy on the way lists every device'
);
select tests.sign_out();

-- The page -------------------------------------------------------------------------------------

select tests.sign_in('north.viewer');
select results_eq(
  $$
    select device ->> 'device_id', device -> 'latest' ->> 'flow_rate', site ->> 'name', gateway ->> 'serial',
      profile ->> 'name', profile ->> 'version', json_array_length(profile -> 'registers')
    from public.get_device_page('TAP_NORTH')
  $$,
  $$ values ('TAP_NORTH', '0', 'North plant', 'SN-North', 'nivus_750', '1', 5) $$,
  'a device with its site, gateway and profile'
);
select results_eq(
  $$
    select rule ->> 'rule_name'
    from public.get_device_page('TAP_NORTH'), json_array_elements(rules) with ordinality as listed (rule, place)
    order by place
  $$,
  array['North rule', 'off', 'a silence'],
  'its rules, those for every device last, the disabled too'
);
select results_eq(
  $$
    select alert ->> 'severity', alert ->> 'alert_type'
    from public.get_device_page('TAP_NORTH'), json_array_elements(alerts) with ordinality as listed (alert, place)
    where alert ->> 'severity' <> 'warning'
    order by place
  $$,
  $$ values ('critical', 'a'), ('info', 'b') $$,
  'the open alerts, the worst first'
);
select bag_eq(
  $$
    select alert ->> 'alert_type' from public.get_device_page('TAP_NORTH'), json_array_elements(alerts) as alert
    where alert ->> 'severity' = 'warning'
  $$,
  array['high_flow', 'd'],
  'its gateway''s too'
);
select results_eq(
  $$
    select known ->> 'alias'
    from public.get_device_page('TAP_NORTH'), json_array_elements(aliases) with ordinality as listed (known, place)
    order by place
  $$,
  array['10.0.0.1', 'b'],
  'the names it goes by'
);
select results_eq(
  $$
    select site::text, gateway::text, profile::text, json_array_length(rules), alerts::text, json_array_length(aliases)
    from public.get_device_page('TAP_NORTH_2')
  $$,
  $$ values (null::text, null::text, null::text, 1, '[]', 1) $$,
  'what a device does not have is null or an empty list'
);
select tests.sign_out();
select results_eq(
  $$ select * from tests.sights('select device ->> ''device_id'' from public.get_device_page(''TAP_NORTH'')') $$,
  $$
    values
    ('north.viewer', 'TAP_NORTH'),
    ('north.operator', 'TAP_NORTH'),
    ('north.admin', 'TAP_NORTH'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'nothing'),
    ('south.admin', 'nothing'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for function get_device_page'),
    ('service_role', '42501 permission denied for function get_device_page')
  $$,
  'another organization''s device is not there'
);

-- Readings follow their device ----------------------------------------------------------------------

select results_eq(
  $$ select * from tests.sights('select flow_rate from public.latest_readings') where person like '%.viewer' $$,
  $$ values ('north.viewer', '0'), ('south.viewer', '99') $$,
  'a latest reading is seen by its device''s organization'
);
update public.devices set organization_id = tests.organization_id('South'), site_id = null, gateway_id = null
where device_id = 'TAP_NORTH';
select results_eq(
  $$ select * from tests.sights('select flow_rate from public.latest_readings') where person like '%.viewer' $$,
  $$ values ('north.viewer', 'nothing'), ('south.viewer', '0,99') $$,
  'and by the next one, once it moved'
);

select finish();
rollback;
