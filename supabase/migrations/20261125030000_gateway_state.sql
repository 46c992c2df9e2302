/*
 * What a gateway says of itself: serial, signal, operator, firmware.
 *
 * A router sends it beside its meters' data, input by input, so it is kept by
 * input: gateways.metadata.state is {input: {"received_at": ..., "told": ...}}. An
 * input that a spool brings late does not take the place of a newer one.
 *
 * It comes with every POST and is no configuration: it touches neither
 * updated_at nor the audit log, whose triggers look past it from here on. A
 * person who writes metadata anew writes it without the state, which the next
 * POST brings back.
 */
drop trigger _200_touch_updated_at on public.gateways;
create trigger _200_touch_updated_at
before update of organization_id, site_id, name, serial, metadata on public.gateways
for each row when (
  old.organization_id is distinct from new.organization_id
  or old.site_id is distinct from new.site_id
  or old.name is distinct from new.name
  or old.serial is distinct from new.serial
  or old.metadata - 'state' is distinct from new.metadata - 'state'
)
execute function private.tg__touch_updated_at();

drop trigger _900_audit on public.gateways;
create trigger _900_audit
after insert or delete on public.gateways
for each row execute function private.tg__audit('id');
create trigger _910_audit
after update of id, organization_id, site_id, name, serial, metadata, created_at on public.gateways
for each row when (
  old.id is distinct from new.id
  or old.organization_id is distinct from new.organization_id
  or old.site_id is distinct from new.site_id
  or old.name is distinct from new.name
  or old.serial is distinct from new.serial
  or old.metadata - 'state' is distinct from new.metadata - 'state'
  or old.created_at is distinct from new.created_at
)
execute function private.tg__audit('id');

comment on column public.gateways.metadata is
'What people note about it. state is ours: what the gateway last said of itself, {input: {received_at, told}}, at most 16 KiB.';

create function public.record_gateway_state(api_key_id uuid, received_at timestamptz, state jsonb)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set timezone = 'UTC'
as $$
declare
  v_most constant integer := 16384;
  v_received_at constant timestamptz := least(record_gateway_state.received_at, clock_timestamp());
  v_gateway_id uuid;
  v_known jsonb;
  v_told jsonb;
begin
  if jsonb_typeof(record_gateway_state.state) is distinct from 'object' then
    raise exception 'the state is no object: %', coalesce(jsonb_typeof(record_gateway_state.state), 'null')
      using errcode = 'invalid_parameter_value';
  end if;

  -- As ingest has it: what came while the key was good is good.
  select key.gateway_id
  into v_gateway_id
  from public.api_keys as key
  where key.id = record_gateway_state.api_key_id
  and (key.expires_at is null or key.expires_at > v_received_at)
  and (key.revoked_at is null or key.revoked_at > v_received_at);

  select case jsonb_typeof(known.metadata -> 'state') when 'object' then known.metadata -> 'state' else '{}' end
  into v_known
  from public.gateways as known
  where known.id = v_gateway_id
  for no key update;
  if not found then
    return false;
  end if;

  -- Inputs that are newer than what is kept of them.
  select coalesce(
    jsonb_object_agg(input.key, jsonb_build_object('received_at', v_received_at, 'told', input.value)), '{}'
  )
  into v_told
  from jsonb_each(record_gateway_state.state) as input
  where not coalesce((v_known -> input.key ->> 'received_at')::timestamptz > v_received_at, false);

  -- Inputs that are gone from the gateway give way first; what is too much by itself is not kept.
  if octet_length((v_known || v_told)::text) > v_most then
    v_known := '{}';
  end if;
  if octet_length(v_told::text) > v_most then
    v_told := '{}';
  end if;

  update public.gateways as known
  set
    last_seen = greatest(known.last_seen, v_received_at),
    metadata = case
      when v_told = '{}' then known.metadata
      else known.metadata || jsonb_build_object('state', v_known || v_told)
    end
  where known.id = v_gateway_id;
  return v_told <> '{}' or record_gateway_state.state = '{}';
end;
$$;
comment on function public.record_gateway_state(uuid, timestamptz, jsonb) is
'Keep what the gateway of this key says of itself, {input: anything}, in gateways.metadata.state, where nothing newer is kept of an input; it counts as contact, also if it is empty. False: the key has no gateway or was not good then, or nothing was kept (older, or over 16 KiB). 22023: no object. For service_role.';

revoke all on function public.record_gateway_state(uuid, timestamptz, jsonb)
from public, anon, authenticated, service_role;

grant execute on function public.record_gateway_state(uuid, timestamptz, jsonb) to service_role;

notify pgrst, 'reload schema';
