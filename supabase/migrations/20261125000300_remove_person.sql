/*
 * Removing a person from an organization, and nothing else: the account stays,
 * and may be invited again, here or elsewhere.
 *
 * A function and not a grant on organization_id, which would let an admin move
 * people, and under which row security would refuse the row that is theirs no
 * longer. service_role writes the column itself.
 */
create function private.remove_person(person_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if not private.has_role('admin') then
    raise exception 'only an admin removes people'
      using errcode = 'insufficient_privilege';
  end if;

  perform private.lock_address(lower(users.email collate "C"))
  from public.users
  where users.id = remove_person.person_id
  and users.organization_id = private.my_organization_id()
  and users.email is not null;

  update public.users
  set organization_id = null, is_active = true
  where users.id = remove_person.person_id
  and users.organization_id = private.my_organization_id();
  if not found then
    raise exception 'unknown person: %', remove_person.person_id
      using errcode = 'UNKPN', hint = 'Only people of your own organization can be removed.';
  end if;
end;
$$;
comment on function private.remove_person(uuid) is
'public.remove_person. Definer: nobody may write users.organization_id, and the row is out of the caller''s sight afterwards.';

create function public.remove_person(person_id uuid)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.remove_person(person_id);
$$;
comment on function public.remove_person(uuid) is
'Take a person out of the caller''s organization, whose admin the caller must be (else 42501). UNKPN: nobody there. LASTA: its last active admin stays.';

revoke all on function public.remove_person(uuid) from public, anon, authenticated, service_role;

grant execute on function private.remove_person(uuid) to authenticated;
grant execute on function public.remove_person(uuid) to authenticated;

notify pgrst, 'reload schema';
