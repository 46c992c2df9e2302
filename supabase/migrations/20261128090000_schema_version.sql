-- The API calls statements, data quality, the device page and overview, tests of channels and the archive's functions.
create or replace function public.schema_version()
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select '20261128090000';
$$;

notify pgrst, 'reload schema';
