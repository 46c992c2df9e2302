/* Notification channels: who sets them, what of them is a secret, and the log of attempts. */
begin;
select plan(28);

select tests.make_two_organizations();
create temporary table made (channel_id uuid, signing_key text) on commit drop;
grant select, insert on made to public;
select tests.sign_in('north.admin');
insert into made
select
  channel_id,
  signing_key
from public.set_notification_channel('North', 'webhook', null, 'https://hooks.north.example/secret?token=1');
select tests.sign_in('south.admin');
insert into made
select
  channel_id,
  signing_key
from public.set_notification_channel('South', 'email', '{south@example.test}');

reset role;
delete from made
where signing_key is null;

-- Setting -----------------------------------------------------------------------

select results_eq(
  $$ select name, kind, recipients, target_host, is_enabled from public.notification_channels order by name $$,
  $$
    values
    ('North', 'webhook', '{}'::text[], 'https://hooks.north.example', true),
    ('South', 'email', '{south@example.test}', null, true)
  $$,
  'a channel belongs to its admin''s organization and shows no more than a host'
);
select matches(
  (select signing_key from made), '^whsec_[A-Za-z0-9+/]{43}=$', 'a webhook''s key is told when it is made'
);
select results_eq(
  $$ select target, 'whsec_' || encode(signing_key, 'base64') from private.notification_targets $$,
  $$ select 'https://hooks.north.example/secret?token=1', signing_key from made $$,
  'and is what is kept'
);
select is_empty(
  $$
    select person, outcome
    from tests.attempts(
      $query$ select public.set_notification_channel('Mine', 'email', '{a@example.test}') $query$
    )
    where person not in ('north.admin', 'south.admin')
    and outcome not in (
      '42501 permission denied for notification channels',
      '42501 permission denied for function set_notification_channel'
    )
  $$,
  'nobody but an admin sets one'
);
select is(
  tests.seen_by('south.admin', $$ select channel_id from public.set_notification_channel('North', 'email', '{a@example.test}')
    intersect select id from public.notification_channels where target_host is not null $$),
  'nothing', 'another organization''s channel of that name stays out of reach'
);
select is_empty(
  $$
    select tried.arguments, tests.attempt('north.admin', format('select public.set_notification_channel(%s)', tried.arguments))
    from unnest(array[
      '''Bad'', ''webhook''', '''Bad'', ''webhook'', null, ''http://hooks.example/''',
      '''Bad'', ''webhook'', null, ''https://user:password@hooks.example/''', '''Bad'', ''webhook'', null, ''https:///x''',
      '''Bad'', ''webhook'', null, ''  ''', '''Bad'', ''apprise'', null, ''https://hooks.example/''',
      '''Bad'', ''apprise'', null, ''jsons://hooks.example/''', '''Bad'', ''apprise'', null, ''slack'''
    ]) as tried (arguments)
    where tests.attempt('north.admin', format('select public.set_notification_channel(%s)', tried.arguments))
      <> 'NTARG no address for a channel of this kind'
  $$,
  'an address has to be one of its kind'
);
select is_empty(
  $$
    select tried.arguments
    from unnest(array[
      '''Bad'', ''email''', '''Bad'', ''email'', ''{}''', '''Bad'', ''email'', array[null]',
      '''Bad'', ''webhook'', ''{a@example.test}'', ''https://hooks.example/''', '''Bad'', ''pigeon''', ''''', ''email'', ''{a}'''
    ]) as tried (arguments)
    where tests.attempt('north.admin', format('select public.set_notification_channel(%s)', tried.arguments))
      !~ '^(23514|NTARG) '
  $$,
  'and so have recipients, kinds and names'
);

-- Changing ------------------------------------------------------------------------

select is(
  tests.seen_by('north.admin', $$
    select concat_ws(' ', signing_key, channel_id = (select channel_id from made))
    from public.set_notification_channel('North', 'webhook', null, null, false)
  $$),
  't', 'without an address a channel keeps its own, and its key'
);
select isnt(
  tests.seen_by('north.admin', $$
    select signing_key from public.set_notification_channel('North', 'webhook', null, 'https://elsewhere.example/')
  $$),
  (select signing_key from made), 'one that moves gets another key'
);
select is(
  tests.seen_by('north.admin', $$
    select coalesce(signing_key, 'none')
    from public.set_notification_channel('North', 'webhook', null, 'https://hooks.north.example/secret?token=1')
  $$),
  'none', 'one that stays keeps it, untold'
);
select is(
  tests.seen_by('north.admin', $$
    select coalesce(signing_key, 'none') from public.set_notification_channel('Team', 'apprise', null, 'slack://a/b/c')
  $$),
  'none', 'a service of Apprise has none'
);
select results_eq(
  $$
    select action, resource_type, details::text like '%secret%' from public.audit_logs
    where resource_type = 'notification_channels' and organization_id = tests.organization_id('North')
  $$,
  $$ values ('insert', 'notification_channels', false) $$,
  'it is in the audit log without its address'
);

-- Reading ---------------------------------------------------------------------------

select policies_are(
  'public', 'notification_channels',
  array['notification_channels_delete_admin', 'notification_channels_select_admin'],
  'notification_channels: these policies and no other'
);
select policies_are(
  'public', 'notification_attempts', array['notification_attempts_select_operator'],
  'notification_attempts: this policy and no other'
);
select table_privs_are('public', 'notification_channels', 'anon', array[]::text[], 'notification_channels: what anon holds');
select table_privs_are('public', 'notification_channels', 'authenticated', array['SELECT', 'DELETE'], 'notification_channels: what authenticated holds');
select table_privs_are('public', 'notification_channels', 'service_role', array['SELECT'], 'notification_channels: what service_role holds');
select table_privs_are('public', 'notification_attempts', 'anon', array[]::text[], 'notification_attempts: what anon holds');
select table_privs_are('public', 'notification_attempts', 'authenticated', array['SELECT'], 'notification_attempts: what authenticated holds');
select table_privs_are('public', 'notification_attempts', 'service_role', array['SELECT'], 'notification_attempts: what service_role holds');
select results_eq(
  $$ select * from tests.sights('select name from public.notification_channels') $$,
  $$
    values
    ('north.viewer', 'nothing'),
    ('north.operator', 'nothing'),
    ('north.admin', 'North'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'nothing'),
    ('south.admin', 'South'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table notification_channels'),
    ('service_role', 'North,South')
  $$,
  'notification_channels: an admin sees those of their own organization'
);
-- Without a condition no column is read, so only the delete policy decides.
select results_eq(
  $$ select * from tests.attempts('delete from public.notification_channels') $$,
  $$
    values
    ('north.viewer', '0 rows'),
    ('north.operator', '0 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '0 rows'),
    ('south.viewer', '0 rows'),
    ('south.admin', '1 rows'),
    ('stranger', '0 rows'),
    ('anon', '42501 permission denied for table notification_channels'),
    ('service_role', '42501 permission denied for table notification_channels')
  $$,
  'notification_channels: an admin deletes those of their own organization'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('select public.get_notification_routes(''{1}'')')
    where person <> 'service_role' and outcome not like '42501 permission denied for function get_notification_routes'
    union all
    select person, outcome from tests.attempts('select from private.notification_targets')
    where outcome not like '42501 permission denied for %'
  $$,
  'nobody but the worker reads where they go'
);

-- Attempts ----------------------------------------------------------------------------

insert into public.notification_outbox (organization_id, alert_id, event, channel)
values
(tests.organization_id('North'), md5('alert North')::uuid, 'opened', '{"channel": "North"}'),
(tests.organization_id('South'), md5('alert South')::uuid, 'opened', '{"channel": "North"}');
create function pg_temp.of(organization text)
returns bigint
language sql
stable
as $$
  select id from public.notification_outbox where organization_id = tests.organization_id(organization);
$$;
select results_eq(
  $$
    select name, kind, target, signing_key is not null, organization_name
    from public.get_notification_routes(array[pg_temp.of('North'), pg_temp.of('South')])
  $$,
  $$
    values
    ('North', 'webhook', 'https://hooks.north.example/secret?token=1', true, 'North'),
    ('North', null, null, false, 'South')
  $$,
  'a name means the channel of the alert''s own organization'
);
select '# ' || public.settle_notification(pg_temp.of('North'), 'North is away', now() + interval '1 minute');
select '# ' || public.settle_notification(pg_temp.of('North'));
select '# ' || public.settle_notification(pg_temp.of('South'), 'South has no channel');
select is(public.settle_notification(pg_temp.of('North')), false, 'what is settled is not tried again');
select results_eq(
  $$ select * from tests.sights($query$ select coalesce(error, 'sent') from public.notification_attempts $query$) $$,
  $$
    values
    ('north.viewer', 'nothing'),
    ('north.operator', 'North is away,sent'),
    ('north.admin', 'North is away,sent'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'nothing'),
    ('south.admin', 'South has no channel'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table notification_attempts'),
    ('service_role', 'North is away,South has no channel,sent')
  $$,
  'notification_attempts: an operator sees those of their own organization, each try of them'
);
select results_eq(
  $$
    select people.person, tests.seen_by(people.person, format('select public.resend_notification(%s)', pg_temp.of('North')))
    from tests.people() as people
  $$,
  $$
    values
    ('north.viewer', 'false'),
    ('north.operator', 'false'),
    ('north.admin', 'true'),
    ('north.inactive', 'false'),
    ('south.viewer', 'false'),
    ('south.admin', 'false'),
    ('stranger', 'false'),
    ('anon', '42501 permission denied for function resend_notification'),
    ('service_role', '42501 permission denied for function resend_notification')
  $$,
  'its admin sends one again'
);
select tests.sign_in('north.admin');
select '# ' || public.resend_notification(notification_outbox.id) from public.notification_outbox;
reset role;
select results_eq(
  $$ select organization_id, attempts from public.take_notifications(10, '1 minute') $$,
  $$ values (tests.organization_id('North'), 1) $$,
  'which then is due'
);

select finish();
rollback;
