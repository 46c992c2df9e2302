/*
 * Organizations: the unit of isolation, their sites and their people.
 *
 * Every later table reaches its organization through organization_id. A person
 * belongs to exactly one, in one role; who has no row in users, or an inactive
 * one, sees nothing. Policies ask the three small functions below and nothing
 * else: they are definer so that the policies of users do not call themselves.
 */
create table public.organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  time_zone text not null default 'UTC',
  day_start time not null default '00:00',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint organizations_name_key unique (name),
  constraint organizations_name_check check (char_length(name) between 1 and 120 and name !~ '^\s|\s$|[[:cntrl:]]')
);
comment on table public.organizations is
'A customer: every row of every other table belongs to one. A default one always exists, so a single-site user never meets the word.';
comment on column public.organizations.time_zone is 'Name in the tz database; a site may have its own.';
comment on column public.organizations.day_start is 'Local time at which a reporting day begins.';

-- The one row the code cannot run without.
insert into public.organizations (id, name)
values ('00000000-0000-0000-0000-000000000001', 'Default');

create table public.sites (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations (id) on delete restrict,
  name text not null,
  time_zone text,
  day_start time,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sites_organization_id_id_key unique (organization_id, id),
  constraint sites_organization_id_name_key unique (organization_id, name),
  constraint sites_name_check check (char_length(name) between 1 and 120 and name !~ '^\s|\s$|[[:cntrl:]]')
);
comment on table public.sites is 'A plant or station of an organization.';
comment on column public.sites.time_zone is 'Name in the tz database; null means the organization''s.';
comment on column public.sites.day_start is 'Local time at which a reporting day begins; null means the organization''s.';

create table public.users (
  id uuid primary key references auth.users (id) on delete cascade,
  organization_id uuid not null references public.organizations (id) on delete restrict,
  email text,
  full_name text,
  role text not null default 'viewer',
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_role_check check (role in ('viewer', 'operator', 'admin')),
  constraint users_full_name_check check (char_length(full_name) <= 200)
);
comment on table public.users is 'Which signed-in person belongs to which organization, and as what. No row or is_active = false: sees nothing.';
comment on column public.users.id is 'auth.users.id, so auth.uid().';
comment on column public.users.email is 'Copied from auth.users by trigger, whatever a caller writes; null for a person without one.';
comment on column public.users.role is 'viewer reads; operator also handles alerts and rules; admin also devices, gateways, sites, keys and people.';
create index users_organization_id_idx on public.users (organization_id);

-- Who is asking ---------------------------------------------------------------

create function private.default_organization_id()
returns uuid
language sql
immutable
security invoker
set search_path = ''
as $$
  select '00000000-0000-0000-0000-000000000001'::uuid;
$$;
comment on function private.default_organization_id() is 'The organization of whoever does not name one.';

create function private.my_organization_id()
returns uuid
language sql
stable
security definer
set search_path = ''
as $$
  select users.organization_id
  from public.users
  where users.id = (select auth.uid())
  and users.is_active;
$$;
comment on function private.my_organization_id() is
'The caller''s organization; null for a stranger and for an inactive person. Definer: it is asked by the policy of the table it reads.';

create function private.my_role()
returns text
language sql
stable
security definer
set search_path = ''
as $$
  select users.role
  from public.users
  where users.id = (select auth.uid())
  and users.is_active;
$$;
comment on function private.my_role() is
'The caller''s role; null for a stranger and for an inactive person. Definer: it is asked by the policy of the table it reads.';

create function private.has_role(minimum text)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(
    array_position(array['viewer', 'operator', 'admin'], private.my_role())
    >= array_position(array['viewer', 'operator', 'admin'], has_role.minimum),
    false
  );
$$;
comment on function private.has_role(text) is
'Whether the caller is at least a viewer, operator or admin of their organization. False for any other word.';

-- Triggers --------------------------------------------------------------------

create function private.tg__organization()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  new.organization_id := coalesce(
    new.organization_id, private.my_organization_id(), private.default_organization_id()
  );
  return new;
end;
$$;
comment on function private.tg__organization() is
'A row that names no organization belongs to the caller''s, else to the default one. Row security judges the result. Definer: service_role needs no right on the helpers.';

create function private.tg_users__email()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  select account.email
  into new.email
  from auth.users as account
  where account.id = new.id;
  return new;
end;
$$;
comment on function private.tg_users__email() is
'The address is the account''s, never the caller''s word. Definer: nobody else reads auth.users.';

create function private.tg_auth_users__email()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  update public.users
  set email = new.email
  where users.id = new.id;
  return null;
end;
$$;
comment on function private.tg_auth_users__email() is
'A changed address of an account reaches public.users. Definer: the Auth server holds no right there.';

create function private.tg_users__last_admin()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  -- One at a time an organization: two admins who remove each other at the
  -- same moment would otherwise each still see the other.
  perform from public.organizations
  where organizations.id = old.organization_id
  for no key update;

  if not exists (
    select from public.users
    where users.organization_id = old.organization_id
    and users.role = 'admin'
    and users.is_active
    and users.id <> old.id
  ) then
    raise exception 'the last active admin of an organization must stay: %', old.id
      using errcode = 'LASTA', hint = 'Make another person an admin first.';
  end if;

  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end;
$$;
comment on function private.tg_users__last_admin() is
'Refuse what would leave an organization without an active admin (LASTA), whoever asks. Definer: it counts people the caller may not see.';

create trigger _100_check_time_zone before insert or update of time_zone on public.organizations
for each row execute function private.tg__check_time_zone();
create trigger _200_touch_updated_at before update on public.organizations
for each row execute function private.tg__touch_updated_at();

create trigger _100_organization before insert on public.sites
for each row execute function private.tg__organization();
create trigger _110_check_time_zone before insert or update of time_zone on public.sites
for each row execute function private.tg__check_time_zone();
create trigger _200_touch_updated_at before update on public.sites
for each row execute function private.tg__touch_updated_at();

create trigger _100_organization before insert on public.users
for each row execute function private.tg__organization();
create trigger _110_email before insert or update of email on public.users
for each row execute function private.tg_users__email();
create trigger _120_last_admin_update before update on public.users
for each row
when (
  old.role = 'admin' and old.is_active
  and (new.role <> 'admin' or not new.is_active or new.organization_id <> old.organization_id)
)
execute function private.tg_users__last_admin();
create trigger _130_last_admin_delete before delete on public.users
for each row when (old.role = 'admin' and old.is_active)
execute function private.tg_users__last_admin();
create trigger _200_touch_updated_at before update on public.users
for each row execute function private.tg__touch_updated_at();

create trigger fluxio_email after update of email on auth.users
for each row when (old.email is distinct from new.email)
execute function private.tg_auth_users__email();

-- Row security ----------------------------------------------------------------

alter table public.organizations enable row level security;
alter table public.sites enable row level security;
alter table public.users enable row level security;

create policy organizations_select_member on public.organizations
for select to authenticated
using (id = (select private.my_organization_id()));

create policy sites_select_member on public.sites
for select to authenticated
using (organization_id = (select private.my_organization_id()));

create policy sites_insert_admin on public.sites
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy sites_update_admin on public.sites
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy sites_delete_admin on public.sites
for delete to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy users_select_member on public.users
for select to authenticated
using (organization_id = (select private.my_organization_id()));

create policy users_insert_admin on public.users
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy users_update_admin on public.users
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy users_delete_admin on public.users
for delete to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

-- Who may ---------------------------------------------------------------------

revoke all on table public.organizations, public.sites, public.users from anon, authenticated, service_role;

grant select on table public.organizations, public.sites, public.users to authenticated;
grant insert (organization_id, name, time_zone, day_start) on table public.sites to authenticated;
grant update (name, time_zone, day_start) on table public.sites to authenticated;
grant delete on table public.sites to authenticated;
grant insert (id, organization_id, email, full_name, role, is_active) on table public.users to authenticated;
grant update (full_name, role, is_active) on table public.users to authenticated;
grant delete on table public.users to authenticated;

grant select, insert, update on table public.organizations, public.sites, public.users to service_role;

grant execute on function private.default_organization_id() to service_role;
grant execute on function private.my_organization_id() to authenticated;
grant execute on function private.my_role() to authenticated;
grant execute on function private.has_role(text) to authenticated;

notify pgrst, 'reload schema';
