/*
 * Register profiles: which registers a kind of meter has, as data.
 *
 * The word order, scale and unit of a register are facts about a meter's
 * firmware. As rows they can be mended by an admin without a release, and the
 * same rows decode what a gateway sends and tell a person what was assumed.
 *
 * A profile is a draft until it is published, and is never changed after: a
 * reading can then be traced to the map it was decoded with. What is wrong in a
 * published version is mended in the next. Profiles without an organization are
 * the shipped ones; only migrations write those, and an organization may not
 * take the name of one.
 */
create table public.register_profiles (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid references public.organizations (id) on delete restrict,
  name text not null,
  version integer not null default 1,
  model text not null,
  source text,
  description text,
  published_at timestamptz,
  created_at timestamptz not null default now(),
  constraint register_profiles_organization_id_name_version_key
  unique nulls not distinct (organization_id, name, version),
  constraint register_profiles_name_check check (name ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
  constraint register_profiles_version_check check (version between 1 and 999999),
  constraint register_profiles_model_check check (char_length(model) between 1 and 200)
);
comment on table public.register_profiles is
'A kind of meter and where it keeps its quantities; one row a version. Never changed once published.';
comment on column public.register_profiles.organization_id is
'Whose it is; null for a shipped one, which every member reads and only migrations write.';
comment on column public.register_profiles.name is 'By which devices.profile names it; one that is shipped is taken.';
comment on column public.register_profiles.version is 'The newest published one counts where a device names none.';
comment on column public.register_profiles.source is 'The document or measurement that its numbers are from.';
comment on column public.register_profiles.published_at is
'Since when devices may use it and nothing of it changes; null: a draft. Stamped by trigger, whatever a caller writes.';

create table public.register_profile_registers (
  profile_id uuid not null references public.register_profiles (id) on delete cascade,
  metric text not null,
  function_code integer not null,
  address integer not null,
  type text not null,
  word_order text not null default 'big',
  byte_order text not null default 'big',
  scale double precision not null default 1,
  value_offset double precision not null default 0,
  source_unit text not null,
  min_value double precision,
  max_value double precision,
  no_data_values double precision[] not null default '{}',
  aliases text[] not null default '{}',
  constraint register_profile_registers_pkey primary key (profile_id, metric),
  constraint register_profile_registers_metric_check check (metric in (
    'flow_rate', 'totalizer', 'temperature', 'pressure', 'level', 'velocity', 'battery_level', 'signal_strength'
  )),
  constraint register_profile_registers_function_code_check check (function_code in (3, 4)),
  constraint register_profile_registers_type_check check (type in (
    'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'
  )),
  constraint register_profile_registers_address_check check (
    address >= 0 and address + case right(type, 2) when '16' then 1 when '32' then 2 else 4 end <= 65536
  ),
  constraint register_profile_registers_word_order_check check (word_order in ('big', 'little')),
  constraint register_profile_registers_byte_order_check check (byte_order in ('big', 'little')),
  constraint register_profile_registers_scale_check check (scale <> 0 and abs(scale) < 'infinity'),
  constraint register_profile_registers_value_offset_check check (abs(value_offset) < 'infinity'),
  constraint register_profile_registers_source_unit_check check (char_length(source_unit) between 1 and 20),
  constraint register_profile_registers_range_check check (
    greatest(min_value, max_value) < 'infinity' and least(min_value, max_value) > '-infinity'
    and (min_value <= max_value or num_nulls(min_value, max_value) > 0)
  ),
  constraint register_profile_registers_no_data_values_check check (array_position(no_data_values, null) is null),
  constraint register_profile_registers_aliases_check check (
    array_position(aliases, null) is null and array_position(aliases, '') is null
    and aliases::text = lower(aliases::text)
  )
);
comment on table public.register_profile_registers is
'Where a profile''s meter keeps a metric. Our value is the number on the wire times scale, plus value_offset.';
comment on column public.register_profile_registers.function_code is '3: holding registers; 4: input registers.';
comment on column public.register_profile_registers.address is
'On the wire, from 0. Manuals and RutOS count from 1: their 30011 and 11 are 10 here.';
comment on column public.register_profile_registers.type is 'What the number on the wire is; it takes 1, 2 or 4 registers.';
comment on column public.register_profile_registers.word_order is
'big: the high word first (ABCD; RutOS 1234). little: the low word first (CDAB; RutOS 3412).';
comment on column public.register_profile_registers.byte_order is
'Inside a word; little only where a meter swaps them (BADC; RutOS 2143, and DCBA, 4321, with word_order little).';
comment on column public.register_profile_registers.scale is '[unit of the metric a digit] Holds the conversion from source_unit too.';
comment on column public.register_profile_registers.value_offset is '[unit of the metric] Added after scaling.';
comment on column public.register_profile_registers.source_unit is 'The meter''s unit, for people; the conversion is in scale.';
comment on column public.register_profile_registers.min_value is
'[unit of the metric] A value below it is flagged out_of_range; null: unknown.';
comment on column public.register_profile_registers.max_value is
'[unit of the metric] A value above it is flagged out_of_range; null: unknown.';
comment on column public.register_profile_registers.no_data_values is
'Numbers on the wire, in the meter''s unit and before scaling, that say "no value".';
comment on column public.register_profile_registers.aliases is
'What gateways call a request for it, in small letters; a name counts before an address.';

create table public.register_profile_status (
  id uuid primary key default gen_random_uuid(),
  profile_id uuid not null references public.register_profiles (id) on delete cascade,
  function_code integer not null,
  address integer not null,
  bit integer,
  value integer not null,
  metric text,
  flag text not null,
  quality text,
  constraint register_profile_status_key
  unique nulls not distinct (profile_id, function_code, address, bit, value, metric),
  constraint register_profile_status_function_code_check check (function_code in (3, 4)),
  constraint register_profile_status_address_check check (address between 0 and 65535),
  constraint register_profile_status_bit_check check (bit between 0 and 15),
  constraint register_profile_status_value_check check (
    value between 0 and case when bit is null then 65535 else 1 end
  ),
  constraint register_profile_status_metric_check check (metric in (
    'flow_rate', 'totalizer', 'temperature', 'pressure', 'level', 'velocity', 'battery_level', 'signal_strength'
  )),
  constraint register_profile_status_flag_check check (flag ~ '^[a-z][a-z0-9_]{0,63}$'),
  constraint register_profile_status_quality_check check (quality in ('suspect', 'bad'))
);
comment on table public.register_profile_status is
'What a status word of a profile''s meter means. Where it says value, the metric is no value, and the reading gets the flag and at best the quality.';
comment on column public.register_profile_status.address is 'Of the status word, an unsigned 16-bit one; on the wire, from 0.';
comment on column public.register_profile_status.bit is 'Which bit of it, the lowest is 0; null: the whole word.';
comment on column public.register_profile_status.value is
'What bit or word must be for the meaning to hold: 0 where a set bit says that all is well.';
comment on column public.register_profile_status.metric is 'The metric that then has no value; null: none loses its value.';
comment on column public.register_profile_status.flag is 'Added to the reading''s flags, as sensor_invalid.';
comment on column public.register_profile_status.quality is 'suspect or bad; null: the quality stays what it is.';

-- Who may -----------------------------------------------------------------------

create function private.member_profile_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select register_profiles.id
  from public.register_profiles
  where private.has_role('viewer')
  and (
    register_profiles.organization_id is null
    or register_profiles.organization_id = (select private.my_organization_id())
  );
$$;
comment on function private.member_profile_ids() is
'The profiles the caller may read: the shipped ones and their organization''s; none for who is no member. Definer: one look-up without the policies of register_profiles.';

create function private.admin_profile_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select register_profiles.id
  from public.register_profiles
  where private.has_role('admin')
  and register_profiles.organization_id = (select private.my_organization_id());
$$;
comment on function private.admin_profile_ids() is
'The profiles the caller may write: an admin their organization''s. Definer: one look-up without the policies of register_profiles.';

-- Row security ----------------------------------------------------------------------

alter table public.register_profiles enable row level security;
alter table public.register_profile_registers enable row level security;
alter table public.register_profile_status enable row level security;

create policy register_profiles_select_member on public.register_profiles
for select to authenticated
using (
  (select private.has_role('viewer'))
  and (organization_id is null or organization_id = (select private.my_organization_id()))
);

create policy register_profiles_insert_admin on public.register_profiles
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy register_profiles_update_admin on public.register_profiles
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy register_profiles_delete_admin on public.register_profiles
for delete to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy register_profile_registers_select_member on public.register_profile_registers
for select to authenticated
using (profile_id = any (array(select private.member_profile_ids())));

create policy register_profile_registers_insert_admin on public.register_profile_registers
for insert to authenticated
with check (profile_id = any (array(select private.admin_profile_ids())));

create policy register_profile_registers_update_admin on public.register_profile_registers
for update to authenticated
using (profile_id = any (array(select private.admin_profile_ids())))
with check (profile_id = any (array(select private.admin_profile_ids())));

create policy register_profile_registers_delete_admin on public.register_profile_registers
for delete to authenticated
using (profile_id = any (array(select private.admin_profile_ids())));

create policy register_profile_status_select_member on public.register_profile_status
for select to authenticated
using (profile_id = any (array(select private.member_profile_ids())));

create policy register_profile_status_insert_admin on public.register_profile_status
for insert to authenticated
with check (profile_id = any (array(select private.admin_profile_ids())));

create policy register_profile_status_update_admin on public.register_profile_status
for update to authenticated
using (profile_id = any (array(select private.admin_profile_ids())))
with check (profile_id = any (array(select private.admin_profile_ids())));

create policy register_profile_status_delete_admin on public.register_profile_status
for delete to authenticated
using (profile_id = any (array(select private.admin_profile_ids())));

revoke all on table public.register_profiles, public.register_profile_registers, public.register_profile_status
from anon, authenticated, service_role;

grant select on table public.register_profiles, public.register_profile_registers, public.register_profile_status
to authenticated, service_role;
grant insert (organization_id, name, version, model, source, description) on table public.register_profiles
to authenticated;
grant update (name, version, model, source, description, published_at) on table public.register_profiles
to authenticated;
grant insert (
  profile_id, metric, function_code, address, type, word_order, byte_order, scale, value_offset, source_unit,
  min_value, max_value, no_data_values, aliases
) on table public.register_profile_registers to authenticated;
grant update (
  metric, function_code, address, type, word_order, byte_order, scale, value_offset, source_unit,
  min_value, max_value, no_data_values, aliases
) on table public.register_profile_registers to authenticated;
grant insert (profile_id, function_code, address, bit, value, metric, flag, quality)
on table public.register_profile_status to authenticated;
grant update (function_code, address, bit, value, metric, flag, quality)
on table public.register_profile_status to authenticated;
grant delete on table public.register_profiles, public.register_profile_registers, public.register_profile_status
to authenticated;

grant execute on function private.member_profile_ids() to authenticated;
grant execute on function private.admin_profile_ids() to authenticated;

notify pgrst, 'reload schema';
