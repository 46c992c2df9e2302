/*
 * Who replayed a body.
 *
 * The parser is the API's, so the API marks a body as replayed, as service_role;
 * when a person asked it to, the audit log names the person.
 */
drop function public.mark_bodies_replayed(bigint[]);
drop function private.mark_bodies_replayed(bigint[]);

create function private.mark_bodies_replayed(ids bigint[], replayed_by uuid)
returns setof bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  -- In one order, so that two who mark the same letters do not deadlock.
  perform from public.ingest_dead_letters as known
  where known.id = any (mark_bodies_replayed.ids)
  order by known.id
  for no key update;

  return query
  with replayed as (
    update public.ingest_dead_letters as known
    set replayed_at = clock_timestamp()
    where known.id = any (mark_bodies_replayed.ids)
    and known.body is not null
    and known.replayed_at is null
    returning known.id, known.organization_id, known.reason
  ), logged as (
    insert into public.audit_logs (organization_id, user_id, action, resource_type, resource_id, details, ip_address)
    select
      replayed.organization_id, mark_bodies_replayed.replayed_by, 'replay', 'ingest_dead_letters', replayed.id::text,
      jsonb_build_object('reason', replayed.reason), private.request_ip()
    from replayed
    where replayed.organization_id is not null
  )
  select replayed.id from replayed;
end;
$$;
comment on function private.mark_bodies_replayed(bigint[], uuid) is
'public.mark_bodies_replayed. Definer: nobody else changes letters and writes the audit log.';

create function public.mark_bodies_replayed(ids bigint[], replayed_by uuid default null)
returns setof bigint
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.mark_bodies_replayed(mark_bodies_replayed.ids, mark_bodies_replayed.replayed_by);
$$;
comment on function public.mark_bodies_replayed(bigint[], uuid) is
'Stamp replayed_at of these letters, whose bodies the API has taken in; the ids of those that hold a body and were not stamped before. replayed_by: the person who asked for it, for the audit log; null: a command. For service_role.';

revoke all on function public.mark_bodies_replayed(bigint[], uuid) from public, anon, authenticated, service_role;

grant execute on function private.mark_bodies_replayed(bigint[], uuid) to service_role;
grant execute on function public.mark_bodies_replayed(bigint[], uuid) to service_role;

notify pgrst, 'reload schema';
