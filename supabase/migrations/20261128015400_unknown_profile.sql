/*
 * A code of its own for a profile that is not there.
 *
 * It was 23503, like a site or gateway that is not there, and so nobody could
 * be told which of them was wrong.
 */
create or replace function private.tg_devices__profile()
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
      using errcode = 'UNKPF', hint = 'Give the name of a published profile, or name@version.';
  end if;
  return new;
end;
$$;
comment on function private.tg_devices__profile() is
'Refuse a profile that its organization does not have (UNKPF). No foreign key could: a name means its newest version. Definer: callers hold no right on the helper.';
