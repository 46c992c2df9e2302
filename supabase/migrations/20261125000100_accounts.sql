/*
 * Accounts: whoever can sign in has a row in users, and no organization until
 * an admin takes them in.
 *
 * A self-made account must never land in an organization. So a row without one
 * stays without one (it used to fall to the default organization), and the
 * lowest role is the only one outside. People neither insert nor delete rows
 * any more: Auth makes and deletes accounts, and the row goes with the account.
 *
 * Takes ACCESS EXCLUSIVE on users and SHARE ROW EXCLUSIVE on auth.users for the
 * moment it runs, so sign-ins wait for it; nothing is rewritten. Triggers on
 * auth.users stay for good: only the owner of the table, Auth, may drop them.
 */
alter table public.users alter column organization_id drop not null;
alter table public.users add constraint users_role_outside_check check (
  organization_id is not null or role = 'viewer'
);
comment on table public.users is
'Everybody who has an account, and which organization they belong to as what. In none, they see this row of theirs and nothing else; with is_active = false, nothing at all.';
comment on column public.users.organization_id is
'null until an admin invites them, and once they were removed. Only service_role writes it; a row is in no organization unless one is named.';
comment on column public.users.role is
'viewer reads; operator also handles alerts and rules; admin also devices, gateways, sites, keys and people. viewer outside of an organization.';
comment on column public.users.is_active is 'Whether they may act at all; one who may not takes no invitation either.';

create or replace function private.my_role()
returns text
language sql
stable
security definer
set search_path = ''
as $$
  select users.role
  from public.users
  where users.id = (select auth.uid())
  and users.organization_id is not null
  and users.is_active;
$$;
comment on function private.my_role() is
'The caller''s role in their organization; null for a stranger, for an inactive person and outside of any. Definer: it is asked by the policy of the table it reads.';
comment on function private.my_organization_id() is
'The caller''s organization; null for a stranger, for an inactive person and outside of any. Definer: it is asked by the policy of the table it reads.';

create function private.tg_users__leave()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  new.role := 'viewer';
  return new;
end;
$$;
comment on function private.tg_users__leave() is 'Who leaves an organization leaves their role there.';

create function private.tg_auth_users__account()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  insert into public.users (id) values (new.id)
  on conflict (id) do nothing;
  return null;
end;
$$;
comment on function private.tg_auth_users__account() is
'A new account gets its row in public.users, in no organization. Definer: the Auth server holds no right there.';

drop trigger _100_organization on public.users;
create trigger _115_leave before update of organization_id on public.users
for each row when (old.organization_id is not null and new.organization_id is null)
execute function private.tg_users__leave();
drop trigger _120_last_admin_update on public.users;
create trigger _120_last_admin_update before update on public.users
for each row
when (
  old.role = 'admin' and old.is_active
  and (new.role <> 'admin' or not new.is_active or new.organization_id is distinct from old.organization_id)
)
execute function private.tg_users__last_admin();

create trigger fluxio_account after insert on auth.users
for each row execute function private.tg_auth_users__account();

-- The accounts there are: without a row until now, they were nobody.
insert into public.users (id)
select account.id
from auth.users as account
on conflict (id) do nothing;

-- Row security ----------------------------------------------------------------

alter policy users_select_member on public.users
using (
  organization_id = (select private.my_organization_id())
  or (organization_id is null and is_active and id = (select auth.uid()))
);

drop policy users_insert_admin on public.users;
drop policy users_delete_admin on public.users;

revoke insert, delete on table public.users from authenticated;

notify pgrst, 'reload schema';
