/*
 * API keys: exchanged without a gap, and revoked with an answer.
 *
 * Whoever rotates a key gets another one for the same gateway and devices, and
 * the old one ends when the overlap is over: time to go to the gateway. A key is
 * rotated once. Its successor is rotated next, so the keys of a gateway are a
 * chain, and the old one's shortened life is never taken for its lifetime.
 *
 * Two small indexes on a small table; its use (last_used_at) is in neither and
 * stays a HOT update.
 */
alter table public.api_keys
add column rotated_from uuid,
-- id first: a look-up by it alone may then be planned on either index.
add constraint api_keys_id_organization_id_key unique (id, organization_id),
add constraint api_keys_rotated_from_organization_id_key unique (rotated_from, organization_id),
add constraint api_keys_rotated_from_organization_id_fkey foreign key (rotated_from, organization_id)
references public.api_keys (id, organization_id) on delete set null (rotated_from),
add constraint api_keys_rotated_from_check check (rotated_from <> id);
comment on column public.api_keys.rotated_from is 'The key that this one took over from; null if it is the first.';

drop trigger _200_touch_updated_at on public.api_keys;
create trigger _200_touch_updated_at
before update of organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at, revoked_at,
rotated_from on public.api_keys
for each row execute function private.tg__touch_updated_at();
drop trigger _900_audit on public.api_keys;
create trigger _900_audit
after insert or delete or update of id, organization_id, gateway_id, name, key_prefix, key_hash, device_ids,
expires_at, revoked_at, rotated_from, created_at on public.api_keys
for each row execute function private.tg__audit('id');

create function private.new_api_key()
returns table (api_key text, key_prefix text, key_hash bytea)
language sql
volatile
security invoker
set search_path = ''
as $$
  -- Each UUID carries 122 random bits of the server's strong source; the hash
  -- spreads 366 of them evenly over 256.
  with part as materialized (
    select
      left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 8) as prefix,
      encode(
        sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'
      ) as secret
  )
  select
    'flx_' || part.prefix || '_' || part.secret,
    part.prefix,
    sha256(convert_to('flx_' || part.prefix || '_' || part.secret, 'UTF8'))
  from part;
$$;
comment on function private.new_api_key() is 'A key nobody has, with what api_keys keeps of it. Stores nothing.';

create or replace function public.create_api_key(
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
  v_made record;
begin
  select * into v_made from private.new_api_key();
  insert into public.api_keys as made (
    organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at
  )
  values (
    create_api_key.organization_id, create_api_key.gateway_id, create_api_key.name,
    v_made.key_prefix, v_made.key_hash, create_api_key.device_ids, create_api_key.expires_at
  )
  returning made.id into create_api_key.api_key_id;

  create_api_key.api_key := v_made.api_key;
  create_api_key.key_prefix := v_made.key_prefix;
  return next;
end;
$$;

create function public.rotate_api_key(api_key_id uuid, overlap interval default '24 hours')
returns table (
  new_api_key_id uuid, api_key text, key_prefix text, expires_at timestamptz, old_expires_at timestamptz
)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_old record;
  v_made record;
begin
  if rotate_api_key.overlap is null or not isfinite(rotate_api_key.overlap)
    or rotate_api_key.overlap < interval '0' then
    raise exception 'no time to overlap: %', rotate_api_key.overlap
      using errcode = 'invalid_parameter_value', hint = 'An interval of 0 or more, such as 24 hours.';
  end if;

  -- Two who rotate it at once: the second finds the first's successor.
  select
    known.id, known.organization_id, known.gateway_id, known.name, known.device_ids,
    known.created_at, known.expires_at, known.revoked_at
  into v_old
  from public.api_keys as known
  where known.id = rotate_api_key.api_key_id
  for no key update;
  if not found then
    raise exception 'unknown API key: %', rotate_api_key.api_key_id
      using errcode = 'UNKKY';
  end if;
  if v_old.revoked_at is not null
    or v_old.expires_at <= now()
    or exists (select from public.api_keys as successor where successor.rotated_from = v_old.id) then
    raise exception 'the API key has ended or was rotated already: %', v_old.id
      using errcode = 'KEYEN', hint = 'Rotate its successor, or create a new key.';
  end if;

  select * into v_made from private.new_api_key();
  rotate_api_key.expires_at := now() + (v_old.expires_at - v_old.created_at);
  insert into public.api_keys as made (
    organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at, rotated_from
  )
  values (
    v_old.organization_id, v_old.gateway_id, v_old.name, v_made.key_prefix, v_made.key_hash, v_old.device_ids,
    rotate_api_key.expires_at, v_old.id
  )
  returning made.id into rotate_api_key.new_api_key_id;

  update public.api_keys as ending
  set expires_at = least(v_old.expires_at, now() + rotate_api_key.overlap)
  where ending.id = v_old.id
  returning ending.expires_at into rotate_api_key.old_expires_at;

  rotate_api_key.api_key := v_made.api_key;
  rotate_api_key.key_prefix := v_made.key_prefix;
  return next;
end;
$$;
comment on function public.rotate_api_key(uuid, interval) is
'Make a key with the name, gateway and devices of this one and answer it, this once; the old one works for the overlap longer, never longer than it would have. A key that expires gets a successor with the same lifetime (expires_at - created_at) from now. For service_role and an admin of its organization. UNKKY: no such key, or none the caller may see. KEYEN: revoked, expired or rotated already.';

create function public.revoke_api_key(api_key_id uuid)
returns timestamptz
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_revoked_at timestamptz;
begin
  update public.api_keys as ended
  set revoked_at = coalesce(ended.revoked_at, now())
  where ended.id = revoke_api_key.api_key_id
  returning ended.revoked_at into v_revoked_at;
  if not found then
    raise exception 'unknown API key: %', revoke_api_key.api_key_id
      using errcode = 'UNKKY';
  end if;
  return v_revoked_at;
end;
$$;
comment on function public.revoke_api_key(uuid) is
'Refuse this key from now on; since when it is refused. Its successor, if it was rotated, stays. For service_role and an admin of its organization. UNKKY: no such key, or none the caller may see, where an update would change no row and say nothing.';

revoke all on function public.rotate_api_key(uuid, interval) from public, anon, authenticated, service_role;
revoke all on function public.revoke_api_key(uuid) from public, anon, authenticated, service_role;

grant select (rotated_from) on table public.api_keys to authenticated;
grant insert (rotated_from) on table public.api_keys to authenticated;

grant execute on function private.new_api_key() to authenticated, service_role;
grant execute on function public.rotate_api_key(uuid, interval) to authenticated, service_role;
grant execute on function public.revoke_api_key(uuid) to authenticated, service_role;

notify pgrst, 'reload schema';
