/*
 * API keys: a gateway's right to post readings, and to nothing else.
 *
 * Only the SHA-256 of a key is stored; the key itself is answered once, by
 * create_api_key, and cannot be had again. A plain hash is enough because the
 * key is 256 random bits, which no dictionary holds. A revoked key stays
 * revoked. Keys are revoked, not deleted, so that the log of who sent what can
 * be read later; only deleting a gateway takes its keys along.
 */
create table public.api_keys (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations (id) on delete restrict,
  gateway_id uuid,
  name text not null,
  key_prefix text not null,
  key_hash bytea not null,
  device_ids text[],
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint api_keys_key_hash_key unique (key_hash),
  constraint api_keys_organization_id_gateway_id_fkey foreign key (organization_id, gateway_id)
  references public.gateways (organization_id, id) on delete cascade,
  constraint api_keys_name_check check (char_length(name) between 1 and 120 and name !~ '^\s|\s$|[[:cntrl:]]'),
  constraint api_keys_key_prefix_check check (key_prefix ~ '^[0-9a-zA-Z]{8}$'),
  constraint api_keys_key_hash_check check (octet_length(key_hash) = 32),
  constraint api_keys_device_ids_check check (cardinality(device_ids) > 0 and array_position(device_ids, null) is null)
) with (fillfactor = 80);
comment on table public.api_keys is 'A gateway''s right to ingest. Reading is for people''s tokens.';
comment on column public.api_keys.key_prefix is 'The 8 characters after flx_, so that a person can tell keys apart.';
comment on column public.api_keys.key_hash is 'SHA-256 of the whole key. No role of the Data API but service_role may read it.';
comment on column public.api_keys.device_ids is
'The devices it may write; null means all of its organization. An id nobody knows yet is allowed: ingest compares.';
comment on column public.api_keys.expires_at is 'From then on it is refused; null means never.';
comment on column public.api_keys.revoked_at is 'Since then it is refused, for good; stamped by trigger.';
comment on column public.api_keys.last_used_at is 'At most a minute older than the last use.';
create index api_keys_organization_id_gateway_id_idx on public.api_keys (organization_id, gateway_id);

create function private.tg_api_keys__revoke()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if old.revoked_at is null then
    new.revoked_at := now();
  elsif new.revoked_at is null then
    raise exception 'a revoked API key stays revoked: %', old.id
      using errcode = 'KEYRV', hint = 'Create a new key.';
  else
    new.revoked_at := old.revoked_at;
  end if;
  return new;
end;
$$;
comment on function private.tg_api_keys__revoke() is
'Revocation happens now and once: the caller''s time is ignored, and taking it back is refused (KEYRV).';

create trigger _100_organization before insert on public.api_keys
for each row execute function private.tg__organization();
create trigger _110_revoke before update of revoked_at on public.api_keys
for each row when (old.revoked_at is distinct from new.revoked_at)
execute function private.tg_api_keys__revoke();
create trigger _200_touch_updated_at
before update of organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at, revoked_at
on public.api_keys
for each row execute function private.tg__touch_updated_at();

create function public.create_api_key(
  name text,
  organization_id uuid default null,
  gateway_id uuid default null,
  device_ids text[] default null,
  expires_at timestamptz default null
)
returns table (api_key_id uuid, api_key text, key_prefix text)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_prefix constant text := left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 8);
  -- Each UUID carries 122 random bits of the server's strong source; the hash
  -- spreads 366 of them evenly over 256.
  v_secret constant text := encode(
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'
  );
  v_key constant text := 'flx_' || v_prefix || '_' || v_secret;
begin
  insert into public.api_keys as made (
    organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at
  )
  values (
    create_api_key.organization_id, create_api_key.gateway_id, create_api_key.name,
    v_prefix, sha256(convert_to(v_key, 'UTF8')), create_api_key.device_ids, create_api_key.expires_at
  )
  returning made.id into create_api_key.api_key_id;

  create_api_key.api_key := v_key;
  create_api_key.key_prefix := v_prefix;
  return next;
end;
$$;
comment on function public.create_api_key(text, uuid, uuid, text[], timestamptz) is
'Make a key and answer it, this once: flx_, 8 characters, _, 64 random characters. For service_role (default organization if none is named) and for an admin in their own organization (else 42501). 23503: a gateway of another organization.';

create function public.authenticate_api_key(key_hash text)
returns table (
  api_key_id uuid, organization_id uuid, gateway_id uuid, device_ids text[], expires_at timestamptz
)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if authenticate_api_key.key_hash !~ '^[0-9a-fA-F]{64}$' then
    return;
  end if;

  select known.id, known.organization_id, known.gateway_id, known.device_ids, known.expires_at
  into
    authenticate_api_key.api_key_id, authenticate_api_key.organization_id, authenticate_api_key.gateway_id,
    authenticate_api_key.device_ids, authenticate_api_key.expires_at
  from public.api_keys as known
  where known.key_hash = decode(authenticate_api_key.key_hash, 'hex')
  and known.revoked_at is null
  and (known.expires_at is null or known.expires_at > now());
  if not found then
    return;
  end if;

  -- Nobody waits to leave this note: who holds the row is leaving it.
  update public.api_keys as used
  set last_used_at = now()
  where used.id = (
    select due.id
    from public.api_keys as due
    where due.id = authenticate_api_key.api_key_id
    and (due.last_used_at is null or due.last_used_at < now() - interval '1 minute')
    for no key update skip locked
  );
  return next;
end;
$$;
comment on function public.authenticate_api_key(text) is
'Whose key this is, by the hex SHA-256 of the whole key. No row for one that is unknown, expired or revoked. Stamps last_used_at at most once a minute.';

alter table public.api_keys enable row level security;

create policy api_keys_select_admin on public.api_keys
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy api_keys_insert_admin on public.api_keys
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy api_keys_update_admin on public.api_keys
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

revoke all on table public.api_keys from anon, authenticated, service_role;
revoke all on function public.create_api_key(text, uuid, uuid, text[], timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.authenticate_api_key(text) from public, anon, authenticated, service_role;

grant select (
  id, organization_id, gateway_id, name, key_prefix, device_ids, expires_at, revoked_at, last_used_at,
  created_at, updated_at
) on table public.api_keys to authenticated;
grant insert (organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at)
on table public.api_keys to authenticated;
grant update (name, device_ids, expires_at, revoked_at) on table public.api_keys to authenticated;

grant select, insert, update on table public.api_keys to service_role;

grant execute on function public.create_api_key(text, uuid, uuid, text[], timestamptz) to authenticated, service_role;
grant execute on function public.authenticate_api_key(text) to service_role;

notify pgrst, 'reload schema';
