/*
 * The schema's version, for the API to compare with the one it was written for.
 *
 * The Supabase CLI keeps a list of what it applied, but the Data API does not
 * expose it, and it does not exist where the migrations were run by hand
 * (make schema). So the version is a function that answers a constant: a
 * migration that changes what the API calls replaces it with its own
 * timestamp, and the API's constant follows. A test compares the three.
 */
create function public.schema_version()
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select '20261125060100';
$$;
comment on function public.schema_version() is
'The timestamp of the newest migration that the API must find; a later one that changes what the API calls replaces this function.';

revoke all on function public.schema_version() from public, anon, authenticated, service_role;
grant execute on function public.schema_version() to service_role;

notify pgrst, 'reload schema';
