/*
 * Device aliases: what a gateway calls a meter.
 *
 * A router names a meter by what was typed into its Modbus page (server_name,
 * server_id, ip) or by the name of an input, never by our device_id. An alias
 * says which device that is, for one gateway or for all of an organization.
 *
 * A server_id or an ip means something inside one gateway only: number 1 is
 * another meter behind the next router. So these two count only for the very
 * gateway of the key, and for a key without one only if the alias has none
 * either.
 */
create table public.device_aliases (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations (id) on delete restrict,
  gateway_id uuid,
  kind text not null,
  alias text not null,
  device_id text not null,
  created_at timestamptz not null default now(),
  constraint device_aliases_organization_id_gateway_id_kind_alias_key
  unique nulls not distinct (organization_id, gateway_id, kind, alias),
  constraint device_aliases_organization_id_gateway_id_fkey foreign key (organization_id, gateway_id)
  references public.gateways (organization_id, id) on delete cascade,
  constraint device_aliases_organization_id_device_id_fkey foreign key (organization_id, device_id)
  references public.devices (organization_id, device_id) on update cascade on delete cascade,
  constraint device_aliases_kind_check check (kind in ('server_name', 'server_id', 'ip', 'input_name', 'device_id')),
  constraint device_aliases_alias_check check (
    char_length(alias) >= 1 and char_length(alias) <= 200 and alias !~ '^\s|\s$|[[:cntrl:]]'
  )
);
comment on table public.device_aliases is 'Which device a gateway means by a name of its own.';
comment on column public.device_aliases.gateway_id is 'Whose name it is; null: of all gateways of the organization, and of keys without one.';
comment on column public.device_aliases.kind is
'What the gateway calls the field: server_name, server_id, ip; input_name for the key its data stands under; device_id for a device_id that is not ours.';
comment on column public.device_aliases.alias is 'As the gateway writes it; a server_id in decimal digits.';
create index device_aliases_organization_id_device_id_idx on public.device_aliases (organization_id, device_id);

create function public.resolve_devices(api_key_id uuid, names jsonb)
returns table (index integer, device_id text, matched_by text)
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_organization_id uuid;
  v_gateway_id uuid;
begin
  if jsonb_typeof(names) is distinct from 'array' then
    raise exception 'names are no array: %', coalesce(jsonb_typeof(names), 'null')
      using errcode = 'RDARR';
  elsif jsonb_array_length(names) > 1000 then
    raise exception 'too many names in one call: %', jsonb_array_length(names)
      using errcode = 'RDMAX', hint = 'Send at most 1000.';
  end if;

  if resolve_devices.api_key_id is null then
    v_organization_id := private.default_organization_id();
  else
    select api_keys.organization_id, api_keys.gateway_id
    into v_organization_id, v_gateway_id
    from public.api_keys
    where api_keys.id = resolve_devices.api_key_id;
  end if;

  return query
  select
    asked.ordinality::integer - 1,
    found.device_id,
    found.matched_by
  from jsonb_array_elements(names) with ordinality as asked (name, ordinality)
  left join lateral (
    select
      known.device_id,
      told.kind as matched_by
    from unnest(array['device_id', 'server_name', 'server_id', 'ip', 'input_name']) with ordinality as told (kind, place)
    cross join lateral (
      select coalesce(
        (
          select device_aliases.device_id
          from public.device_aliases
          where device_aliases.organization_id = v_organization_id
          and device_aliases.gateway_id = v_gateway_id
          and device_aliases.kind = told.kind
          and device_aliases.alias = asked.name ->> told.kind
        ),
        (
          select device_aliases.device_id
          from public.device_aliases
          where device_aliases.organization_id = v_organization_id
          and device_aliases.gateway_id is null
          and device_aliases.kind = told.kind
          and device_aliases.alias = asked.name ->> told.kind
          and (v_gateway_id is null or told.kind not in ('server_id', 'ip'))
        ),
        -- A gateway may well be told our own names.
        (
          select devices.device_id
          from public.devices
          where devices.device_id = asked.name ->> told.kind
          and devices.organization_id = v_organization_id
          and told.kind not in ('server_id', 'ip')
        )
      ) as device_id
    ) as known
    where known.device_id is not null
    order by told.place
    limit 1
  ) as found on true;
end;
$$;
comment on function public.resolve_devices(uuid, jsonb) is
'Which devices a key''s gateway means: names is an array of at most 1,000 objects with any of device_id, server_name, server_id, ip, input_name, of which the first that is known counts, in this order; an alias of the gateway before one of the organization before the device of that very device_id. One row an object, by index (from 0); device_id null where none is known. api_key_id null: API_SECRET_KEY. ingest_readings judges the key. RDARR: no array. RDMAX: more than 1,000. For service_role.';

create trigger _100_organization before insert on public.device_aliases
for each row execute function private.tg__organization();
create trigger _900_audit after insert or delete or update on public.device_aliases
for each row execute function private.tg__audit('id');

alter table public.device_aliases enable row level security;

create policy device_aliases_select_member on public.device_aliases
for select to authenticated
using (organization_id = (select private.my_organization_id()));

create policy device_aliases_insert_admin on public.device_aliases
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy device_aliases_update_admin on public.device_aliases
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy device_aliases_delete_admin on public.device_aliases
for delete to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

revoke all on table public.device_aliases from anon, authenticated, service_role;
revoke all on function public.resolve_devices(uuid, jsonb) from public, anon, authenticated, service_role;

grant select on table public.device_aliases to authenticated;
grant insert (organization_id, gateway_id, kind, alias, device_id) on table public.device_aliases to authenticated;
grant update (gateway_id, kind, alias, device_id) on table public.device_aliases to authenticated;
grant delete on table public.device_aliases to authenticated;

grant select, insert, update on table public.device_aliases to service_role;

grant execute on function public.resolve_devices(uuid, jsonb) to service_role;

notify pgrst, 'reload schema';
