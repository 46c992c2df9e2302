/*
 * Changing a channel changes what is named, and nothing else.
 *
 * set_notification_channel took what was left out for its default, so who moved
 * an address enabled a channel that a colleague had disabled. Now what is left
 * out stays as it is, and the kind may be left out too: for a channel that there
 * is. private.set_notification_channel takes the whole of a channel as before.
 */
create function private.change_notification_channel(
  name text, kind text, recipients text[], target text, is_enabled boolean
)
returns table (channel_id uuid, signing_key text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_known record;
  v_kind text;
begin
  if not private.has_role('admin') then
    raise exception 'permission denied for notification channels'
      using errcode = 'insufficient_privilege';
  end if;

  select channels.kind, channels.recipients, channels.is_enabled into v_known
  from public.notification_channels as channels
  where channels.organization_id = private.my_organization_id()
  and channels.name = change_notification_channel.name
  for no key update;
  v_kind := coalesce(change_notification_channel.kind, v_known.kind);
  if v_kind is null then
    raise exception 'no such notification channel: %', change_notification_channel.name using errcode = 'UNKCH';
  end if;

  return query
  select *
  from private.set_notification_channel(
    change_notification_channel.name,
    v_kind,
    -- Other kinds than e-mail have no recipients: they go with the kind.
    coalesce(change_notification_channel.recipients, case when v_kind = v_known.kind then v_known.recipients end),
    change_notification_channel.target,
    coalesce(change_notification_channel.is_enabled, v_known.is_enabled, true)
  );
end;
$$;
comment on function private.change_notification_channel(text, text, text[], text, boolean) is
'public.set_notification_channel. Definer: private.set_notification_channel is for nobody else; asks for the role itself.';

create or replace function public.set_notification_channel(
  name text, kind text default null, recipients text[] default null, target text default null,
  is_enabled boolean default null
)
returns table (channel_id uuid, signing_key text)
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.change_notification_channel(name, kind, recipients, target, is_enabled);
$$;
comment on function public.set_notification_channel(text, text, text[], text, boolean) is
'Make the caller''s organization a channel of this name, enabled unless told otherwise, or change it: what is null stays as it is. A webhook''s signing key is answered when it is made or moves, this once (Standard Webhooks: whsec_ and base64). For admins. 42501: who is none. NTARG: no address, or none of its kind. UNKCH: no kind, and no channel of this name.';
comment on function private.set_notification_channel(text, text, text[], text, boolean) is
'Make a channel, or give one all of these; without a target it keeps its own. For private.change_notification_channel. Definer: it writes private.notification_targets, which nobody else may; asks for the role itself.';

revoke execute on function private.set_notification_channel(text, text, text[], text, boolean) from authenticated;
grant execute on function private.change_notification_channel(text, text, text[], text, boolean) to authenticated;

notify pgrst, 'reload schema';
