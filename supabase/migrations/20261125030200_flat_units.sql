/*
 * API keys: the units of a sender that does not speak ours.
 *
 * A flat reading is in our units, and no profile ever scales it. A sender that
 * writes m3/s or mm instead, and cannot be changed, says so here, per metric; the
 * API converts before it sends the reading on. A unit that is not listed is
 * refused, not guessed. The list is the API's ingest/units.py; a test compares the
 * two.
 *
 * A column with a constant default: no rewrite. authenticate_api_key answers it
 * too, so it is made anew.
 */
alter table public.api_keys
add column flat_units jsonb not null default '{}',
add constraint api_keys_flat_units_check check (
  jsonb_typeof(flat_units) = 'object'
  and flat_units - array['flow_rate', 'totalizer', 'level', 'pressure'] = '{}'
  and flat_units = jsonb_strip_nulls(flat_units)
  and coalesce(flat_units ->> 'flow_rate', 'm3/h') in ('m3/h', 'm3/s', 'm3/min', 'm3/d', 'l/s', 'l/min', 'l/h')
  and coalesce(flat_units ->> 'totalizer', 'm3') in ('m3', 'l')
  and coalesce(flat_units ->> 'level', 'm') in ('m', 'cm', 'mm')
  and coalesce(flat_units ->> 'pressure', 'bar') in ('bar', 'mbar', 'kPa', 'Pa')
);
comment on column public.api_keys.flat_units is
'The units in which this key''s sender writes flat readings, by metric, where they are not ours: {"flow_rate": "m3/s"}. Register records have theirs in the profile.';

drop trigger _200_touch_updated_at on public.api_keys;
create trigger _200_touch_updated_at
before update of organization_id, gateway_id, name, key_prefix, key_hash, device_ids, expires_at, revoked_at,
rotated_from, flat_units on public.api_keys
for each row execute function private.tg__touch_updated_at();
drop trigger _900_audit on public.api_keys;
create trigger _900_audit
after insert or delete or update of id, organization_id, gateway_id, name, key_prefix, key_hash, device_ids,
expires_at, revoked_at, rotated_from, flat_units, created_at on public.api_keys
for each row execute function private.tg__audit('id');

create function private.tg_api_keys__units()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  new.flat_units := coalesce(
    (
      select known.flat_units
      from public.api_keys as known
      where known.id = new.rotated_from
      and known.organization_id = new.organization_id
    ),
    '{}'
  );
  return new;
end;
$$;
comment on function private.tg_api_keys__units() is
'A key that takes over from another has its units: the sender stays the same, and in the wrong unit all it writes is wrong.';

create trigger _120_units before insert on public.api_keys
for each row when (new.rotated_from is not null and new.flat_units = '{}')
execute function private.tg_api_keys__units();

drop function public.authenticate_api_key(text);

create function public.authenticate_api_key(key_hash text)
returns table (
  api_key_id uuid, organization_id uuid, gateway_id uuid, device_ids text[], expires_at timestamptz,
  flat_units jsonb
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

  select known.id, known.organization_id, known.gateway_id, known.device_ids, known.expires_at, known.flat_units
  into
    authenticate_api_key.api_key_id, authenticate_api_key.organization_id, authenticate_api_key.gateway_id,
    authenticate_api_key.device_ids, authenticate_api_key.expires_at, authenticate_api_key.flat_units
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
'Whose key this is and in which units it writes, by the hex SHA-256 of the whole key. No row for one that is unknown, expired or revoked. Stamps last_used_at at most once a minute.';

revoke all on function public.authenticate_api_key(text) from public, anon, authenticated, service_role;

grant select (flat_units) on table public.api_keys to authenticated;
grant insert (flat_units) on table public.api_keys to authenticated;
grant update (flat_units) on table public.api_keys to authenticated;

grant execute on function public.authenticate_api_key(text) to service_role;

notify pgrst, 'reload schema';
