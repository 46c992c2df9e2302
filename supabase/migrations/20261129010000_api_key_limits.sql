/*
 * API keys: made with their networks and units in one step.
 *
 * A key that is made first and limited by a second call is good anywhere, and
 * its numbers are taken for ours, if the second call does not come. So
 * create_api_key takes both. A function with more arguments is another one:
 * the old is dropped, calls by name go on working.
 */
drop function public.create_api_key(text, uuid, uuid, text[], timestamptz);

create function public.create_api_key(
  name text,
  organization_id uuid default null,
  gateway_id uuid default null,
  device_ids text[] default null,
  expires_at timestamptz default null,
  allowed_networks cidr[] default null,
  flat_units jsonb default '{}'
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
    organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at, allowed_networks, flat_units
  )
  values (
    create_api_key.organization_id, create_api_key.gateway_id, create_api_key.name,
    v_made.key_prefix, v_made.key_hash, create_api_key.device_ids, create_api_key.expires_at,
    create_api_key.allowed_networks, coalesce(create_api_key.flat_units, '{}')
  )
  returning made.id into create_api_key.api_key_id;

  create_api_key.api_key := v_made.api_key;
  create_api_key.key_prefix := v_made.key_prefix;
  return next;
end;
$$;
comment on function public.create_api_key(text, uuid, uuid, text[], timestamptz, cidr[], jsonb) is
'Make a key and answer it, this once: flx_, 8 characters, _, 64 random characters. allowed_networks: null for anywhere; flat_units: by metric, where they are not ours. For service_role (default organization if none is named) and for an admin in their own organization (else 42501). 23503: a gateway of another organization. 23514: no network in the list, or a unit nobody knows.';

revoke all on function public.create_api_key(text, uuid, uuid, text[], timestamptz, cidr[], jsonb)
from public, anon, authenticated, service_role;
grant execute on function public.create_api_key(text, uuid, uuid, text[], timestamptz, cidr[], jsonb)
to authenticated, service_role;

notify pgrst, 'reload schema';
