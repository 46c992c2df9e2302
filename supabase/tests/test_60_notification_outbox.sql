/* Notifications: who is told of an alert, and how a worker takes and settles that. */
begin;
select plan(37);

select tests.make_two_organizations();

-- Channels --------------------------------------------------------------------

select is_empty(
  $$
    select channels from unnest(array[
      '[]', '["page"]', '[{"channel": "email", "to": ["a@example.com"]}]', '[{"type": "sms"}, "page"]'
    ]) as channels
    where tests.attempt('north.operator', format(
      'update public.alert_rules set notification_channels = %L where rule_name = ''North rule''', channels
    )) <> '1 rows'
  $$,
  'a channel is a name, or an object with a channel or type'
);
select is_empty(
  $$
    select channels from unnest(array[
      '{}', '"page"', 'null', '[1]', '[null]', '[""]', '[["page"]]', '[{}]', '[{"to": "a"}]', '[{"type": ""}]',
      '[{"channel": ["email"]}]', '["page", {"to": 1}]'
    ]) as channels
    where tests.attempt('north.operator', format(
      'update public.alert_rules set notification_channels = %L where rule_name = ''North rule''', channels
    )) not like '23514 %alert_rules_notification_channels_check"'
    or tests.attempt('service_role', format(
      'update public.organizations set alert_channels = %L where name = ''North''', channels
    )) not like '23514 %organizations_alert_channels_check"'
  $$,
  'and nothing else, for a rule as for an organization'
);
select results_eq(
  $$ select alert_channels from public.organizations where name = 'North' $$, $$ values ('[]'::jsonb) $$,
  'an organization starts without any'
);

-- What is written -------------------------------------------------------------

create function pg_temp.outbox()
returns setof text
language sql
stable
as $$
  select concat_ws(
    ' ', alerts.message, outbox.event, outbox.channel,
    case when outbox.sent_at is not null then 'sent' when outbox.next_attempt_at is null then 'given up' end
  )
  from public.notification_outbox as outbox
  inner join public.alerts on alerts.id = outbox.alert_id
  order by outbox.id;
$$;

update public.alerts set is_resolved = true;
select is_empty($$ select pg_temp.outbox() $$, 'where there is no channel, nothing is written');

update public.alert_rules
set notification_channels = '["page", {"channel": "email", "to": ["a@example.com"]}, {"channel": "page"}]'
where rule_name = 'North rule';
insert into public.alerts (organization_id, device_id, rule_id, alert_type, severity, message)
values (
  tests.organization_id('North'), 'TAP_NORTH', md5('rule North')::uuid, 'high_flow', 'warning', 'One'
);
select bag_eq(
  $$ select pg_temp.outbox() $$,
  array[
    'One opened {"to": ["a@example.com"], "channel": "email"}', 'One opened {"channel": "page"}'
  ],
  'an alert that opens is told once to each channel of its rule; a name is a channel without settings'
);
update public.alerts
set acknowledged_at = now(), resolution_note = 'Looking'
where message = 'One';
update public.alerts
set is_resolved = false
where message = 'One';
select is((select count(*) from pg_temp.outbox()), 2::bigint, 'an acknowledgement and a note are nobody''s news');
update public.alert_rules
set notification_channels = '["page"]'
where rule_name = 'North rule';
select tests.sign_in('north.operator');
update public.alerts
set is_resolved = true
where message = 'One';
select tests.sign_out();
select results_eq(
  $$ select event, channel, organization_id from public.notification_outbox order by id desc limit 1 $$,
  $$ values ('resolved', '{"channel": "page"}'::jsonb, tests.organization_id('North')) $$,
  'one that is resolved is told to those the rule has now'
);
update public.alerts
set is_resolved = true, resolution_note = 'Again'
where message = 'One';
select is((select count(*) from pg_temp.outbox()), 3::bigint, 'once');

insert into public.alerts (organization_id, device_id, rule_id, alert_type, severity, message)
values (
  tests.organization_id('North'), 'TAP_NORTH', md5('rule North')::uuid, 'high_flow', 'warning', 'Two'
);
delete from public.alert_rules
where rule_name = 'North rule';
select results_eq(
  $$ select told from pg_temp.outbox() as told where told like 'Two %' $$,
  array['Two opened {"channel": "page"}', 'Two resolved {"channel": "page"}'],
  'an alert that goes with its rule is told to the rule''s channels'
);
insert into public.alerts (organization_id, gateway_id, alert_type, severity, message)
values (tests.organization_id('South'), md5('gateway South')::uuid, 'gateway_offline', 'critical', 'Three');
update public.organizations set alert_channels = '[{"type": "sms"}]'
where name = 'South';
update public.alerts set is_resolved = true
where message = 'Three';
select results_eq(
  $$ select told from pg_temp.outbox() as told where told like 'Three %' $$,
  array['Three resolved {"type": "sms"}'],
  'a built-in alert is told to the organization''s channels'
);
insert into public.alerts (organization_id, device_id, rule_id, alert_type, severity, message)
values (
  tests.organization_id('South'), 'TAP_SOUTH', md5('rule South')::uuid, 'high_flow', 'warning', 'Four'
);
select is_empty($$ select told from pg_temp.outbox() as told where told like 'Four %' $$, 'a rule''s alert is not');
select throws_ok(
  $$
    insert into public.notification_outbox (organization_id, alert_id, event, channel)
    select organization_id, alert_id, event, channel from public.notification_outbox limit 1
  $$,
  '23505', null, 'nothing is told twice'
);

-- The worker ------------------------------------------------------------------

create function pg_temp.take(max_count integer)
returns setof text
language plpgsql
volatile
as $$
begin
  perform tests.sign_in('service_role');
  return query
  select concat_ws(' ', taken.alert ->> 'message', taken.event, taken.channel, taken.attempts)
  from public.take_notifications(take.max_count, interval '5 minutes') as taken;
  perform tests.sign_out();
end;
$$;
create function pg_temp.settle(message text, event text, error text default null, retry_at timestamptz default null)
returns boolean
language plpgsql
volatile
as $$
declare
  v_id bigint := (
    select outbox.id
    from public.notification_outbox as outbox
    inner join public.alerts on alerts.id = outbox.alert_id
    where alerts.message = settle.message and outbox.event = settle.event
    and outbox.channel in ('{"channel": "page"}', '{"type": "sms"}')
  );
  v_settled boolean;
begin
  perform tests.sign_in('service_role');
  v_settled := public.settle_notification(v_id, settle.error, settle.retry_at);
  perform tests.sign_out();
  return v_settled;
end;
$$;

delete from public.notification_outbox
where channel ->> 'channel' = 'email';
select results_eq(
  $$ select pg_temp.take(1) $$, array['One opened {"channel": "page"} 1'], 'a worker takes so many, the oldest first'
);
select results_eq(
  $$ select pg_temp.take(10) $$,
  array['Two opened {"channel": "page"} 1', 'Three resolved {"type": "sms"} 1'],
  'the next gets others; what waits for an earlier event of its alert and channel is left'
);
select is_empty($$ select pg_temp.take(10) $$, 'then there is nothing');
select results_eq(
  $$ select next_attempt_at from public.notification_outbox where attempts = 1 $$,
  $$ select now() + interval '5 minutes' from generate_series(1, 3) $$,
  'what is taken is due again when the lease ends'
);
update public.notification_outbox set next_attempt_at = now()
where attempts = 1;
select results_eq(
  $$ select pg_temp.take(1) $$, array['One opened {"channel": "page"} 2'],
  'so what a crashed worker held comes back'
);
select is(pg_temp.settle('One', 'opened'), true, 'sent');
select results_eq(
  $$ select sent_at, next_attempt_at, last_error from public.notification_outbox where attempts = 2 $$,
  $$ values (now(), null::timestamptz, null::text) $$,
  'is noted'
);
select is(pg_temp.settle('One', 'opened', 'timeout', now()), false, 'a worker that was too slow changes nothing');
select results_eq(
  $$ select sent_at from public.notification_outbox where attempts = 2 $$, $$ values (now()) $$, 'it stays sent'
);
select is(
  pg_temp.settle('Two', 'opened', 'refused', '2126-01-01T00:00:00Z'), true, 'a failure that is to be tried again'
);
select results_eq(
  $$ select next_attempt_at, sent_at, last_error, attempts from public.notification_outbox where last_error = 'refused' $$,
  $$ values ('2126-01-01T00:00:00Z'::timestamptz, null::timestamptz, 'refused', 1) $$,
  'waits until then'
);
select results_eq(
  $$ select pg_temp.take(10) $$,
  array['One resolved {"channel": "page"} 1', 'Three resolved {"type": "sms"} 2'],
  'the event after one that was sent may go, after one that waits it may not'
);
select is(pg_temp.settle('Two', 'opened', 'no such address'), true, 'a failure without another try');
select results_eq(
  $$ select pg_temp.take(10) $$, array['Two resolved {"channel": "page"} 1'],
  'is given up, and stands in nobody''s way'
);
select results_eq(
  $$ select told from pg_temp.outbox() as told where told like 'Two %' $$,
  array['Two opened {"channel": "page"} given up', 'Two resolved {"channel": "page"}'],
  'as one can see'
);
select is(public.settle_notification(-1), false, 'there is no such notification');
select is_empty($$ select public.take_notifications(0, '1 minute') union all select public.take_notifications(-1, '1 minute') $$, 'none are none');
select is(
  private.job_notification_outbox(now() + interval '30 days'), '0 deleted', 'what is 30 days old is kept'
);
select is(
  private.job_notification_outbox(now() + interval '31 days'), '5 deleted', 'older is forgotten, sent or not'
);

-- Who may ---------------------------------------------------------------------

insert into public.notification_outbox (organization_id, alert_id, event, channel)
select
  organization_id,
  id,
  'opened' as event,
  jsonb_build_object('channel', 'for ' || message) as channel
from public.alerts
where message in ('North alert', 'Four');
select results_eq(
  $$ select * from tests.sights('select channel ->> ''channel'' from public.notification_outbox') $$,
  $$
    values
    ('north.viewer', 'nothing'), ('north.operator', 'for North alert'), ('north.admin', 'for North alert'),
    ('north.inactive', 'nothing'), ('south.viewer', 'nothing'), ('south.admin', 'for Four'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table notification_outbox'), ('service_role', 'for Four,for North alert')
  $$,
  'the operators and admins of an organization see what its channels are told'
);
select policies_are(
  'public', 'notification_outbox', array['notification_outbox_select_operator'], 'one policy, and it is for reading'
);
select table_privs_are('public', 'notification_outbox', 'authenticated', array['SELECT'], 'people only read it');
select table_privs_are('public', 'notification_outbox', 'service_role', array['SELECT'], 'service_role writes by functions');
select table_privs_are('public', 'notification_outbox', 'anon', array[]::text[], 'anon has nothing of it');
select results_eq(
  $$
    select person, outcome from tests.attempts('select public.take_notifications(1, ''1 minute''), public.settle_notification(1)')
    where outcome not like '42501%'
  $$,
  $$ values ('service_role', '1 rows') $$,
  'only service_role takes and settles'
);

select finish();
rollback;
