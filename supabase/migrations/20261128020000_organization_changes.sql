/*
 * Versions of what an organization's people see, so that an answer can be kept
 * until one of them changes something.
 *
 * A statement by which a person changes what lists show leaves a row here, in
 * the same transaction. The rows that are visible are the version: an answer
 * that is kept under it is not older than any change that was committed when
 * the version was asked for. Ingest leaves none: who keeps an answer says for
 * how long its readings may be old.
 *
 * Rows and not a counter, because a counter is locked until the commit: people
 * who change two things each, the other way around, would be in each other's way.
 */
create table private.organization_changes (
  organization_id uuid not null references public.organizations (id) on delete cascade,
  id bigint generated always as identity,
  changed_at timestamptz not null default clock_timestamp(),
  constraint organization_changes_pkey primary key (organization_id, id)
);
comment on table private.organization_changes is
'One row a statement by which a person changed something, for ten minutes: no answer is kept and no person''s transaction runs for so long.';
comment on column private.organization_changes.changed_at is 'When the statement ran; it counts from its commit on.';
alter table private.organization_changes enable row level security;

create function private.tg__note_change()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_organization_id uuid;
begin
  if auth.uid() is null then
    return null;
  end if;
  v_organization_id := private.my_organization_id();
  if v_organization_id is null then
    return null;
  end if;
  delete from private.organization_changes
  where (organization_changes.organization_id, organization_changes.id) in (
    select forgotten.organization_id, forgotten.id
    from private.organization_changes as forgotten
    where forgotten.organization_id = v_organization_id
    and forgotten.changed_at < clock_timestamp() - interval '10 minutes'
    for update skip locked
  );
  insert into private.organization_changes (organization_id) values (v_organization_id);
  return null;
end;
$$;
comment on function private.tg__note_change() is
'Note that the caller changed something of their organization; nothing for a program or a DBA. Row security lets people change no other organization''s rows. Definer: nobody may write organization_changes otherwise.';

create function private.my_cache_scope()
returns table (organization_id uuid, role text, version text)
language sql
stable
security definer
set search_path = ''
as $$
  select
    users.organization_id,
    users.role,
    (
      select coalesce(md5(string_agg(organization_changes.id::text, ' ' order by organization_changes.id)), '')
      from private.organization_changes
      where organization_changes.organization_id = users.organization_id
    )
  from public.users
  where users.id = (select auth.uid())
  and users.is_active
  and users.organization_id is not null;
$$;
comment on function private.my_cache_scope() is 'public.get_cache_scope. Definer: nobody may read organization_changes otherwise.';

create function public.get_cache_scope()
returns table (organization_id uuid, role text, version text)
language sql
stable
security invoker
set search_path = ''
as $$
  select scope.organization_id, scope.role, scope.version from private.my_cache_scope() as scope;
$$;
comment on function public.get_cache_scope() is
'Whose answers the caller may share, one row: all that row security of devices, latest_readings and alerts depends on, and a version (text of no meaning) that changes with every change by a person of the organization. No row for who is in none, or not active: nothing may be kept for them.';

create trigger _950_note_change_of_config
after update of
id, device_id, organization_id, site_id, gateway_id, device_name, device_type, location, description, status,
expected_interval_s, profile, totalizer_max, reverse_policy, metadata, created_at, updated_at
on public.devices
for each statement execute function private.tg__note_change();
create trigger _950_note_change after insert or delete on public.devices
for each statement execute function private.tg__note_change();

create trigger _950_note_change_of_config
after update of id, organization_id, site_id, name, serial, metadata, created_at, updated_at
on public.gateways
for each statement execute function private.tg__note_change();
create trigger _950_note_change after insert or delete on public.gateways
for each statement execute function private.tg__note_change();

create trigger _950_note_change after insert or update or delete on public.sites
for each statement execute function private.tg__note_change();

create trigger _950_note_change after insert or update or delete on public.device_aliases
for each statement execute function private.tg__note_change();

create trigger _950_note_change after insert or update or delete on public.alert_rules
for each statement execute function private.tg__note_change();

-- Alerts open by themselves; people acknowledge and resolve them, and delete them with their device.
create trigger _950_note_change after update or delete on public.alerts
for each statement execute function private.tg__note_change();

-- A replay, by which a person makes readings.
create trigger _950_note_change after update of replayed_at on public.ingest_dead_letters
for each statement execute function private.tg__note_change();

revoke all on table private.organization_changes from public, anon, authenticated, service_role;
revoke all on function private.tg__note_change() from public, anon, authenticated, service_role;
revoke all on function private.my_cache_scope() from public, anon, authenticated, service_role;
revoke all on function public.get_cache_scope() from public, anon, authenticated, service_role;
grant execute on function private.my_cache_scope() to authenticated;
grant execute on function public.get_cache_scope() to authenticated;

notify pgrst, 'reload schema';
