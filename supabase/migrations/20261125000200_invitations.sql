/*
 * Invitations: how a person comes into an organization.
 *
 * An admin invites an address. Whoever has it confirmed with Auth and is in no
 * organization joins: at once, or when Auth makes the account, confirms the
 * address, or the person leaves another organization. An address that is not
 * confirmed never joins, or signing up with somebody else's would be enough; so
 * an invitation is worth what Auth's confirmation is worth (config.toml).
 *
 * Nobody learns from an invitation who has an account elsewhere: it waits for
 * an unknown address and for a member of another organization alike.
 *
 * Two may act on one address at once, the admin and Auth. Neither sees what the
 * other has not committed, and the invitation would wait for good; so both take
 * the address's advisory lock before they look, and before any row.
 */
create table public.invitations (
  id uuid not null default gen_random_uuid(),
  organization_id uuid not null,
  email text not null,
  role text not null default 'viewer',
  invited_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '14 days',
  accepted_at timestamptz,
  revoked_at timestamptz,
  constraint invitations_pkey primary key (id),
  constraint invitations_organization_id_fkey foreign key (organization_id)
  references public.organizations (id) on delete restrict,
  constraint invitations_email_check check (
    char_length(email) <= 255 and email ~ '^[^\s@[:cntrl:]]+@[^\s@[:cntrl:]]+$' and email = lower(email collate "C")
  ),
  constraint invitations_role_check check (role in ('viewer', 'operator', 'admin')),
  constraint invitations_ended_check check (num_nonnulls(accepted_at, revoked_at) <= 1)
);
comment on table public.invitations is
'Who may join an organization, by address. Open until accepted, revoked or expired; the oldest valid one of an address wins.';
comment on column public.invitations.email is 'Written in small letters, whatever the caller writes.';
comment on column public.invitations.role is 'What the person becomes on joining.';
comment on column public.invitations.invited_by is
'auth.uid() of who invited or renewed; null for a program. No foreign key: the invitation outlives the person.';
comment on column public.invitations.created_at is 'When it was made; when it was renewed, if it had expired by then.';
comment on column public.invitations.expires_at is 'From then on nobody joins by it; it may be renewed.';
comment on column public.invitations.accepted_at is 'When somebody joined by it; written by the database only.';
comment on column public.invitations.revoked_at is 'Since then it is void, for good; stamped by trigger.';

create unique index invitations_open_email_organization_id_key on public.invitations (email, organization_id)
where accepted_at is null and revoked_at is null;
comment on index public.invitations_open_email_organization_id_key is
'One open invitation an address and organization. An expired one is open still: renew it.';
create index invitations_organization_id_created_at_idx on public.invitations (organization_id, created_at desc);

-- Joining ---------------------------------------------------------------------

create function private.lock_address(email text)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('public.invitations ' || lock_address.email, 0));
$$;
comment on function private.lock_address(text) is
'Be the only one to join, invite or remove this address until the transaction ends. Take it before any row of users or invitations.';

create function private.accept_invitation(person_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_email text;
  v_invitation_id uuid;
  v_organization_id uuid;
  v_role text;
begin
  select lower(account.email collate "C") into v_email
  from auth.users as account
  where account.id = accept_invitation.person_id
  and account.email_confirmed_at is not null;
  if v_email is null then
    return;
  end if;

  perform private.lock_address(v_email);
  perform from public.users
  where users.id = accept_invitation.person_id
  and users.organization_id is null
  and users.is_active
  for no key update;
  if not found then
    return;
  end if;

  loop
    select invitations.id into v_invitation_id
    from public.invitations
    where invitations.email = v_email
    and invitations.accepted_at is null
    and invitations.revoked_at is null
    and invitations.expires_at > now()
    order by invitations.created_at, invitations.id
    limit 1;
    exit when not found;

    -- An admin may revoke it meanwhile; then the next one counts.
    update public.invitations
    set accepted_at = now()
    where invitations.id = v_invitation_id
    and invitations.accepted_at is null
    and invitations.revoked_at is null
    returning invitations.organization_id, invitations.role into v_organization_id, v_role;
    continue when not found;

    update public.users
    set organization_id = v_organization_id, role = v_role
    where users.id = accept_invitation.person_id;
    exit;
  end loop;
end;
$$;
comment on function private.accept_invitation(uuid) is
'Take a person who is in no organization into the one that invited their confirmed address first, if any did. Definer: it reads auth.users, and nobody else may write users.organization_id.';

-- Triggers --------------------------------------------------------------------

create function private.tg_invitations__stamp()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    new.email := lower(btrim(new.email) collate "C");
    new.invited_by := auth.uid();
    perform private.lock_address(new.email);
    if exists (
      select from public.users
      where users.organization_id = new.organization_id
      and lower(users.email collate "C") = new.email
    ) then
      raise exception 'already in the organization: %', new.email
        using errcode = 'ISMEM', hint = 'Change the person''s role, or activate them again.';
    end if;
    return new;
  end if;

  if num_nonnulls(old.accepted_at, old.revoked_at) > 0 then
    raise exception 'the invitation has ended: %', old.id
      using errcode = 'INVEN', hint = 'Invite the address again.';
  end if;
  if new.revoked_at is not null then
    new.revoked_at := now();
  end if;
  if (new.role, new.expires_at) is distinct from (old.role, old.expires_at) then
    new.invited_by := auth.uid();
  end if;
  if old.expires_at <= now() and new.expires_at > now() then
    new.created_at := now();
  end if;
  return new;
end;
$$;
comment on function private.tg_invitations__stamp() is
'Who invited whom, the address in small letters. ISMEM: they are in already. INVEN: accepted or revoked, it stays so. Invoker on purpose: a caller learns no more about members than they may see.';

create function private.tg_invitations__accept()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform private.accept_invitation(waiting.id)
  from (
    select users.id
    from public.users
    join auth.users as account on account.id = users.id
    where users.organization_id is null
    and users.is_active
    and lower(account.email collate "C") = new.email
    and account.email_confirmed_at is not null
    order by users.created_at, users.id
    limit 1
  ) as waiting;
  return null;
end;
$$;
comment on function private.tg_invitations__accept() is
'Whoever has the invited address confirmed and is in no organization joins at once. Definer: the caller may not see them.';

create function private.tg_auth_users__invitation()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform private.accept_invitation(new.id);
  return null;
end;
$$;
comment on function private.tg_auth_users__invitation() is
'An account whose address is confirmed takes up the invitation that waits for it. Definer: the Auth server holds no right there.';

create function private.tg_users__left()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  update public.invitations
  set revoked_at = now()
  where invitations.organization_id = old.organization_id
  and invitations.email = lower(new.email collate "C")
  and invitations.accepted_at is null
  and invitations.revoked_at is null;

  if new.organization_id is null then
    perform private.accept_invitation(new.id);
  end if;
  return null;
end;
$$;
comment on function private.tg_users__left() is
'Who left an organization does not come back by an old invitation of it, and takes up the one that waited elsewhere. Definer: the caller sees no invitation of other organizations.';

create trigger _100_organization before insert on public.invitations
for each row execute function private.tg__organization();
create trigger _110_stamp before insert or update on public.invitations
for each row execute function private.tg_invitations__stamp();
create trigger _300_accept after insert or update of expires_at on public.invitations
for each row execute function private.tg_invitations__accept();
create trigger _900_audit after insert or delete or update on public.invitations
for each row execute function private.tg__audit('id');

create trigger _300_left after update of organization_id on public.users
for each row when (old.organization_id is not null and old.organization_id is distinct from new.organization_id)
execute function private.tg_users__left();

-- After fluxio_account, which makes the row, and before fluxio_email, which locks it.
create trigger fluxio_account_invitation after insert or update of email, email_confirmed_at on auth.users
for each row when (new.email_confirmed_at is not null)
execute function private.tg_auth_users__invitation();

-- Inviting --------------------------------------------------------------------

create function public.invite_person(email text, role text default 'viewer', organization_id uuid default null)
returns table (invitation_id uuid, expires_at timestamptz, accepted_at timestamptz)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
#variable_conflict use_column
begin
  insert into public.invitations as made (organization_id, email, role)
  values (invite_person.organization_id, invite_person.email, invite_person.role)
  on conflict (email, organization_id) where accepted_at is null and revoked_at is null
  do update set role = excluded.role, expires_at = excluded.expires_at
  returning made.id into invite_person.invitation_id;

  return query
  select made.id, made.expires_at, made.accepted_at
  from public.invitations as made
  where made.id = invite_person.invitation_id;
end;
$$;
comment on function public.invite_person(text, text, uuid) is
'Invite an address for 14 days, or renew the invitation it has, with this role. accepted_at is null until somebody with the confirmed address joins, which may be at once. For an admin in their own organization (else 42501) and for service_role (default organization if none is named). ISMEM: in it already. 23514: no address, or no role.';

alter table public.invitations enable row level security;

create policy invitations_select_admin on public.invitations
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy invitations_insert_admin on public.invitations
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy invitations_update_admin on public.invitations
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

revoke all on table public.invitations from anon, authenticated, service_role;
revoke all on function public.invite_person(text, text, uuid) from public, anon, authenticated, service_role;

grant select on table public.invitations to authenticated, service_role;
grant insert (organization_id, email, role, expires_at) on table public.invitations to authenticated, service_role;
grant update (role, expires_at, revoked_at) on table public.invitations to authenticated, service_role;

grant execute on function private.lock_address(text) to authenticated, service_role;
grant execute on function public.invite_person(text, text, uuid) to authenticated, service_role;

notify pgrst, 'reload schema';
