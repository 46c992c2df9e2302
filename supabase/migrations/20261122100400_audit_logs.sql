/*
 * Audit: who changed the configuration, when, and what it was before.
 *
 * Written by triggers, so no way of writing escapes it. The triggers name the
 * columns they watch: contact (devices.last_seen, gateways.last_seen) and use
 * (api_keys.last_used_at) change all day and are nobody's action. A new
 * configuration column belongs into its table's list; a test compares them.
 */
create table public.audit_logs (
  id bigint generated always as identity primary key,
  organization_id uuid not null references public.organizations (id) on delete restrict,
  user_id uuid,
  action text not null,
  resource_type text not null,
  resource_id text not null,
  details jsonb not null default '{}',
  ip_address inet,
  created_at timestamptz not null default now()
);
comment on table public.audit_logs is 'What people and programs did to the configuration and to alerts. Append only.';
comment on column public.audit_logs.user_id is
'auth.uid() of who did it; null for a program or a DBA. No foreign key: the entry outlives the person.';
comment on column public.audit_logs.action is 'insert, update, delete, acknowledge or resolve.';
comment on column public.audit_logs.resource_type is 'The table.';
comment on column public.audit_logs.resource_id is 'Its row: device_id of a device, else id.';
comment on column public.audit_logs.details is
'{"new": row}, {"old": row} or {"changed": {column: {"old", "new"}}}; secrets are left out.';
comment on column public.audit_logs.ip_address is 'First address of X-Forwarded-For, as the caller''s proxy told it; null if none.';
create index audit_logs_organization_id_created_at_idx on public.audit_logs (organization_id, created_at desc);

create function private.request_ip()
returns inet
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return btrim(split_part(
    nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-forwarded-for', ',', 1
  ))::inet;
exception
  when data_exception then
    return null;
end;
$$;
comment on function private.request_ip() is 'Where the current request says it came from; null outside a request or if unreadable.';

create function private.tg__audit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_unlogged constant text[] := array['key_hash', 'last_seen', 'last_used_at', 'updated_at'];
  v_old constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - v_unlogged end;
  v_new constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - v_unlogged end;
  v_row constant jsonb := coalesce(v_new, v_old);
  v_changed jsonb;
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(after.key, jsonb_build_object('old', v_old -> after.key, 'new', after.value))
    into v_changed
    from jsonb_each(v_new) as after
    where after.value is distinct from v_old -> after.key;
    if v_changed is null then
      return null;
    end if;
  end if;

  insert into public.audit_logs (organization_id, user_id, action, resource_type, resource_id, details, ip_address)
  values (
    (v_row ->> 'organization_id')::uuid,
    auth.uid(),
    coalesce(tg_argv[1], lower(tg_op)),
    tg_table_name,
    v_row ->> tg_argv[0],
    case tg_op
      when 'INSERT' then jsonb_build_object('new', v_new)
      when 'DELETE' then jsonb_build_object('old', v_old)
      else jsonb_build_object('changed', v_changed)
    end,
    private.request_ip()
  );
  return null;
end;
$$;
comment on function private.tg__audit() is
'Write a row''s change to audit_logs. Arguments: the column that names the row, then the action (default: the SQL command). Definer: nobody may write audit_logs otherwise.';

create function private.tg_audit_logs__append_only()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise exception 'audit_logs is append only: % refused', lower(tg_op)
    using errcode = 'AUDRO';
end;
$$;
comment on function private.tg_audit_logs__append_only() is 'Refuse to change or remove an entry (AUDRO), whoever asks.';

create trigger _100_append_only before update or delete or truncate on public.audit_logs
for each statement execute function private.tg_audit_logs__append_only();

create trigger _900_audit
after insert or delete or update of id, organization_id, name, time_zone, day_start, created_at on public.sites
for each row execute function private.tg__audit('id');

create trigger _900_audit
after insert or delete or update of id, organization_id, email, full_name, role, is_active, created_at on public.users
for each row execute function private.tg__audit('id');

create trigger _900_audit
after insert or delete or update of id, organization_id, site_id, name, serial, metadata, created_at on public.gateways
for each row execute function private.tg__audit('id');

create trigger _900_audit
after insert or delete or update of id, device_id, organization_id, site_id, gateway_id, device_name, device_type,
location, description, status, expected_interval_s, profile, totalizer_max, metadata, created_at on public.devices
for each row execute function private.tg__audit('device_id');

create trigger _900_audit
after insert or delete or update of id, organization_id, gateway_id, name, key_prefix, key_hash, device_ids,
expires_at, revoked_at, created_at on public.api_keys
for each row execute function private.tg__audit('id');

alter table public.audit_logs enable row level security;

create policy audit_logs_select_admin on public.audit_logs
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

revoke all on table public.audit_logs from anon, authenticated, service_role;
revoke all on sequence public.audit_logs_id_seq from anon, authenticated, service_role;

grant select on table public.audit_logs to authenticated;

notify pgrst, 'reload schema';
