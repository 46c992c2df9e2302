/*
 * API keys: the networks one may be used from.
 *
 * The database does not see the gateway's address; the API does, and compares.
 * What stands here is the list, and authenticate_api_key answers it with the
 * rest, so that a look-up stays one call. null means anywhere: a gateway on a
 * mobile network has no address of its own.
 *
 * A key that is rotated hands its networks on, whoever inserts the successor:
 * a successor without them would be good anywhere, and nobody would notice.
 *
 * A column without default and a check: a short lock on a small table, no
 * rewrite.
 */
alter table public.api_keys
add column allowed_networks cidr[],
add constraint api_keys_allowed_networks_check check (
  cardinality(allowed_networks) > 0
  and array_ndims(allowed_networks) = 1
  and array_position(allowed_networks, null) is null
);
comment on column public.api_keys.allowed_networks is
'Networks it may be used from, such as 192.0.2.0/24 or 2001:db8::/32; null means anywhere. The API compares.';
comment on column public.api_keys.last_used_at is
'When its use was last noted: at most two minutes before its last use. Noted when the API looks the key up, which it does every 30 s of use, and at most once a minute.';

create function private.tg_api_keys__hand_on_networks()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  select known.allowed_networks
  into new.allowed_networks
  from public.api_keys as known
  where known.id = new.rotated_from;
  return new;
end;
$$;
comment on function private.tg_api_keys__hand_on_networks() is
'A successor may be used where its predecessor may, unless it is told otherwise.';

create trigger _120_hand_on_networks before insert on public.api_keys
for each row when (new.rotated_from is not null and new.allowed_networks is null)
execute function private.tg_api_keys__hand_on_networks();

drop trigger _200_touch_updated_at on public.api_keys;
create trigger _200_touch_updated_at
before update of organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at, revoked_at,
rotated_from, flat_units, allowed_networks on public.api_keys
for each row execute function private.tg__touch_updated_at();
drop trigger _900_audit on public.api_keys;
create trigger _900_audit
after insert or delete or update of id, organization_id, gateway_id, name, key_prefix, key_hash, device_ids,
expires_at, revoked_at, rotated_from, flat_units, allowed_networks, created_at on public.api_keys
for each row execute function private.tg__audit('id');

-- Its answer gets a column, which no replacement may.
drop function public.authenticate_api_key(text);
create function public.authenticate_api_key(key_hash text)
returns table (
  api_key_id uuid, organization_id uuid, gateway_id uuid, device_ids text[], expires_at timestamptz,
  flat_units jsonb, allowed_networks text[]
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

  select
    known.id, known.organization_id, known.gateway_id, known.device_ids, known.expires_at,
    known.flat_units, known.allowed_networks::text[]
  into
    authenticate_api_key.api_key_id, authenticate_api_key.organization_id, authenticate_api_key.gateway_id,
    authenticate_api_key.device_ids, authenticate_api_key.expires_at, authenticate_api_key.flat_units,
    authenticate_api_key.allowed_networks
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
'Whose key this is, in which units it writes and what it is limited to, by the hex SHA-256 of the whole key. No row for one that is unknown, expired or revoked. Whether the sender is in allowed_networks is for the caller to compare. Stamps last_used_at at most once a minute.';

revoke all on function public.authenticate_api_key(text) from public, anon, authenticated, service_role;
revoke all on function private.tg_api_keys__hand_on_networks() from public, anon, authenticated, service_role;

grant select (allowed_networks) on table public.api_keys to authenticated;
grant insert (allowed_networks) on table public.api_keys to authenticated;
grant update (allowed_networks) on table public.api_keys to authenticated;

grant execute on function public.authenticate_api_key(text) to service_role;

notify pgrst, 'reload schema';
