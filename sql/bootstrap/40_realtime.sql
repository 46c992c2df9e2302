/*
 * What the local Realtime server asks of the database.
 *
 * Only supabase/local/gateway/realtime calls these functions, as the superuser
 * that reads the log: they answer who may see which change, and nobody else may
 * call them. Hosted Supabase has its own; no migration may name this schema.
 */
create schema if not exists _realtime_local;
comment on schema _realtime_local is 'Questions of the local Realtime server; not there on hosted Supabase.';
revoke all on schema _realtime_local from public;

/*
 * pg_publication_tables lists the leaves of a partitioned table, or its root
 * with publish_via_partition_root. A root never gets an event: the server drops
 * those, as the real one does.
 */
create or replace function _realtime_local.published_tables(publication text)
returns table (relation oid, schema_name text, table_name text)
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  if exists (
    select
    from pg_catalog.pg_publication_rel as member
    inner join pg_catalog.pg_publication as published on member.prpubid = published.oid
    where published.pubname = published_tables.publication
      and (member.prqual is not null or member.prattrs is not null)
  ) then
    raise exception 'publication % has a row filter or a column list, which Supabase Realtime ignores: remove it',
      published_tables.publication;
  end if;
  return query
  select format('%I.%I', listed.schemaname, listed.tablename)::regclass::oid,
    listed.schemaname::text, listed.tablename::text
  from pg_catalog.pg_publication_tables as listed
  where listed.pubname = published_tables.publication
  order by 2, 3;
end;
$$;
comment on function _realtime_local.published_tables(text) is
'The tables of a publication; raises if it has a row filter or a column list, which the real server does not apply.';

create or replace function _realtime_local.check_filter(
  relation oid, claims_role text, column_name text, operator text, operand text
)
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_type text;
  v_count integer;
begin
  select format_type(attribute.atttypid, null) into v_type
  from pg_catalog.pg_attribute as attribute
  where attribute.attrelid = check_filter.relation
    and attribute.attname = check_filter.column_name
    and attribute.attnum > 0 and not attribute.attisdropped
    and has_column_privilege(check_filter.claims_role, attribute.attrelid, attribute.attnum, 'SELECT');
  if v_type is null then
    raise exception 'invalid column for filter %', check_filter.column_name;
  end if;
  if check_filter.operator <> 'in' then
    execute format('select %L::%s', check_filter.operand, v_type);
    return;
  end if;
  execute format('select cardinality(%L::%s[])', check_filter.operand, v_type) into v_count;
  if v_count > 100 then
    raise exception 'too many values for `in` filter. Maximum 100';
  end if;
end;
$$;
comment on function _realtime_local.check_filter(oid, text, text, text, text) is
'Raises unless the role may select the column and the operand, an array literal for `in`, is of its type.';

/*
 * filters is [{"column", "operator", "operand"}]; selected the columns of a
 * binding's `select`, or null. Answers the relations a binding covers, none if
 * the publication has no such table.
 */
create or replace function _realtime_local.check_binding(
  publication text, schema_name text, table_name text, claims_role text, filters jsonb, selected text[]
)
returns setof oid
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_relation oid;
  v_filter jsonb;
  v_column text;
begin
  if not exists (select from pg_catalog.pg_roles where rolname = check_binding.claims_role) then
    raise exception 'role "%" does not exist', check_binding.claims_role using errcode = 'undefined_object';
  end if;
  for v_relation in
    select published.relation
    from _realtime_local.published_tables(check_binding.publication) as published
    where check_binding.schema_name in ('*', published.schema_name)
      and check_binding.table_name in ('*', published.table_name)
  loop
    if exists (
      select from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = v_relation and attribute.attgenerated = 's' and not attribute.attisdropped
    ) then
      raise exception 'table % has a stored generated column, which this local server cannot send as Supabase does',
        v_relation::regclass;
    end if;
    for v_filter in select jsonb_array_elements(check_binding.filters) loop
      perform _realtime_local.check_filter(
        v_relation, check_binding.claims_role,
        v_filter ->> 'column', v_filter ->> 'operator', v_filter ->> 'operand'
      );
    end loop;
    foreach v_column in array coalesce(check_binding.selected, '{}') loop
      if not exists (
        select
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = v_relation and attribute.attname = v_column
          and attribute.attnum > 0 and not attribute.attisdropped
          and has_column_privilege(check_binding.claims_role, v_relation, attribute.attnum, 'SELECT')
      ) then
        raise exception 'invalid column for select %', v_column;
      end if;
    end loop;
    return next v_relation;
  end loop;
end;
$$;
comment on function _realtime_local.check_binding(text, text, text, text, jsonb, text[]) is
'The relations a postgres_changes binding covers for a role; raises what the client is to be told.';

create or replace function _realtime_local.table_facts(relation oid, roles text[])
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select jsonb_build_object(
    'schema', namespace.nspname,
    'table', class.relname,
    'is_root', class.relkind = 'p',
    'has_row_security', class.relrowsecurity,
    'columns', (
      select jsonb_agg(
        jsonb_build_object(
          'name', attribute.attname,
          'type', type.typname,
          'type_oid', type.oid::bigint,
          'key', key.place,
          'roles', (
            select coalesce(jsonb_agg(reader.name), '[]')
            from unnest(table_facts.roles) as reader (name)
            where has_column_privilege(reader.name, class.oid, attribute.attnum, 'SELECT')
          )
        ) order by attribute.attnum
      )
      from pg_catalog.pg_attribute as attribute
      inner join pg_catalog.pg_type as type on attribute.atttypid = type.oid
      left join pg_catalog.pg_index as primary_key on class.oid = primary_key.indrelid and primary_key.indisprimary
      left join lateral unnest(primary_key.indkey::smallint[]) with ordinality as key (attnum, place)
        on attribute.attnum = key.attnum
      where attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
    )
  )
  from pg_catalog.pg_class as class
  inner join pg_catalog.pg_namespace as namespace on class.relnamespace = namespace.oid
  where class.oid = table_facts.relation;
$$;
comment on function _realtime_local.table_facts(oid, text[]) is
'A table as of now: columns with type, place in the primary key, and which of the roles may select them; null if gone.';

create or replace function _realtime_local.matches(
  relation oid, column_name text, operator text, operand text, candidates text[]
)
returns integer[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_type text;
  v_test text;
  v_matches integer[];
begin
  select format_type(attribute.atttypid, null) into strict v_type
  from pg_catalog.pg_attribute as attribute
  where attribute.attrelid = matches.relation and attribute.attname = matches.column_name;
  v_test := case matches.operator
    when 'eq' then '= %L::%s'
    when 'neq' then '<> %L::%s'
    when 'lt' then '< %L::%s'
    when 'lte' then '<= %L::%s'
    when 'gt' then '> %L::%s'
    when 'gte' then '>= %L::%s'
    when 'in' then '= any (%L::%s[])'
  end;
  execute format(
    'select array_agg(place::integer - 1) from unnest($1) with ordinality as candidate (text, place)'
    || ' where candidate.text::%s ' || v_test,
    v_type, matches.operand, v_type
  ) into v_matches using matches.candidates;
  return coalesce(v_matches, '{}');
end;
$$;
comment on function _realtime_local.matches(oid, text, text, text, text[]) is
'Places (from 0) of the candidates, a column''s values as text, for which the filter holds; null never does.';

/*
 * keys is [[text, ...], ...], each in the primary key's order. viewers is
 * [{"role", "claims"}]. A prepared statement keeps its plan while the role
 * stays the same, so viewers are taken role by role. A viewer whose policy
 * raises sees nothing; visible is then null.
 */
create or replace function _realtime_local.visible_keys(relation oid, keys jsonb, viewers jsonb)
returns table (viewer integer, visible integer[])
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_condition text;
  v_viewer record;
begin
  select string_agg(
    format('seen.%I = (key.value ->> %s)::%s', attribute.attname, part.place - 1, format_type(attribute.atttypid, null)),
    ' and '
  ) into v_condition
  from pg_catalog.pg_index as primary_key
  cross join unnest(primary_key.indkey::smallint[]) with ordinality as part (attnum, place)
  inner join pg_catalog.pg_attribute as attribute
    on primary_key.indrelid = attribute.attrelid and part.attnum = attribute.attnum
  where primary_key.indrelid = visible_keys.relation and primary_key.indisprimary;

  if exists (select from pg_catalog.pg_prepared_statements where name = 'realtime_visible') then
    deallocate realtime_visible;
  end if;
  execute format(
    'prepare realtime_visible (jsonb) as'
    || ' select coalesce(array_agg(key.place::integer - 1), ''{}'')'
    || ' from jsonb_array_elements($1) with ordinality as key (value, place)'
    || ' where exists (select from %s as seen where %s)',
    visible_keys.relation::regclass, v_condition
  );
  for v_viewer in
    select (listed.place - 1)::integer as place, listed.value ->> 'role' as role, listed.value ->> 'claims' as claims
    from jsonb_array_elements(visible_keys.viewers) with ordinality as listed (value, place)
    order by 2, 1
  loop
    viewer := v_viewer.place;
    visible := null;
    begin
      perform set_config('role', v_viewer.role, true), set_config('request.jwt.claims', v_viewer.claims, true);
      execute format('execute realtime_visible (%L)', visible_keys.keys) into visible;
    exception when others then
      raise warning 'row security of % for %: %', visible_keys.relation::regclass, v_viewer.role, sqlerrm;
    end;
    perform set_config('role', 'none', true), set_config('request.jwt.claims', '', true);
    return next;
  end loop;
  deallocate realtime_visible;
end;
$$;
comment on function _realtime_local.visible_keys(oid, jsonb, jsonb) is
'For each viewer, a distinct pair of role and claims, the places (from 0) of the keys whose rows it may read now.';

create or replace function _realtime_local.as_json(type_oid oid, value text)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_json jsonb;
begin
  execute format('select to_jsonb(%L::%s)', as_json.value, format_type(as_json.type_oid, null)) into v_json;
  return v_json;
end;
$$;
comment on function _realtime_local.as_json(oid, text) is
'A value of a type without a rule of its own in the server (arrays, ranges, enums) as PostgreSQL renders it.';

revoke all on all functions in schema _realtime_local from public;
