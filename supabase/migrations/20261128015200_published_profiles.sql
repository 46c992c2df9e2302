/*
 * What a device's profile can be set to.
 *
 * private.find_profile says what a name means, for whoever knows an
 * organization; the helper here asks it for the caller's own.
 */
create function private.my_profile_id(profile text)
returns uuid
language sql
stable
security definer
set search_path = ''
as $$
  select private.find_profile((select private.my_organization_id()), my_profile_id.profile);
$$;
comment on function private.my_profile_id(text) is
'The published profile that name, or name@version, means in the caller''s organization; null if none. Definer: callers hold no right on find_profile, which takes any organization.';

create view public.published_profiles with (security_invoker = true) as
select
  known.id,
  known.name,
  known.version,
  known.model,
  known.source,
  known.description,
  known.published_at,
  known.organization_id is null as is_shipped,
  coalesce(known.id = private.my_profile_id(known.name), false) as is_current,
  coalesce(
    (
      select json_agg(to_jsonb(register) - 'profile_id' order by register.function_code, register.address)
      from public.register_profile_registers as register
      where register.profile_id = known.id
    ),
    '[]'
  ) as registers,
  coalesce(
    (
      select
        json_agg(
          to_jsonb(meaning) - array['id', 'profile_id']
          order by meaning.function_code, meaning.address, meaning.bit, meaning.value, meaning.metric
        )
      from public.register_profile_status as meaning
      where meaning.profile_id = known.id
    ),
    '[]'
  ) as status
from public.register_profiles as known
where known.published_at is not null;
comment on view public.published_profiles is
'What devices.profile can name: a published version each, the shipped ones and those of the caller''s organization.';
comment on column public.published_profiles.is_shipped is 'Whether it came with a release; else the organization made it.';
comment on column public.published_profiles.is_current is
'Whether its name alone means it. Another version is named as name@version.';
comment on column public.published_profiles.registers is
'Where the meter keeps its metrics: objects with the columns of register_profile_registers, by function code and address.';
comment on column public.published_profiles.status is
'What its status words mean: objects with the columns of register_profile_status.';

revoke all on table public.published_profiles from anon, authenticated, service_role;
grant select on table public.published_profiles to authenticated;
grant execute on function private.my_profile_id(text) to authenticated;

notify pgrst, 'reload schema';
