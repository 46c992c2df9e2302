/* Notification tests, and changes of a channel that touch only what they name. */
begin;
select plan(19);

select tests.make_two_organizations();

select tests.sign_in('north.admin');
select '# ' || channel_id
from public.set_notification_channel('Hook', 'webhook', null, 'https://hooks.north.example/secret');
select '# ' || channel_id from public.set_notification_channel('Mail', 'email', '{a@example.test}');
select '# ' || channel_id from public.set_notification_channel('Mail', is_enabled => false);
select tests.sign_out();

-- Changing what is named ----------------------------------------------------------------

create function pg_temp.channel(wanted text)
returns text
language sql
stable
as $$
  select concat_ws(' ', kind, recipients, target_host, is_enabled) from public.notification_channels where name = wanted;
$$;
create function pg_temp.changed(arguments text, wanted text)
returns text
language plpgsql
volatile
as $$
begin
  perform tests.sign_in('north.admin');
  execute 'select public.set_notification_channel(' || changed.arguments || ')';
  perform tests.sign_out();
  return pg_temp.channel(changed.wanted);
exception when others then
  return sqlstate || ' ' || sqlerrm;
end;
$$;

select is(
  pg_temp.channel('Mail'), 'email {a@example.test} f', 'a channel is disabled without naming anything else of it'
);
select is(
  pg_temp.changed($$ 'Mail', 'email', '{b@example.test}' $$, 'Mail'), 'email {b@example.test} f',
  'who changes its recipients does not enable it'
);
select is(
  pg_temp.changed($$ 'Mail', 'email' $$, 'Mail'), 'email {b@example.test} f', 'naming nothing changes nothing'
);
select is(
  pg_temp.changed($$ 'Hook', is_enabled => false $$, 'Hook'), 'webhook {} https://hooks.north.example f',
  'a webhook keeps its address'
);
select is(
  pg_temp.changed($$ 'Hook', target => 'https://elsewhere.example/x' $$, 'Hook'),
  'webhook {} https://elsewhere.example f', 'and stays disabled when that moves'
);
select is(pg_temp.changed($$ 'Hook', is_enabled => true $$, 'Hook'), 'webhook {} https://elsewhere.example t', 'until it is enabled');
select is(
  pg_temp.changed($$ 'Mail', 'webhook' $$, 'Mail'), 'NTARG no address for a channel of this kind',
  'another kind needs an address of its own'
);
select is(
  pg_temp.changed($$ 'Mail', 'webhook', target => 'https://mail.example/' $$, 'Mail'),
  'webhook {} https://mail.example f', 'and takes no recipients along'
);
select is(
  pg_temp.changed($$ 'None', is_enabled => false $$, 'None'), 'UNKCH no such notification channel: None',
  'without a kind no channel is made'
);
select is(
  tests.attempt('south.admin', $$ select public.set_notification_channel('Hook', is_enabled => false) $$),
  'UNKCH no such notification channel: Hook', 'nor is another organization''s found'
);

-- Testing ----------------------------------------------------------------------------------

select results_eq(
  $$ select * from tests.attempts('select public.test_notification_channel(''Hook'')') $$,
  $$
    values
    ('north.viewer', '42501 permission denied for notification channels'),
    ('north.operator', '42501 permission denied for notification channels'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 permission denied for notification channels'),
    ('south.viewer', '42501 permission denied for notification channels'),
    ('south.admin', 'UNKCH no such notification channel: Hook'),
    ('stranger', '42501 permission denied for notification channels'),
    ('anon', '42501 permission denied for function test_notification_channel'),
    ('service_role', '42501 permission denied for function test_notification_channel')
  $$,
  'an admin tests a channel of their own organization'
);
delete from public.notification_outbox;

select tests.sign_in('north.admin');
create temporary table pressed as
select
  public.test_notification_channel('Hook') as first,
  null::bigint as second;
update pressed set second = public.test_notification_channel('Hook');
select tests.sign_out();
select results_eq(
  $$
    select outbox.event, outbox.alert_id, outbox.organization_id, pressed.first = pressed.second
    from public.notification_outbox as outbox
    inner join pressed on outbox.id = pressed.first
  $$,
  $$ values ('test', null::uuid, tests.organization_id('North'), true) $$,
  'who presses twice before it is sent gets one test'
);
select is((select count(*) from public.notification_outbox), 1::bigint, 'and one row');
select results_eq(
  $$
    select action, user_id, details ->> 'name' from public.audit_logs
    where action = 'test' and details ->> 'notification_id' = (select first::text from pressed)
  $$,
  $$ values ('test', tests.person_id('north.admin'), 'Hook') $$,
  'the log names who pressed'
);
select results_eq(
  $$
    select event, alert ->> 'message', alert ->> 'alert_type', attempts
    from public.take_notifications(10, '1 minute')
  $$,
  $$ values ('test', 'Test of the channel Hook', 'test', 1) $$,
  'the notifier takes it as any other'
);
select '# ' || public.settle_notification(first) from pressed;
select is(
  tests.seen_by('north.admin', $$ select public.resend_notification(id) from public.notification_outbox $$),
  'false', 'a test is not sent again'
);
select isnt(
  tests.seen_by('north.admin', $$ select public.test_notification_channel('Hook') $$),
  (select first::text from pressed), 'another one is made'
);
select throws_ok(
  $$
    insert into public.notification_outbox (organization_id, event, channel)
    values (tests.organization_id('North'), 'opened', '{"channel": "Hook"}')
  $$,
  '23514', null, 'what is no test has an alert'
);

-- Sending again ---------------------------------------------------------------------------

insert into public.notification_outbox (organization_id, alert_id, event, channel, next_attempt_at)
values (tests.organization_id('North'), md5('alert North')::uuid, 'opened', '{"channel": "Hook"}', null);
select tests.sign_in('north.admin');
select '# ' || public.resend_notification(id)
from public.notification_outbox
where event = 'opened';
select tests.sign_out();
select results_eq(
  $$ select user_id, details from public.audit_logs where action = 'resend' $$,
  $$ values (tests.person_id('north.admin'), '{"channel": "Hook"}'::jsonb) $$,
  'the log names who has an alert told again'
);

select finish();
rollback;
