/*
 * Notification outbox: what is to be sent about alerts, and what became of it.
 *
 * A row is written with the alert, in the same transaction: nobody is told of an
 * alert that was rolled back, and no committed one is forgotten. Who has no
 * channel gets no row.
 *
 * A worker takes rows (take_notifications), sends, and settles each
 * (settle_notification). A taken row is due again after its lease, so what a
 * crashed worker held comes back: a channel may hear a thing twice, never not
 * at all.
 */
create table public.notification_outbox (
  id bigint generated always as identity,
  organization_id uuid not null references public.organizations (id) on delete restrict,
  alert_id uuid not null references public.alerts (id) on delete cascade,
  event text not null,
  channel jsonb not null,
  created_at timestamptz not null default now(),
  attempts integer not null default 0,
  next_attempt_at timestamptz default now(),
  sent_at timestamptz,
  last_error text,
  constraint notification_outbox_pkey primary key (id),
  constraint notification_outbox_event_check check (event in ('opened', 'resolved')),
  constraint notification_outbox_channel_check check (jsonb_typeof(channel) = 'object'),
  constraint notification_outbox_sent_at_check check (sent_at is null or next_attempt_at is null)
);
comment on table public.notification_outbox is
'One row an alert that opened or was resolved, and channel to tell. Kept for 30 days. Written by trigger and by take_notifications and settle_notification.';
comment on column public.notification_outbox.organization_id is 'The alert''s when it was written.';
comment on column public.notification_outbox.channel is
'The element of the rule''s notification_channels, else of the organization''s alert_channels; a bare name n as {"channel": n}.';
comment on column public.notification_outbox.attempts is 'How often a worker took it.';
comment on column public.notification_outbox.next_attempt_at is
'When it is due, or due again if the worker that took it settles nothing; null once it is sent or given up.';
comment on column public.notification_outbox.sent_at is 'null until it is sent, also if it was given up.';
comment on column public.notification_outbox.last_error is 'Why the last attempt failed; null if none did.';

-- One event is told once a channel. Hashed, since a channel may be longer than an index entry.
create unique index notification_outbox_alert_id_event_channel_key
on public.notification_outbox (alert_id, event, md5(channel::text));
create index notification_outbox_due_next_attempt_at_idx on public.notification_outbox (next_attempt_at, id)
where next_attempt_at is not null;
create index notification_outbox_organization_id_created_at_idx
on public.notification_outbox (organization_id, created_at desc);

create function private.tg_alerts__notify()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_channels jsonb;
begin
  if new.rule_id is not null then
    select alert_rules.notification_channels into v_channels
    from public.alert_rules
    where alert_rules.id = new.rule_id;
  else
    select organizations.alert_channels into v_channels
    from public.organizations
    where organizations.id = new.organization_id;
  end if;
  if v_channels = '[]' then
    return null;
  end if;

  insert into public.notification_outbox (organization_id, alert_id, event, channel)
  select distinct
    new.organization_id,
    new.id,
    case when new.is_resolved then 'resolved' else 'opened' end,
    case jsonb_typeof(listed.element)
      when 'string' then jsonb_build_object('channel', listed.element)
      else listed.element
    end
  from jsonb_array_elements(v_channels) as listed (element);
  return null;
end;
$$;
comment on function private.tg_alerts__notify() is
'Note for each channel of the rule, else of the organization, that an alert opened or was resolved. A rule that is deleted resolves its alerts before it goes, so they tell its channels too. Definer: nobody else writes the outbox.';

create trigger _800_notify_opened after insert on public.alerts
for each row when (not new.is_resolved)
execute function private.tg_alerts__notify();
create trigger _810_notify_resolved after update of is_resolved on public.alerts
for each row when (not old.is_resolved and new.is_resolved)
execute function private.tg_alerts__notify();

alter table public.notification_outbox enable row level security;

create policy notification_outbox_select_admin on public.notification_outbox
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

revoke all on table public.notification_outbox from anon, authenticated, service_role;
revoke all on sequence public.notification_outbox_id_seq from anon, authenticated, service_role;

grant select on table public.notification_outbox to authenticated, service_role;

notify pgrst, 'reload schema';
