/*
 * Versions of register profiles: drafts, publications, and what a device names.
 *
 * devices.profile holds a name, which means its newest published version, or
 * name@version, which means that one for good. It is checked when it is written:
 * whatever an older installation has in that column stays until it is changed,
 * and decodes nothing if it names no profile. The trigger on devices fires for
 * those two columns only, so contact does not pay for it.
 */
create function private.find_profile(organization_id uuid, profile text)
returns uuid
language sql
stable
security definer
set search_path = ''
as $$
  select known.id
  from public.register_profiles as known
  where find_profile.profile ~ '^[^@]+(@[1-9][0-9]{0,5})?$'
  and known.name = split_part(find_profile.profile, '@', 1)
  and known.version = coalesce(nullif(split_part(find_profile.profile, '@', 2), '')::integer, known.version)
  and known.published_at is not null
  and (known.organization_id = find_profile.organization_id or known.organization_id is null)
  -- A name that was shipped after an organization took it stays the organization's.
  order by known.organization_id nulls last, known.version desc
  limit 1;
$$;
comment on function private.find_profile(uuid, text) is
'The published profile that name, or name@version, means in this organization; null if none. Definer: it is asked for devices that the caller need not see.';

create function private.register_words(type text)
returns integer
language sql
immutable
security invoker
set search_path = ''
as $$
  select case right(register_words.type, 2) when '16' then 1 when '32' then 2 when '64' then 4 end;
$$;
comment on function private.register_words(text) is 'How many 16-bit registers a value of this type takes.';

-- Triggers ------------------------------------------------------------------------

create function private.tg_register_profiles__keep()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_fault text;
begin
  if tg_op <> 'INSERT' and old.published_at is not null then
    raise exception 'a published register profile stays as it is: %@%', old.name, old.version
      using errcode = 'RPPUB', hint = 'Make the next version.';
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;

  if tg_op = 'INSERT' then
    new.organization_id := coalesce(new.organization_id, private.my_organization_id());
  end if;
  if new.organization_id is not null and exists (
    select from public.register_profiles
    where register_profiles.organization_id is null and register_profiles.name = new.name
  ) then
    raise exception 'a register profile of this name is shipped: %', new.name
      using errcode = 'unique_violation', hint = 'Choose another name.';
  end if;
  if new.published_at is null then
    return new;
  end if;

  new.published_at := now();
  select case
    when not exists (
      select from public.register_profile_registers as register
      where register.profile_id = new.id
    ) then 'it has no registers'
    when exists (
      select from public.register_profile_registers as register
      cross join unnest(register.aliases) as alias
      where register.profile_id = new.id
      group by alias
      having count(*) > 1
    ) then 'an alias stands for two metrics'
    when exists (
      select from public.register_profile_registers as register
      inner join public.register_profile_registers as other
        on other.profile_id = register.profile_id and other.function_code = register.function_code
        and other.metric > register.metric
      where register.profile_id = new.id
      and register.address < other.address + private.register_words(other.type)
      and other.address < register.address + private.register_words(register.type)
    ) then 'two metrics share a register'
  end
  into v_fault;
  if v_fault is not null then
    raise exception 'register profile %@% cannot be published: %', new.name, new.version, v_fault
      using errcode = 'RPINV';
  end if;
  return new;
end;
$$;
comment on function private.tg_register_profiles__keep() is
'Refuse to change or delete what is published (RPPUB), to publish what decodes nothing or two things at once (RPINV), to take the name of a shipped profile (23505); a profile that names no organization belongs to the caller''s. Definer: it reads every profile''s rows.';

create function private.tg__keep_profile_rows()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_published record;
begin
  -- The lock keeps a publication from passing between this look and our commit.
  for v_published in
    select register_profiles.name, register_profiles.version, register_profiles.published_at
    from public.register_profiles
    where register_profiles.id in (
      case when tg_op <> 'INSERT' then old.profile_id end, case when tg_op <> 'DELETE' then new.profile_id end
    )
    order by register_profiles.id
    for share
  loop
    if v_published.published_at is not null then
      raise exception 'a published register profile stays as it is: %@%', v_published.name, v_published.version
        using errcode = 'RPPUB', hint = 'Make the next version.';
    end if;
  end loop;
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end;
$$;
comment on function private.tg__keep_profile_rows() is
'Refuse to change what belongs to a published profile (RPPUB), whoever asks. Definer: callers hold no right to lock a profile.';

create function private.tg_devices__profile()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and new.profile = old.profile and new.organization_id = old.organization_id then
    return new;
  end if;
  if private.find_profile(new.organization_id, new.profile) is null then
    raise exception 'no published register profile: %', new.profile
      using errcode = 'foreign_key_violation', hint = 'Give the name of a published profile, or name@version.';
  end if;
  return new;
end;
$$;
comment on function private.tg_devices__profile() is
'Refuse a profile that its organization does not have (23503). No foreign key could: a name means its newest version. Definer: callers hold no right on the helper.';

create trigger _100_keep before insert or update or delete on public.register_profiles
for each row execute function private.tg_register_profiles__keep();
create trigger _100_keep before insert or update or delete on public.register_profile_registers
for each row execute function private.tg__keep_profile_rows();
create trigger _100_keep before insert or update or delete on public.register_profile_status
for each row execute function private.tg__keep_profile_rows();
create trigger _130_profile before insert or update of profile, organization_id on public.devices
for each row when (new.profile is not null)
execute function private.tg_devices__profile();

-- Shipped ones belong to nobody, and come with a release.
create trigger _900_audit after insert or update on public.register_profiles
for each row when (new.organization_id is not null)
execute function private.tg__audit('id');
create trigger _910_audit after delete on public.register_profiles
for each row when (old.organization_id is not null)
execute function private.tg__audit('id');

comment on column public.devices.profile is
'Register profile of its meter type: a name for the newest published version, or name@version; null where readings come as plain quantities.';

notify pgrst, 'reload schema';
