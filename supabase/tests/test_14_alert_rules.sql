/* Alert rules: whose they are, and what they may say. */
begin;
select plan(17);

select tests.make_two_organizations();
insert into public.devices (device_id) values ('NIVUS_TAP');

-- As the product's first document writes it.
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, severity)
values ('NIVUS_TAP', 'High Flow Alert', 'high_flow', 100.0, 'warning');
select results_eq(
  $$
    select organization_id, deadband, duration_minutes, severity, is_enabled, notification_channels
    from public.alert_rules where device_id = 'NIVUS_TAP'
  $$,
  $$ values (private.default_organization_id(), 0::double precision, 0, 'warning', true, '[]'::jsonb) $$,
  'a rule needs no more than its device, name, type, threshold and severity'
);
select is(
  tests.attempt(
    'north.operator',
    $$
      insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, severity)
      values ('TAP_NORTH', 'High Flow Alert', 'high_flow', 100.0, 'warning')
    $$
  ),
  '1 rows', 'the same statement works for an operator'
);

-- Whose it is -----------------------------------------------------------------

insert into public.alert_rules (device_id, organization_id, rule_name, rule_type, threshold_value)
values ('TAP_NORTH', tests.organization_id('South'), 'Claimed', 'low_flow', 1);
select results_eq(
  $$ select organization_id from public.alert_rules where rule_name = 'Claimed' $$,
  $$ values (tests.organization_id('North')) $$,
  'a rule follows its device, whatever was written'
);
update public.alert_rules
set organization_id = tests.organization_id('South')
where rule_name = 'Claimed';
select results_eq(
  $$ select organization_id from public.alert_rules where rule_name = 'Claimed' $$,
  $$ values (tests.organization_id('North')) $$,
  'also later'
);
select results_eq(
  $$
    select who, tests.attempt(who, format(
      'insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value) values (%L, ''r'', ''low_flow'', 1)',
      device_id
    ))
    from (values (1, 'north.operator', 'TAP_SOUTH'), (2, 'north.operator', 'TAP_NOWHERE'), (3, 'service_role', 'TAP_NOWHERE'))
      as tried (place, who, device_id)
    order by place
  $$,
  $$
    values
    ('north.operator', 'UNKDV unknown device: TAP_SOUTH'),
    ('north.operator', 'UNKDV unknown device: TAP_NOWHERE'),
    ('service_role', 'UNKDV unknown device: TAP_NOWHERE')
  $$,
  'another organization''s device is as unknown as one that is not'
);
select tests.sign_in('north.operator');
insert into public.alert_rules (rule_name, rule_type, threshold_value)
values ('Everywhere', 'low_flow', 1);
select tests.sign_out();
insert into public.alert_rules (rule_name, rule_type, threshold_value)
values ('By the owner', 'low_flow', 1);
select results_eq(
  $$
    select rule_name, organization_id from public.alert_rules
    where device_id is null order by rule_name
  $$,
  $$
    values
    ('By the owner', private.default_organization_id()), ('Everywhere', tests.organization_id('North'))
  $$,
  'a rule for every device is the writer''s organization''s, else the default one''s'
);
update public.devices
set organization_id = tests.organization_id('South')
where device_id = 'NIVUS_TAP';
select results_eq(
  $$ select organization_id from public.alert_rules where device_id = 'NIVUS_TAP' $$,
  $$ values (tests.organization_id('South')) $$,
  'a device that moves takes its rules along'
);

-- What it may say -------------------------------------------------------------

select is_empty(
  $$
    select rule_type from unnest(array[
      'high_flow', 'low_flow', 'zero_flow', 'no_data', 'device_offline', 'battery_low', 'rate_of_change', 'stuck_value'
    ]) as rule_type
    where tests.attempt('service_role', format(
      'insert into public.alert_rules (rule_name, rule_type, threshold_value) values (''r'', %L, 1)', rule_type
    )) <> '1 rows'
  $$,
  'all eight types can be written'
);
select throws_ok(
  $$ insert into public.alert_rules (rule_name, rule_type, threshold_value) values ('r', 'full_moon', 1) $$,
  '23514', null, 'and no other'
);
select throws_ok(
  $$ insert into public.alert_rules (rule_name, rule_type) values ('r', 'high_flow') $$,
  '23514', null, 'a type that compares needs a threshold'
);
select lives_ok(
  $$ insert into public.alert_rules (rule_name, rule_type) values ('r', 'device_offline') $$,
  'one that does not needs none'
);
-- The time of a type that would be nonsense without one.
select results_eq(
  $$
    select rule_type, private.alert_duration(rule_type, 0, 60), private.alert_duration(rule_type, 0, 3600)
    from unnest(array[
      'high_flow', 'low_flow', 'zero_flow', 'no_data', 'device_offline', 'battery_low', 'rate_of_change', 'stuck_value'
    ]) as rule_type
    where private.alert_duration(rule_type, 0, 60) > interval '0'
  $$,
  $$
    values
    ('no_data', interval '5 minutes', interval '3 hours'),
    ('device_offline', interval '15 minutes', interval '3 hours'),
    ('stuck_value', interval '1 hour', interval '3 hours')
  $$,
  'three types have a time of their own, of three intervals at least'
);
select is_empty(
  $$
    select rule_type from unnest(array['high_flow', 'no_data', 'device_offline', 'stuck_value']) as rule_type
    where private.alert_duration(rule_type, 2, 3600) <> interval '2 minutes'
  $$,
  'a rule''s own counts for every type'
);
select lives_ok(
  $$ insert into public.alert_rules (rule_name, rule_type, duration_minutes) values ('r', 'stuck_value', 0) $$,
  'so none needs one'
);
select throws_ok(
  $$ insert into public.alert_rules (rule_name, rule_type, threshold_value) values ('r', 'high_flow', 'NaN') $$,
  '23514', null, 'a threshold is a number: nothing is above NaN'
);
select throws_ok(
  $$ update public.alert_rules set deadband = -1 $$,
  '23514', null, 'a deadband is not negative'
);
select throws_ok(
  $$ update public.alert_rules set severity = 'panic' $$,
  '23514', null, 'a severity is one of three'
);

select finish();
rollback;
