/*
 * Notification worker: how a program that sends takes from the outbox.
 *
 * Many may work at once: a row that one is taking is passed over by the others.
 * Of one alert and channel the older event goes first, and the younger waits
 * until that is settled, so nobody reads "resolved" before "opened".
 */
create function private.take_notifications(max_count integer, lease interval)
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
    to_jsonb(alerts)
  from taken
  join public.alerts on alerts.id = taken.alert_id
  order by taken.id;
$$;
comment on function private.take_notifications(integer, interval) is
'public.take_notifications. Definer: nobody else writes the outbox.';

create function public.take_notifications(max_count integer, lease interval)
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
security invoker
set search_path = ''
as $$
  select * from private.take_notifications(max_count, lease);
$$;
comment on function public.take_notifications(integer, interval) is
'Take up to max_count (at most 1,000) due notifications, each with its alert as it is now; nobody else gets them within the lease. Settle each with settle_notification. For a worker.';

create function private.settle_notification(id bigint, error text, retry_at timestamptz)
returns boolean
language sql
volatile
security definer
set search_path = ''
as $$
  with settled as (
    update public.notification_outbox
    set
      sent_at = case when settle_notification.error is null then now() end,
      next_attempt_at = case when settle_notification.error is not null then settle_notification.retry_at end,
      last_error = coalesce(left(settle_notification.error, 2000), notification_outbox.last_error)
    where notification_outbox.id = settle_notification.id
    and notification_outbox.next_attempt_at is not null
    returning true
  )
  select exists (select from settled);
$$;
comment on function private.settle_notification(bigint, text, timestamptz) is
'public.settle_notification. Definer: nobody else writes the outbox.';

create function public.settle_notification(id bigint, error text default null, retry_at timestamptz default null)
returns boolean
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.settle_notification(id, error, retry_at);
$$;
comment on function public.settle_notification(bigint, text, timestamptz) is
'Say what became of a taken notification: sent (no error), to be tried again at retry_at, or given up (an error and no retry_at). False if there is none, or it is sent or given up already. For a worker.';

create function private.job_notification_outbox(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_deleted bigint;
begin
  delete from public.notification_outbox
  where notification_outbox.created_at < job_notification_outbox.as_of - interval '30 days';
  get diagnostics v_deleted = row_count;
  return v_deleted || ' deleted';
end;
$$;
comment on function private.job_notification_outbox(timestamptz) is
'Forget notifications of more than 30 days ago, sent or not: nobody wants to hear of them any more. Definer: nobody else deletes there.';

insert into private.jobs (name, schedule, max_silence) values ('notification_outbox', '40 1 * * *', interval '26 hours');

select private.register_jobs();

revoke all on function public.take_notifications(integer, interval) from public, anon, authenticated, service_role;
revoke all on function public.settle_notification(bigint, text, timestamptz)
from public, anon, authenticated, service_role;

grant execute on function private.take_notifications(integer, interval) to service_role;
grant execute on function private.settle_notification(bigint, text, timestamptz) to service_role;
grant execute on function public.take_notifications(integer, interval) to service_role;
grant execute on function public.settle_notification(bigint, text, timestamptz) to service_role;

notify pgrst, 'reload schema';
