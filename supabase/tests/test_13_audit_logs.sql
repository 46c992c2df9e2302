/* Audit: every change of the configuration leaves one entry, contact leaves none. */
begin;
select plan(13);

select tests.make_two_organizations();

-- From here on, what one person does.
create view pg_temp.entry as
select
  user_id,
  action,
  resource_type,
  resource_id,
  details,
  ip_address
from public.audit_logs
where user_id is not null;

select results_eq(
  $$
    select resource_type, count(*) from public.audit_logs
    where organization_id = tests.organization_id('North') group by resource_type order by resource_type
  $$,
  $$
    values
    ('alert_rules', 1::bigint), ('api_keys', 1), ('devices', 1), ('gateways', 1), ('organizations', 1), ('sites', 1),
    ('users', 4)
  $$,
  'what the owner makes is logged too, in its organization'
);
select is_empty($$ select from pg_temp.entry $$, 'as nobody''s doing');

select set_config('request.headers', '{"x-forwarded-for": "192.0.2.7, 10.0.0.1"}', true);
select tests.sign_in('north.admin');
update public.devices
set location = 'Basin 2', description = null
where device_id = 'TAP_NORTH';
select tests.sign_out();
select results_eq(
  $$ select user_id, action, resource_type, resource_id, details, ip_address from pg_temp.entry $$,
  $$
    values (
      tests.person_id('north.admin'), 'update', 'devices', 'TAP_NORTH',
      '{"changed": {"location": {"old": null, "new": "Basin 2"}}}'::jsonb, '192.0.2.7'::inet
    )
  $$,
  'an entry says who, what, from where, and the columns that changed'
);

select set_config('request.headers', '{"x-forwarded-for": "<script>"}', true);
select tests.sign_in('north.admin');
update public.users
set role = 'operator'
where id = tests.person_id('north.viewer');
select tests.sign_out();
select results_eq(
  $$ select details, ip_address from pg_temp.entry where resource_type = 'users' $$,
  $$ values ('{"changed": {"role": {"old": "viewer", "new": "operator"}}}'::jsonb, null::inet) $$,
  'an unreadable address stops nothing'
);

select tests.sign_in('north.admin');
update public.devices
set location = 'Basin 2'
where device_id = 'TAP_NORTH';
select tests.sign_out();
select results_eq(
  $$ select count(*) from pg_temp.entry where resource_type = 'devices' $$,
  $$ values (1::bigint) $$,
  'a change to the same is none'
);

create temporary table entries_before on commit drop as
select count(*) as total
from public.audit_logs;
update public.devices
set last_seen = now()
where device_id = 'TAP_NORTH';
update public.gateways
set last_seen = now()
where serial = 'SN-North';
update public.api_keys
set last_used_at = now()
where name = 'North key';
select results_eq(
  $$ select count(*) from public.audit_logs $$, $$ select total from pg_temp.entries_before $$,
  'contact and use are nobody''s action'
);

select tests.sign_in('north.operator');
update public.alert_rules
set threshold_value = 120
where rule_name = 'North rule';
update public.alerts
set acknowledged_at = now()
where message = 'North alert';
update public.alerts
set is_resolved = true, resolution_note = 'Valve closed'
where message = 'North alert';
select tests.sign_out();
select results_eq(
  $$
    select action, resource_type, resource_id from pg_temp.entry
    where user_id = tests.person_id('north.operator') order by action
  $$,
  $$
    values
    ('acknowledge', 'alerts', md5('alert North')::uuid::text),
    ('resolve', 'alerts', md5('alert North')::uuid::text),
    ('update', 'alert_rules', md5('rule North')::uuid::text)
  $$,
  'an operator''s work is logged by its name'
);

select tests.sign_in('north.admin');
delete from public.sites
where name = 'North plant';
select tests.sign_out();
select results_eq(
  $$ select details -> 'old' ->> 'name' from pg_temp.entry where action = 'delete' $$,
  $$ values ('North plant') $$,
  'what is deleted can be read in the log'
);

update public.api_keys
set key_hash = sha256('another')
where name = 'North key';
select is_empty(
  $$ select from public.audit_logs where details::text ~ 'hash' $$, 'a hash is not told, and not that it changed'
);

-- Append only -----------------------------------------------------------------

select throws_ok(
  $$ update public.audit_logs set action = 'nothing' $$,
  'AUDRO', 'audit_logs is append only: update refused', 'an entry is not changed, whoever asks'
);
select throws_ok(
  $$ delete from public.audit_logs $$,
  'AUDRO', 'audit_logs is append only: delete refused', 'nor removed'
);
select throws_ok(
  $$ truncate public.audit_logs $$,
  'AUDRO', 'audit_logs is append only: truncate refused', 'not all of them either'
);

-- Each table of the configuration is watched.
select bag_eq(
  $$
    select distinct tgrelid::regclass::text from pg_catalog.pg_trigger
    where tgfoid = 'private.tg__audit'::regproc
  $$,
  $$
    values
    ('organizations'), ('sites'), ('users'), ('invitations'), ('gateways'), ('devices'), ('api_keys'),
    ('alert_rules'), ('alerts'), ('register_profiles'), ('device_aliases'), ('private.settings'),
    ('notification_channels'), ('statements')
  $$,
  'these tables are watched'
);

select finish();
rollback;
