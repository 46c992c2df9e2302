-- The API makes keys with their networks and units.
create or replace function public.schema_version()
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select '20261129090000';
$$;

notify pgrst, 'reload schema';
