/*
 * Notification tests: whether a channel reaches anybody, before an alert has to.
 *
 * A test takes the road of every notification, the outbox and the notifier, or it
 * would prove nothing. It has no alert, and a person waits for it: it is tried
 * once, and nobody sends it again. One a channel waits at a time, however often
 * the button is pressed.
 *
 * Adds a check on notification_outbox, which is read once for it; the table holds
 * 30 days.
 */
alter table public.notification_outbox
alter column alert_id drop not null,
drop constraint notification_outbox_event_check,
add constraint notification_outbox_event_check check (event in ('opened', 'resolved', 'test')),
add constraint notification_outbox_alert_id_check check ((event = 'test') = (alert_id is null));
comment on column public.notification_outbox.alert_id is 'null for a test.';
comment on column public.notification_outbox.event is
'opened or resolved: what happened to the alert. test: test_notification_channel wrote it.';
create unique index notification_outbox_test_organization_id_channel_key
on public.notification_outbox (organization_id, md5(channel::text))
where event = 'test' and next_attempt_at is not null;

create or replace function private.take_notifications(max_count integer, lease interval)
returns table (
  id bigint,
  organization_id uuid,
  alert_id uuid,
  event text,
  channel jsonb,
  created_at timestamptz,
  attempts integer,
  alert jsonb
)
language sql
volatile
security definer
set search_path = ''
as $$
  with due as (
    select waiting.id
    from public.notification_outbox as waiting
    where waiting.next_attempt_at <= now()
    and not exists (
      select from public.notification_outbox as earlier
      where earlier.alert_id = waiting.alert_id
      and earlier.channel = waiting.channel
      and earlier.id < waiting.id
      and earlier.next_attempt_at is not null
    )
    order by waiting.next_attempt_at, waiting.id
    limit least(greatest(take_notifications.max_count, 0), 1000)
    for no key update of waiting skip locked
  ), taken as (
    update public.notification_outbox
    set
      attempts = notification_outbox.attempts + 1,
      next_attempt_at = now() + greatest(take_notifications.lease, interval '0')
    from due
    where notification_outbox.id = due.id
    returning notification_outbox.*
  )
  select
    taken.id, taken.organization_id, taken.alert_id, taken.event, taken.channel, taken.created_at, taken.attempts,
    case
      when taken.event <> 'test' then to_jsonb(alerts)
      else jsonb_build_object(
        'alert_type', 'test', 'severity', 'info', 'created_at', taken.created_at,
        'message', 'Test of the channel ' || coalesce(taken.channel ->> 'channel', taken.channel ->> 'type')
      )
    end
  from taken
  left join public.alerts on alerts.id = taken.alert_id
  order by taken.id;
$$;

comment on function public.take_notifications(integer, interval) is
'Take up to max_count (at most 1,000) due notifications, each with its alert as it is now; nobody else gets them within the lease. A test comes with what looks like an alert: alert_type test, severity info, a message. Settle each with settle_notification. For a worker.';

create function private.test_notification_channel(name text)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_organization_id constant uuid := private.my_organization_id();
  v_channel constant jsonb := jsonb_build_object('channel', test_notification_channel.name);
  v_channel_id uuid;
  v_id bigint;
begin
  if not private.has_role('admin') then
    raise exception 'permission denied for notification channels'
      using errcode = 'insufficient_privilege';
  end if;
  -- Who presses twice waits for themselves, and finds the first test.
  select channels.id into v_channel_id
  from public.notification_channels as channels
  where channels.organization_id = v_organization_id and channels.name = test_notification_channel.name
  for no key update;
  if not found then
    raise exception 'no such notification channel: %', test_notification_channel.name using errcode = 'UNKCH';
  end if;

  select waiting.id into v_id
  from public.notification_outbox as waiting
  where waiting.organization_id = v_organization_id
  and waiting.event = 'test'
  and waiting.channel = v_channel
  and waiting.next_attempt_at is not null;
  if found then
    return v_id;
  end if;

  insert into public.notification_outbox (organization_id, event, channel)
  values (v_organization_id, 'test', v_channel)
  returning notification_outbox.id into v_id;
  insert into public.audit_logs (organization_id, user_id, action, resource_type, resource_id, details, ip_address)
  values (
    v_organization_id, auth.uid(), 'test', 'notification_channels', v_channel_id::text,
    jsonb_build_object('name', test_notification_channel.name, 'notification_id', v_id), private.request_ip()
  );
  return v_id;
end;
$$;
comment on function private.test_notification_channel(text) is
'public.test_notification_channel. Definer: nobody else writes the outbox and the audit log; it asks for the role itself.';

create function public.test_notification_channel(name text)
returns bigint
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.test_notification_channel(name);
$$;
comment on function public.test_notification_channel(text) is
'Have the notifier send a test to this channel of the caller''s organization, once; the id in notification_outbox, or that of the test that waits still. For admins. 42501: who is none. UNKCH: no such channel.';

-- A test that was sent is no news; another one is made.
create or replace function private.resend_notification(id bigint)
returns boolean
language sql
volatile
security definer
set search_path = ''
as $$
  with again as (
    update public.notification_outbox
    set next_attempt_at = now(), sent_at = null
    where notification_outbox.id = resend_notification.id
    and notification_outbox.next_attempt_at is null
    and notification_outbox.event <> 'test'
    and notification_outbox.organization_id = (select private.my_organization_id())
    and (select private.has_role('admin'))
    returning notification_outbox.id, notification_outbox.organization_id, notification_outbox.channel
  ), logged as (
    insert into public.audit_logs (organization_id, user_id, action, resource_type, resource_id, details, ip_address)
    select
      again.organization_id, auth.uid(), 'resend', 'notification_outbox', again.id::text,
      jsonb_build_object('channel', coalesce(again.channel ->> 'channel', again.channel ->> 'type')),
      private.request_ip()
    from again
    returning true
  )
  select exists (select from logged);
$$;

comment on function public.resend_notification(bigint) is
'Make a notification that was sent or given up due again. False if there is none that the caller may resend, and for a test. For admins.';
comment on column public.audit_logs.action is 'insert, update, delete, acknowledge, resolve, replay, test or resend.';

revoke all on function public.test_notification_channel(text) from public, anon, authenticated, service_role;

grant execute on function private.test_notification_channel(text) to authenticated;
grant execute on function public.test_notification_channel(text) to authenticated;

notify pgrst, 'reload schema';
