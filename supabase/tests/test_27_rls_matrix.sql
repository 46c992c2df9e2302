/*
 * Every kind of caller, every table and view, every verb.
 *
 * A new table needs its rows for North and South, one line in `subject` that
 * says how to try it, and one line a kind of caller in `expected`; the first
 * two claims fail until it has them.
 *
 * test_rls_mutations.py runs everything above "What is claimed" once, and asks
 * pg_temp.tried() again after each change to a policy or grant.
 */
begin;
select plan(3);

-- Who ------------------------------------------------------------------------------

select tests.make_two_organizations();
select tests.make_person('default.operator', 'operator', private.default_organization_id());
select tests.make_person('default.admin', 'admin', private.default_organization_id());

create temporary table caller (caller text, person text) on commit drop;
insert into caller (caller, person) values
('anon', 'anon'),
('viewer', 'north.viewer'),
('operator', 'north.operator'),
('admin', 'north.admin'),
('inactive', 'north.inactive'),
('stranger', 'stranger'),
('other', 'south.admin'),
-- Of the default organization, whose admins run the project.
('staff', 'default.operator'),
('project', 'default.admin'),
('service_role', 'service_role');

-- What is there to see and to change --------------------------------------------------

select tests.make_person('north.target', 'viewer', tests.organization_id('North'));
select tests.make_person('south.target', 'viewer', tests.organization_id('South'));
insert into auth.users (id) values (tests.person_id('rowless'));
delete from public.users
where id = tests.person_id('rowless');
insert into public.invitations (organization_id, email) values
(tests.organization_id('North'), 'north@example.test'), (tests.organization_id('South'), 'south@example.test');
-- One more, for dashboard_summary to tell the two apart.
select tests.make_device('SOUTH_2', tests.organization_id('South'), 'Second');
do $$
begin
  perform private.create_flow_data_months('2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z');
end;
$$;
insert into public.flow_data (device_id, created_at, flow_rate) values
('TAP_NORTH', '2026-02-01T00:00:00Z', 12.5), ('TAP_SOUTH', '2026-02-01T00:00:00Z', 99);
insert into public.ingest_dead_letters (organization_id, reason, detail, body, fingerprint) values
(tests.organization_id('North'), 'invalid_json', 'North', '{', gen_random_uuid()),
(tests.organization_id('South'), 'invalid_json', 'South', '{', gen_random_uuid());
insert into public.device_aliases (organization_id, kind, alias, device_id) values
(tests.organization_id('North'), 'server_name', 'North alias', 'TAP_NORTH'),
(tests.organization_id('South'), 'server_name', 'South alias', 'TAP_SOUTH');
insert into public.register_profiles (id, organization_id, name, model) values
(md5('profile North')::uuid, tests.organization_id('North'), 'tap_north', 'North meter'),
(md5('profile South')::uuid, tests.organization_id('South'), 'tap_south', 'South meter');
insert into public.register_profile_registers (profile_id, metric, function_code, address, type, source_unit) values
(md5('profile North')::uuid, 'flow_rate', 4, 10, 'float32', 'North'),
(md5('profile South')::uuid, 'flow_rate', 4, 10, 'float32', 'South');
insert into public.register_profile_status (profile_id, function_code, address, bit, value, flag) values
(md5('profile North')::uuid, 4, 5, 0, 0, 'north'), (md5('profile South')::uuid, 4, 5, 0, 0, 'south');
insert into public.notification_outbox (organization_id, alert_id, event, channel) values
(tests.organization_id('North'), md5('alert North')::uuid, 'opened', '{"channel": "North"}'),
(tests.organization_id('South'), md5('alert South')::uuid, 'opened', '{"channel": "South"}');
insert into public.notification_channels (organization_id, name, kind, recipients) values
(tests.organization_id('North'), 'North', 'email', '{a@example.test}'),
(tests.organization_id('South'), 'South', 'email', '{a@example.test}');
insert into public.notification_attempts (notification_id, organization_id, is_successful, error)
select notification_outbox.id, notification_outbox.organization_id, false, notification_outbox.channel ->> 'channel'
from public.notification_outbox;
insert into public.flow_data_daily (device_id, day, starts_at, ends_at) values
('TAP_NORTH', '2026-02-01', '2026-02-01T00:00:00Z', '2026-02-02T00:00:00Z'),
('TAP_SOUTH', '2026-02-01', '2026-02-01T00:00:00Z', '2026-02-02T00:00:00Z');
do $$
begin
  perform public.issue_statement(device_id, '2026-02-01') from unnest(array['TAP_NORTH', 'TAP_SOUTH']) as device_id;
end;
$$;
insert into public.job_runs (job, started_at, finished_at, is_successful, result)
values ('tap_matrix', now(), now(), true, 'ran');

-- How to try it: what a caller sees of a row, which rows are looked at, which one is North's, what is inserted or
-- changed, and what has to go out of the way first.
create temporary table subject (
  relation text, label text, looked_at text, target text, insertion text, change text, preparation text
) on commit drop;
insert into subject (relation, label, looked_at, target, insertion, change) values
(
  'organizations', 'name', $$ name in ('North', 'South') $$, $$ name = 'North' $$,
  $$ (name) values ('East') $$, $$ time_zone = 'Europe/Berlin' $$
),
(
  'sites', 'left(name, 5)', $$ name like '% plant' $$, $$ name = 'North plant' $$,
  $$ (organization_id, name) values (tests.organization_id('North'), 'New plant') $$, $$ name = 'Renamed' $$
),
(
  'users', $$ initcap(split_part(full_name, '.', 1)) $$,
  $$ full_name in ('north.target', 'south.target', 'stranger') $$, $$ id = tests.person_id('north.target') $$,
  $$ (id, organization_id) values (tests.person_id('rowless'), tests.organization_id('North')) $$,
  $$ full_name = 'Renamed' $$
),
(
  'invitations', $$ initcap(split_part(email, '@', 1)) $$, 'true', $$ email = 'north@example.test' $$,
  $$ (organization_id, email) values (tests.organization_id('North'), 'new@example.test') $$, $$ role = 'admin' $$
),
(
  'gateways', 'left(name, 5)', $$ name like '% gateway' $$, $$ name = 'North gateway' $$,
  $$ (organization_id, name) values (tests.organization_id('North'), 'New gateway') $$, $$ serial = 'SN-9' $$
),
(
  'devices', 'left(device_name, 5)', $$ device_name like '% inlet' $$, $$ device_id = 'TAP_NORTH' $$,
  $$ (device_id, organization_id) values ('TAP_NEW', tests.organization_id('North')) $$, $$ location = 'Basin 2' $$
),
(
  'api_keys', 'left(name, 5)', $$ name like '% key' $$, $$ name = 'North key' $$,
  $$
    (organization_id, name, key_prefix, key_hash)
    values (tests.organization_id('North'), 'New key', 'abcd0123', sha256('new'))
  $$,
  $$ name = 'Renamed' $$
),
(
  'audit_logs', $$ left(details -> 'new' ->> 'name', 5) $$, $$ resource_type = 'sites' $$,
  $$ organization_id = tests.organization_id('North') $$,
  $$
    (organization_id, action, resource_type, resource_id)
    values (tests.organization_id('North'), 'insert', 'sites', 'forged')
  $$,
  $$ action = 'forged' $$
),
(
  'alert_rules', 'left(rule_name, 5)', $$ rule_name like '% rule' $$, $$ rule_name = 'North rule' $$,
  $$
    (organization_id, rule_name, rule_type, threshold_value)
    values (tests.organization_id('North'), 'New rule', 'high_flow', 1)
  $$,
  $$ threshold_value = 120 $$
),
(
  'alerts', 'left(message, 5)', $$ message like '% alert' $$, $$ message = 'North alert' $$,
  $$
    (organization_id, device_id, alert_type, severity, message)
    values (tests.organization_id('North'), 'TAP_NORTH', 'forged', 'info', 'Forged')
  $$,
  $$ is_resolved = true $$
),
(
  'flow_data', 'initcap(substr(device_id, 5))', 'true', $$ device_id = 'TAP_NORTH' $$,
  $$ (device_id, created_at, flow_rate) values ('TAP_NORTH', '2026-02-02T00:00:00Z', 1) $$, $$ flow_rate = 0 $$
),
(
  'latest_readings', 'initcap(substr(device_id, 5))', 'true', $$ device_id = 'TAP_NORTH' $$,
  $$
    (device_id, organization_id, created_at, received_at, flow_rate)
    values ('SOUTH_2', tests.organization_id('South'), '2026-02-02T00:00:00Z', '2026-02-02T00:00:00Z', 1)
  $$,
  $$ flow_rate = 0 $$
),
(
  'ingest_dead_letters', 'detail', 'true', $$ detail = 'North' $$,
  $$ (reason, body, fingerprint) values ('invalid_json', '{', gen_random_uuid()) $$, $$ detail = 'Forged' $$
),
(
  'job_runs', 'result', $$ job = 'tap_matrix' $$, $$ job = 'tap_matrix' $$,
  $$
    (job, started_at, finished_at, is_successful, result)
    values ('tap_matrix', now(), now(), true, 'forged')
  $$,
  $$ result = 'forged' $$
),
(
  'flow_data_hourly', 'initcap(substr(device_id, 5))', 'true', $$ device_id = 'TAP_NORTH' $$,
  $$ (device_id, hour) values ('TAP_NORTH', '2026-02-02T00:00:00Z') $$, $$ is_stale = false $$
),
(
  'flow_data_daily', 'initcap(substr(device_id, 5))', 'true', $$ device_id = 'TAP_NORTH' $$,
  $$
    (device_id, day, starts_at, ends_at)
    values ('TAP_NORTH', '2026-02-02', '2026-02-02T00:00:00Z', '2026-02-03T00:00:00Z')
  $$,
  $$ is_stale = false $$
),
(
  'statements', 'initcap(substr(device_id, 5))', 'true', $$ device_id = 'TAP_NORTH' $$,
  $$ (device_id, month, revision) values ('TAP_NORTH', '2026-01-01', 1) $$, $$ volume = 0 $$
),
(
  'notification_outbox', $$ channel ->> 'channel' $$, 'true', $$ channel ->> 'channel' = 'North' $$,
  $$
    (organization_id, alert_id, event, channel)
    values (tests.organization_id('North'), md5('alert North')::uuid, 'resolved', '{"channel": "forged"}')
  $$,
  $$ attempts = 9 $$
),
(
  'notification_channels', 'name', 'true', $$ name = 'North' $$,
  $$
    (organization_id, name, kind, recipients)
    values (tests.organization_id('North'), 'New', 'email', '{a@example.test}')
  $$,
  $$ is_enabled = false $$
),
(
  'notification_attempts', 'error', 'true', $$ error = 'North' $$,
  $$
    (notification_id, organization_id, is_successful)
    values (1, tests.organization_id('North'), true)
  $$,
  $$ error = 'forged' $$
),
(
  'register_profiles', 'left(model, 5)', $$ model like '% meter' $$, $$ model = 'North meter' $$,
  $$ (organization_id, name, model) values (tests.organization_id('North'), 'tap_new', 'New meter') $$,
  $$ description = 'Changed' $$
),
(
  'register_profile_registers', 'source_unit', $$ source_unit in ('North', 'South') $$, $$ source_unit = 'North' $$,
  $$
    (profile_id, metric, function_code, address, type, source_unit)
    values (md5('profile North')::uuid, 'level', 4, 12, 'float32', 'm')
  $$,
  $$ scale = 2 $$
),
(
  'register_profile_status', 'initcap(flag)', $$ flag in ('north', 'south') $$, $$ flag = 'north' $$,
  $$
    (profile_id, function_code, address, bit, value, flag)
    values (md5('profile North')::uuid, 4, 5, 1, 0, 'forged')
  $$,
  $$ quality = 'bad' $$
),
(
  'device_aliases', 'left(alias, 5)', $$ alias like '% alias' $$, $$ alias = 'North alias' $$,
  $$
    (organization_id, kind, alias, device_id)
    values (tests.organization_id('North'), 'ip', '10.0.0.9', 'TAP_NORTH')
  $$,
  $$ kind = 'input_name' $$
),
-- North has one device, South two.
('dashboard_summary', 'total_devices', 'true', 'true', '(total_devices) values (1)', 'total_devices = 1'),
(
  'device_overview', 'left(device_name, 5)', $$ device_name like '% inlet' $$, $$ device_id = 'TAP_NORTH' $$,
  $$ (device_id) values ('TAP_NEW') $$, $$ location = 'Basin 2' $$
),
-- Of nobody's profiles; whose the others are, register_profiles tells, and test_75.
(
  'published_profiles', 'name', $$ name in ('nivus_750', 'nivusonic') and is_current $$, $$ name = 'nivusonic' $$,
  $$ (name, model) values ('forged', 'forged') $$, $$ model = 'forged' $$
);
-- A statement goes for nobody, and keeps its device.
update subject set preparation = 'alter table public.statements disable trigger _100_keep; '
|| 'delete from public.statements; delete from public.flow_data'
where relation = 'devices';

-- What comes of it ----------------------------------------------------------------------

-- allowed: done, to North's row. hidden: North's row was not met, and is as it was. refused: by row security.
-- denied: no right. Seen is whose rows, of those looked at.
create temporary table expected (
  relation text, callers text, seen text, insertion text, change text, removal text, truncation text
) on commit drop;
insert into expected (relation, callers, seen, insertion, change, removal, truncation) values
('organizations', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('organizations', 'viewer operator admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('organizations', 'inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('organizations', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('organizations', 'service_role', 'North,South', 'allowed', 'allowed', 'denied', 'denied'),

('sites', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('sites', 'viewer operator', 'North', 'refused', 'hidden', 'hidden', 'denied'),
('sites', 'admin', 'North', 'allowed', 'allowed', 'allowed', 'denied'),
('sites', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'hidden', 'denied'),
('sites', 'other', 'South', 'refused', 'hidden', 'hidden', 'denied'),
('sites', 'service_role', 'North,South', 'allowed', 'allowed', 'denied', 'denied'),

('users', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('users', 'viewer operator', 'North', 'denied', 'hidden', 'denied', 'denied'),
('users', 'admin', 'North', 'denied', 'allowed', 'denied', 'denied'),
('users', 'stranger', 'Stranger', 'denied', 'hidden', 'denied', 'denied'),
('users', 'inactive staff project', 'nothing', 'denied', 'hidden', 'denied', 'denied'),
('users', 'other', 'South', 'denied', 'hidden', 'denied', 'denied'),
('users', 'service_role', 'North,South,Stranger', 'allowed', 'allowed', 'denied', 'denied'),

('invitations', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('invitations', 'viewer operator', 'nothing', 'refused', 'hidden', 'denied', 'denied'),
('invitations', 'admin', 'North', 'allowed', 'allowed', 'denied', 'denied'),
('invitations', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'denied', 'denied'),
('invitations', 'other', 'South', 'refused', 'hidden', 'denied', 'denied'),
('invitations', 'service_role', 'North,South', 'allowed', 'allowed', 'denied', 'denied'),

('gateways', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('gateways', 'viewer operator', 'North', 'refused', 'hidden', 'hidden', 'denied'),
('gateways', 'admin', 'North', 'allowed', 'allowed', 'allowed', 'denied'),
('gateways', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'hidden', 'denied'),
('gateways', 'other', 'South', 'refused', 'hidden', 'hidden', 'denied'),
('gateways', 'service_role', 'North,South', 'allowed', 'allowed', 'denied', 'denied'),

('devices', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('devices', 'viewer operator', 'North', 'refused', 'hidden', 'hidden', 'denied'),
('devices', 'admin', 'North', 'allowed', 'allowed', 'allowed', 'denied'),
('devices', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'hidden', 'denied'),
('devices', 'other', 'South', 'refused', 'hidden', 'hidden', 'denied'),
('devices', 'service_role', 'North,South', 'allowed', 'allowed', 'denied', 'denied'),

('api_keys', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('api_keys', 'viewer operator', 'nothing', 'refused', 'hidden', 'denied', 'denied'),
('api_keys', 'admin', 'North', 'allowed', 'allowed', 'denied', 'denied'),
('api_keys', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'denied', 'denied'),
('api_keys', 'other', 'South', 'refused', 'hidden', 'denied', 'denied'),
('api_keys', 'service_role', 'North,South', 'allowed', 'allowed', 'denied', 'denied'),

('audit_logs', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('audit_logs', 'admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('audit_logs', 'viewer operator inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('audit_logs', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('audit_logs', 'service_role', 'denied', 'denied', 'denied', 'denied', 'denied'),

('alert_rules', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('alert_rules', 'viewer', 'North', 'refused', 'hidden', 'hidden', 'denied'),
('alert_rules', 'operator admin', 'North', 'allowed', 'allowed', 'allowed', 'denied'),
('alert_rules', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'hidden', 'denied'),
('alert_rules', 'other', 'South', 'refused', 'hidden', 'hidden', 'denied'),
('alert_rules', 'service_role', 'North,South', 'allowed', 'allowed', 'denied', 'denied'),

('alerts', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('alerts', 'viewer', 'North', 'denied', 'hidden', 'denied', 'denied'),
('alerts', 'operator admin', 'North', 'denied', 'allowed', 'denied', 'denied'),
('alerts', 'inactive stranger staff project', 'nothing', 'denied', 'hidden', 'denied', 'denied'),
('alerts', 'other', 'South', 'denied', 'hidden', 'denied', 'denied'),
('alerts', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('flow_data', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('flow_data', 'viewer operator admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('flow_data', 'inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('flow_data', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('flow_data', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('latest_readings', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('latest_readings', 'viewer operator admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('latest_readings', 'inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('latest_readings', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('latest_readings', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('ingest_dead_letters', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('ingest_dead_letters', 'admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('ingest_dead_letters', 'viewer operator inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('ingest_dead_letters', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('ingest_dead_letters', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('job_runs', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('job_runs', 'viewer operator admin inactive stranger other staff', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('job_runs', 'project', 'ran', 'denied', 'denied', 'denied', 'denied'),
('job_runs', 'service_role', 'ran', 'denied', 'denied', 'denied', 'denied'),

('flow_data_hourly', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('flow_data_hourly', 'viewer operator admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('flow_data_hourly', 'inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('flow_data_hourly', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('flow_data_hourly', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('statements', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('statements', 'viewer operator admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('statements', 'inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('statements', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('statements', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('flow_data_daily', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('flow_data_daily', 'viewer operator admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('flow_data_daily', 'inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('flow_data_daily', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('flow_data_daily', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('notification_outbox', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('notification_outbox', 'operator admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('notification_outbox', 'viewer inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('notification_outbox', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('notification_outbox', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('notification_channels', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('notification_channels', 'viewer operator inactive stranger staff project', 'nothing', 'denied', 'denied', 'hidden', 'denied'),
('notification_channels', 'admin', 'North', 'denied', 'denied', 'allowed', 'denied'),
('notification_channels', 'other', 'South', 'denied', 'denied', 'hidden', 'denied'),
('notification_channels', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('notification_attempts', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('notification_attempts', 'operator admin', 'North', 'denied', 'denied', 'denied', 'denied'),
('notification_attempts', 'viewer inactive stranger staff project', 'nothing', 'denied', 'denied', 'denied', 'denied'),
('notification_attempts', 'other', 'South', 'denied', 'denied', 'denied', 'denied'),
('notification_attempts', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('register_profiles', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('register_profiles', 'viewer operator', 'North', 'refused', 'hidden', 'hidden', 'denied'),
('register_profiles', 'admin', 'North', 'allowed', 'allowed', 'allowed', 'denied'),
('register_profiles', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'hidden', 'denied'),
('register_profiles', 'other', 'South', 'refused', 'hidden', 'hidden', 'denied'),
('register_profiles', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('register_profile_registers', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('register_profile_registers', 'viewer operator', 'North', 'refused', 'hidden', 'hidden', 'denied'),
('register_profile_registers', 'admin', 'North', 'allowed', 'allowed', 'allowed', 'denied'),
('register_profile_registers', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'hidden', 'denied'),
('register_profile_registers', 'other', 'South', 'refused', 'hidden', 'hidden', 'denied'),
('register_profile_registers', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('register_profile_status', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('register_profile_status', 'viewer operator', 'North', 'refused', 'hidden', 'hidden', 'denied'),
('register_profile_status', 'admin', 'North', 'allowed', 'allowed', 'allowed', 'denied'),
('register_profile_status', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'hidden', 'denied'),
('register_profile_status', 'other', 'South', 'refused', 'hidden', 'hidden', 'denied'),
('register_profile_status', 'service_role', 'North,South', 'denied', 'denied', 'denied', 'denied'),

('device_aliases', 'anon', 'denied', 'denied', 'denied', 'denied', 'denied'),
('device_aliases', 'viewer operator', 'North', 'refused', 'hidden', 'hidden', 'denied'),
('device_aliases', 'admin', 'North', 'allowed', 'allowed', 'allowed', 'denied'),
('device_aliases', 'inactive stranger staff project', 'nothing', 'refused', 'hidden', 'hidden', 'denied'),
('device_aliases', 'other', 'South', 'refused', 'hidden', 'hidden', 'denied'),
('device_aliases', 'service_role', 'North,South', 'allowed', 'allowed', 'denied', 'denied'),

('dashboard_summary', 'anon', 'denied', 'no table', 'no table', 'no table', 'no table'),
('dashboard_summary', 'viewer operator admin', '1', 'no table', 'no table', 'no table', 'no table'),
('dashboard_summary', 'inactive stranger staff project', '0', 'no table', 'no table', 'no table', 'no table'),
('dashboard_summary', 'other', '2', 'no table', 'no table', 'no table', 'no table'),
('dashboard_summary', 'service_role', '3', 'no table', 'no table', 'no table', 'no table'),

('device_overview', 'anon', 'denied', 'no table', 'no table', 'no table', 'no table'),
('device_overview', 'viewer operator admin', 'North', 'no table', 'no table', 'no table', 'no table'),
('device_overview', 'inactive stranger staff project', 'nothing', 'no table', 'no table', 'no table', 'no table'),
('device_overview', 'other', 'South', 'no table', 'no table', 'no table', 'no table'),
('device_overview', 'service_role', 'North,South', 'no table', 'no table', 'no table', 'no table'),

('published_profiles', 'anon service_role', 'denied', 'denied', 'denied', 'denied', 'no table'),
('published_profiles', 'viewer operator admin other staff project', 'nivus_750,nivusonic', 'denied', 'denied', 'denied', 'no table'),
('published_profiles', 'inactive stranger', 'nothing', 'denied', 'denied', 'denied', 'no table');

-- Trying --------------------------------------------------------------------------------

create function pg_temp.content(relation text, target text)
returns text
language plpgsql
volatile
as $$
declare
  v_content text;
begin
  execute format('select string_agg(line::text, E''\n'' order by line::text) from public.%I as line where %s', relation, target)
  into v_content;
  return coalesce(v_content, 'nothing');
end;
$$;

create function pg_temp.outcome(subject pg_temp.subject, person text, statement text, target text)
returns text
language plpgsql
volatile
as $$
declare
  v_before text;
  v_after text;
begin
  execute coalesce(subject.preparation, 'select');
  v_before := pg_temp.content(subject.relation, target);
  perform tests.sign_in(person);
  execute statement;
  perform tests.sign_out();
  v_after := pg_temp.content(subject.relation, target);
  raise exception using errcode = 'TBACK';
exception
  when sqlstate 'TBACK' then
    return case v_after when v_before then 'hidden' else 'allowed' end;
  when insufficient_privilege then
    return case sqlerrm
      when 'permission denied for table ' || subject.relation then 'denied'
      when 'permission denied for view ' || subject.relation then 'denied'
      when format('new row violates row-level security policy for table "%s"', subject.relation) then 'refused'
      else sqlerrm
    end;
  when object_not_in_prerequisite_state or wrong_object_type then
    return 'no table';
  when others then
    return sqlstate || ' ' || sqlerrm;
end;
$$;

-- A statement without a condition reads no column: then the policy for reading does not hide what the policy for
-- writing lets through.
create function pg_temp.tried(chosen text default null)
returns table (relation text, caller text, verb text, expected text, outcome text)
language sql
volatile
as $$
  select subject.relation, caller.caller, attempt.verb, attempt.expected, case attempt.verb
    when 'select' then regexp_replace(
      tests.seen_by(caller.person, attempt.statement),
      format('^42501 permission denied for (table|view) %s$', subject.relation), 'denied'
    )
    else pg_temp.outcome(
      subject, caller.person, attempt.statement, case attempt.verb when 'insert' then 'true' else subject.target end
    )
  end
  from pg_temp.subject
  cross join pg_temp.caller
  left join pg_temp.expected
    on expected.relation = subject.relation and caller.caller = any (string_to_array(expected.callers, ' '))
  cross join lateral (
    values
    ('select', expected.seen, format('select %s from public.%I where %s', label, subject.relation, looked_at)),
    ('insert', expected.insertion, format('insert into public.%I %s', subject.relation, subject.insertion)),
    (
      'update', expected.change,
      format('update public.%I set %s where %s', subject.relation, subject.change, target)
    ),
    ('update all', expected.change, format('update public.%I set %s', subject.relation, subject.change)),
    ('delete', expected.removal, format('delete from public.%I where %s', subject.relation, target)),
    ('delete all', expected.removal, format('delete from public.%I', subject.relation)),
    ('truncate', expected.truncation, format('truncate public.%I', subject.relation))
  ) as attempt (verb, expected, statement)
  where subject.relation = coalesce(tried.chosen, subject.relation);
$$;

-- What is claimed -------------------------------------------------------------------------

select bag_eq(
  $$ select relation from pg_temp.subject $$,
  $$
    select relname::text from pg_catalog.pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
    and not exists (select from pg_catalog.pg_depend where objid = pg_class.oid and deptype = 'e')
  $$,
  'every table and view is tried'
);
select bag_eq(
  $$ select relation, caller from pg_temp.expected, string_to_table(callers, ' ') as caller $$,
  $$ select relation, caller from pg_temp.subject, pg_temp.caller $$,
  'by every kind of caller, once'
);
select is_empty(
  $$ select * from pg_temp.tried() where outcome is distinct from expected $$,
  'everybody may do what they should to rows of their own organization, and nothing else'
);

select finish();
rollback;
