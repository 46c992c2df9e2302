/*
 * Notification channels: what the names in a rule's channels stand for.
 *
 * A channel belongs to an organization and is named by its rules and by its
 * alert_channels. Whoever may read a webhook's address may often write to it, so
 * addresses and signing keys are kept in private: an admin sets them and sees
 * the host only, the worker reads them.
 *
 * set_notification_channel is the one way to write one, so that a channel never
 * stands here without its address. A name that no channel has is an error that
 * the outbox shows, not a silent loss.
 */
create table public.notification_channels (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations (id) on delete restrict,
  name text not null,
  kind text not null,
  recipients text[] not null default '{}',
  target_host text,
  is_enabled boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint notification_channels_organization_id_name_key unique (organization_id, name),
  constraint notification_channels_name_check check (char_length(name) between 1 and 100),
  constraint notification_channels_kind_check check (kind in ('email', 'webhook', 'apprise')),
  constraint notification_channels_recipients_check check (
    array_position(recipients, null) is null
    and (kind = 'email') = (cardinality(recipients) > 0)
    and cardinality(recipients) <= 50
  ),
  constraint notification_channels_target_host_check check ((kind = 'email') = (target_host is null))
);
comment on table public.notification_channels is
'Where an organization''s notifications go; its address is in private.notification_targets. Written by set_notification_channel.';
comment on column public.notification_channels.name is 'By which notification_channels of a rule and alert_channels of an organization name it.';
comment on column public.notification_channels.kind is
'email: to recipients, through the worker''s mail server. webhook: a signed POST. apprise: an address of a service that Apprise knows.';
comment on column public.notification_channels.recipients is 'E-mail addresses; of kind email only.';
comment on column public.notification_channels.target_host is
'Scheme and host of the address, without what may be secret in it; null for e-mail.';
comment on column public.notification_channels.is_enabled is 'false: what is due is given up, and says so.';

create table private.notification_targets (
  channel_id uuid not null references public.notification_channels (id) on delete cascade,
  target text not null,
  signing_key bytea,
  constraint notification_targets_pkey primary key (channel_id),
  constraint notification_targets_target_check check (char_length(target) between 1 and 2000)
);
comment on table private.notification_targets is 'The addresses of channels, which are secrets. For the worker.';
comment on column private.notification_targets.target is 'A webhook''s https address, or an address as Apprise writes it.';
comment on column private.notification_targets.signing_key is
'32 random bytes by which a webhook''s receiver knows us (HMAC-SHA256); null for other kinds.';

create function private.notification_target_host(target text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  -- What stands before an @ is a password, what follows the host may be a token.
  select (parts.part)[1] || coalesce(nullif((parts.part)[3], ''), '...')
  from regexp_match(notification_target_host.target, '^([a-zA-Z][a-zA-Z0-9+.-]*://)([^/?#@]*@)?([^/?#]*)') as parts (part);
$$;
comment on function private.notification_target_host(text) is
'The part of an address that may be shown; null for what is none.';

create function private.set_notification_channel(
  name text, kind text, recipients text[], target text, is_enabled boolean
)
returns table (channel_id uuid, signing_key text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_organization_id constant uuid := private.my_organization_id();
  v_target constant text := nullif(trim(set_notification_channel.target), '');
  v_host text;
  v_channel record;
  v_key bytea;
begin
  if not private.has_role('admin') then
    raise exception 'permission denied for notification channels'
      using errcode = 'insufficient_privilege';
  end if;

  select known.id, known.kind, known.target_host into v_channel
  from public.notification_channels as known
  where known.organization_id = v_organization_id and known.name = set_notification_channel.name
  for no key update;

  if set_notification_channel.kind <> 'email' then
    v_host := case
      when v_target is null and v_channel.kind = set_notification_channel.kind then v_channel.target_host
      -- Apprise takes https addresses for its own; they would go out unsigned.
      when set_notification_channel.kind = 'webhook' and v_target ~ '^https://[^/?#@ ]+([/?][^ #]*)?$'
        then private.notification_target_host(v_target)
      when set_notification_channel.kind = 'apprise' and v_target ~ '^[a-zA-Z][a-zA-Z0-9+.-]*://[^ ]+$'
        and v_target !~* '^(https?|jsons?|xmls?|forms?|file|syslog|windows|macosx|gnome|dbus|kde|qt|glib)://'
        -- Its host is the service's, and what stands there is a token: the scheme alone is shown.
        then lower(substring(v_target from '^[^:]+://')) || '...'
    end;
    if v_host is null then
      raise exception 'no address for a channel of this kind'
        using errcode = 'NTARG', hint = 'webhook: https://host/path without a user; apprise: an address of a service, such as slack://...';
    end if;
  end if;

  insert into public.notification_channels as known (
    organization_id, name, kind, recipients, target_host, is_enabled
  )
  values (
    v_organization_id, set_notification_channel.name, set_notification_channel.kind,
    coalesce(set_notification_channel.recipients, '{}'), v_host, coalesce(set_notification_channel.is_enabled, true)
  )
  on conflict on constraint notification_channels_organization_id_name_key do update
  set
    kind = excluded.kind, recipients = excluded.recipients, target_host = excluded.target_host,
    is_enabled = excluded.is_enabled
  returning known.id into set_notification_channel.channel_id;

  if set_notification_channel.kind = 'email' then
    delete from private.notification_targets
    where notification_targets.channel_id = set_notification_channel.channel_id;
  elsif v_target is not null then
    v_key := case
      when set_notification_channel.kind = 'webhook' then sha256(
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
      )
    end;
    insert into private.notification_targets as known (channel_id, target, signing_key)
    values (set_notification_channel.channel_id, v_target, v_key)
    on conflict on constraint notification_targets_pkey do update
    -- A key is the address's: who moves it tells the new receiver a new one.
    set
      signing_key = case when known.target = excluded.target then known.signing_key else excluded.signing_key end,
      target = excluded.target
    returning case when known.signing_key = v_key then 'whsec_' || encode(v_key, 'base64') end
    into set_notification_channel.signing_key;
  end if;
  return next;
end;
$$;
comment on function private.set_notification_channel(text, text, text[], text, boolean) is
'public.set_notification_channel. Definer: it writes private.notification_targets, which nobody else may; asks for the role itself.';

create function public.set_notification_channel(
  name text, kind text, recipients text[] default null, target text default null, is_enabled boolean default true
)
returns table (channel_id uuid, signing_key text)
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.set_notification_channel(name, kind, recipients, target, is_enabled);
$$;
comment on function public.set_notification_channel(text, text, text[], text, boolean) is
'Make the caller''s organization a channel of this name, or change it; without a target a channel keeps its own. A webhook''s signing key is answered when it is made or moves, this once (Standard Webhooks: whsec_ and base64). For admins. 42501: who is none. NTARG: no address, or none of its kind.';

create trigger _200_touch_updated_at before update on public.notification_channels
for each row execute function private.tg__touch_updated_at();
create trigger _900_audit after insert or delete or update on public.notification_channels
for each row execute function private.tg__audit('id');

-- The log of attempts -----------------------------------------------------------

create table public.notification_attempts (
  id bigint generated always as identity,
  notification_id bigint not null,
  organization_id uuid not null references public.organizations (id) on delete restrict,
  ended_at timestamptz not null default now(),
  is_successful boolean not null,
  error text,
  constraint notification_attempts_pkey primary key (id),
  constraint notification_attempts_notification_id_fkey foreign key (notification_id)
  references public.notification_outbox (id) on delete cascade,
  constraint notification_attempts_error_check check (is_successful = (error is null))
);
comment on table public.notification_attempts is 'How each try to send a notification ended; goes with it. Written by settle_notification.';
comment on column public.notification_attempts.error is 'Why it failed, never with the address; null if it was sent.';
create index notification_attempts_notification_id_idx on public.notification_attempts (notification_id);
create index notification_attempts_organization_id_ended_at_idx
on public.notification_attempts (organization_id, ended_at desc);

create or replace function private.settle_notification(id bigint, error text, retry_at timestamptz)
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
    returning notification_outbox.id, notification_outbox.organization_id
  ), logged as (
    insert into public.notification_attempts (notification_id, organization_id, is_successful, error)
    select settled.id, settled.organization_id, settle_notification.error is null, left(settle_notification.error, 2000)
    from settled
    returning true
  )
  select exists (select from logged);
$$;

create function private.resend_notification(id bigint)
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
    and notification_outbox.organization_id = (select private.my_organization_id())
    and (select private.has_role('admin'))
    returning true
  )
  select exists (select from again);
$$;
comment on function private.resend_notification(bigint) is
'public.resend_notification. Definer: nobody else writes the outbox; it keeps to what an admin of the organization sees.';

create function public.resend_notification(id bigint)
returns boolean
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.resend_notification(id);
$$;
comment on function public.resend_notification(bigint) is
'Make a notification that was sent or given up due again. False if there is none that the caller may resend. For admins.';

-- For the worker ------------------------------------------------------------------

create function private.get_notification_routes(notification_ids bigint[])
returns table (
  notification_id bigint,
  channel_id uuid,
  name text,
  kind text,
  recipients text[],
  target text,
  signing_key text,
  is_enabled boolean,
  organization_name text,
  time_zone text
)
language sql
stable
security definer
set search_path = ''
as $$
  select
    outbox.id, channels.id, coalesce(outbox.channel ->> 'channel', outbox.channel ->> 'type'), channels.kind,
    channels.recipients, targets.target, encode(targets.signing_key, 'base64'), channels.is_enabled,
    organizations.name, organizations.time_zone
  from public.notification_outbox as outbox
  join public.organizations on organizations.id = outbox.organization_id
  left join public.notification_channels as channels
    on channels.organization_id = outbox.organization_id
    and channels.name = coalesce(outbox.channel ->> 'channel', outbox.channel ->> 'type')
  left join private.notification_targets as targets on targets.channel_id = channels.id
  where outbox.id = any (get_notification_routes.notification_ids)
  order by outbox.id;
$$;
comment on function private.get_notification_routes(bigint[]) is
'public.get_notification_routes. Definer: private.notification_targets is for nobody else.';

create function public.get_notification_routes(notification_ids bigint[])
returns table (
  notification_id bigint,
  channel_id uuid,
  name text,
  kind text,
  recipients text[],
  target text,
  signing_key text,
  is_enabled boolean,
  organization_name text,
  time_zone text
)
language sql
stable
security invoker
set search_path = ''
as $$
  select * from private.get_notification_routes(notification_ids);
$$;
comment on function public.get_notification_routes(bigint[]) is
'Where taken notifications go, secrets included: one row each, channel_id null where the organization has no channel of that name. signing_key in base64. For a worker.';

-- Row security ------------------------------------------------------------------------

alter table public.notification_channels enable row level security;
alter table public.notification_attempts enable row level security;
alter table private.notification_targets enable row level security;

create policy notification_channels_select_admin on public.notification_channels
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy notification_channels_delete_admin on public.notification_channels
for delete to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy notification_attempts_select_admin on public.notification_attempts
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

revoke all on table public.notification_channels, public.notification_attempts
from anon, authenticated, service_role;
revoke all on table private.notification_targets from public, anon, authenticated, service_role;
revoke all on sequence public.notification_attempts_id_seq from anon, authenticated, service_role;
revoke all on function public.set_notification_channel(text, text, text[], text, boolean)
from public, anon, authenticated, service_role;
revoke all on function public.resend_notification(bigint) from public, anon, authenticated, service_role;
revoke all on function public.get_notification_routes(bigint[]) from public, anon, authenticated, service_role;

grant select, delete on table public.notification_channels to authenticated;
grant select on table public.notification_channels to service_role;
grant select on table public.notification_attempts to authenticated, service_role;
grant execute on function private.set_notification_channel(text, text, text[], text, boolean) to authenticated;
grant execute on function public.set_notification_channel(text, text, text[], text, boolean) to authenticated;
grant execute on function private.resend_notification(bigint) to authenticated;
grant execute on function public.resend_notification(bigint) to authenticated;
grant execute on function private.get_notification_routes(bigint[]) to service_role;
grant execute on function public.get_notification_routes(bigint[]) to service_role;

notify pgrst, 'reload schema';
