/*
 * The data dictionary: tables and functions of the API with what their comments say, as Markdown.
 * Read-only.
 *
 *   psql "$DATABASE_URL" --no-psqlrc --tuples-only --no-align -f sql/operations/data_dictionary.sql > docs/data-dictionary.md
 *
 * docs/data-dictionary.md is made by it, and a test holds the two equal: one row a line.
 */
\set ON_ERROR_STOP on
with relations as (
  select
    pg_class.oid,
    pg_class.relname as name,
    case when pg_class.relkind = 'v' then 'view' else 'table' end as kind,
    obj_description(pg_class.oid, 'pg_class') as said
  from pg_class
  where pg_class.relnamespace = 'public'::regnamespace and pg_class.relkind in ('r', 'p', 'v')
),

columns as (
  select
    relations.name,
    pg_attribute.attnum as place,
    format(
      '| `%s` | %s | %s | %s |',
      pg_attribute.attname,
      format_type(pg_attribute.atttypid, pg_attribute.atttypmod),
      case when relations.kind = 'view' then '?' when pg_attribute.attnotnull then '' else 'yes' end,
      replace(coalesce(col_description(relations.oid, pg_attribute.attnum), ''), '|', '\|')
    ) as line
  from relations
  inner join pg_attribute on relations.oid = pg_attribute.attrelid
  where pg_attribute.attnum > 0 and not pg_attribute.attisdropped
),

functions as (
  select
    pg_proc.proname as name,
    pg_get_function_identity_arguments(pg_proc.oid) as arguments,
    array_to_string(array(
      select roles.name
      from unnest(array['anon', 'authenticated', 'service_role']) as roles (name)
      where has_function_privilege(roles.name, pg_proc.oid, 'execute')
    ), ', ') as callers,
    obj_description(pg_proc.oid, 'pg_proc') as said
  from pg_proc
  where pg_proc.pronamespace = 'public'::regnamespace and pg_proc.prorettype <> 'trigger'::regtype
),

lines (part, name, place, line) as (
  select
    1,
    '',
    head.place,
    head.line
  from
    unnest(array[
      '# Data dictionary',
      '',
      'The schema `public`, in the words of the database''s own comments: tables and views, then functions. Made by',
      '[`sql/operations/data_dictionary.sql`](../sql/operations/data_dictionary.sql); changed by a migration that changes a comment.',
      'PostgreSQL does not say whether a column of a view may be null: `?`. One without a meaning has that of its table, or is what its name says.',
      '',
      '## Tables and views'
    ]) with ordinality as head (line, place)
  union all
  select
    3,
    relations.name,
    -5 + head.place,
    head.line
  from relations
  cross join
    lateral unnest(
      array['', format('### %s%s', relations.name, case when relations.kind = 'view' then ' (view)' else '' end), '', relations.said, '', '| column | type | null | meaning |', '| --- | --- | --- | --- |']
    ) with ordinality as head (line, place)
  union all
  select
    3,
    columns.name,
    10 + columns.place,
    columns.line
  from columns
  union all
  select
    4,
    '',
    head.place,
    head.line
  from
    unnest(
      array['', '## Functions', '', '| function | callers | what it does |', '| --- | --- | --- |']
    ) with ordinality as head (line, place)
  union all
  select
    5,
    functions.name || functions.arguments,
    0,
    format(
      '| `%s(%s)` | %s | %s |',
      functions.name, functions.arguments, functions.callers, replace(replace(functions.said, '|', '\|'), E'\n', ' ')
    )
  from functions
)

select lines.line
from lines
order by lines.part, convert_to(lines.name, 'UTF8'), lines.place;
