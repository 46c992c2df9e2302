/*
 * Rules that every object of ours obeys, also those of later migrations.
 *
 * Ours is what lies in public and private and belongs to no extension. Each
 * rule lists its offenders, so a failure names them.
 */
begin;
select plan(22);

create view pg_temp.our_relation as
select
  pg_class.oid,
  pg_class.oid::regclass::text as name,
  pg_namespace.nspname as schema_name,
  pg_class.relname,
  pg_class.relkind,
  pg_class.relrowsecurity,
  pg_class.reloptions,
  pg_class.relispartition
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
where
  pg_namespace.nspname in ('public', 'private')
  and not exists (
    select from pg_catalog.pg_depend
    where pg_depend.objid = pg_class.oid and pg_depend.deptype = 'e'
  );

create view pg_temp.our_function as
select
  pg_proc.oid,
  pg_proc.oid::regprocedure::text as name,
  pg_namespace.nspname as schema_name,
  pg_proc.prosecdef,
  pg_proc.proconfig,
  pg_proc.prosqlbody,
  pg_proc.proacl,
  pg_proc.proowner
from pg_catalog.pg_proc
inner join pg_catalog.pg_namespace on pg_proc.pronamespace = pg_namespace.oid
where
  pg_namespace.nspname in ('public', 'private')
  and not exists (
    select from pg_catalog.pg_depend
    where pg_depend.objid = pg_proc.oid and pg_depend.deptype = 'e'
  );

-- There is something to look at ----------------------------------------------

select isnt_empty(
  $$ select name from pg_temp.our_relation where name = 'flow_data' $$, 'the tables are seen'
);

-- Row security ----------------------------------------------------------------

select is_empty(
  $$ select name from pg_temp.our_relation where relkind in ('r', 'p') and not relrowsecurity $$,
  'every table and partition has row level security on'
);
select is_empty(
  $$
    select tablename, policyname from pg_catalog.pg_policies
    where schemaname in ('public', 'private') and cmd = 'ALL'
  $$,
  'no policy is for all commands'
);
select is_empty(
  $$
    select tablename, policyname from pg_catalog.pg_policies
    where schemaname in ('public', 'private')
    and (qual in ('true', '(true)') or with_check in ('true', '(true)'))
  $$,
  'no policy lets everything pass'
);
select is_empty(
  $$
    select tablename, policyname, roles from pg_catalog.pg_policies
    where schemaname in ('public', 'private') and roles <> array['authenticated']::name[]
  $$,
  'every policy is for signed-in people; nobody else needs one'
);
select is_empty(
  $$
    select tablename, policyname from pg_catalog.pg_policies
    where schemaname in ('public', 'private') and cmd = 'UPDATE' and (qual is null or with_check is null)
  $$,
  'every update policy judges the row before and after'
);
select is_empty(
  $$
    select tablename, cmd, count(*) from pg_catalog.pg_policies
    where schemaname in ('public', 'private') and permissive = 'PERMISSIVE'
    group by tablename, cmd having count(*) > 1
  $$,
  'one permissive policy a command: two would be an or'
);
select is_empty(
  $$
    select name from pg_temp.our_relation
    where relkind = 'v' and not coalesce(reloptions @> array['security_invoker=true'], false)
  $$,
  'every view runs with its reader''s rights'
);

-- Privileges ------------------------------------------------------------------

select is_empty(
  $$
    select name from pg_temp.our_relation
    where relkind in ('r', 'p', 'v', 'm')
    and (
      has_table_privilege('anon', oid, 'select, insert, update, delete, truncate, references, trigger')
      or has_any_column_privilege('anon', oid, 'select, insert, update, references')
    )
    union all
    select name from pg_temp.our_relation
    where case when relkind = 'S' then has_sequence_privilege('anon', oid, 'usage, select, update') end
    union all
    select 'schema private' where has_schema_privilege('anon', 'private', 'usage, create')
  $$,
  'anon may do nothing'
);
select is_empty(
  $$
    select name from pg_temp.our_function
    where has_function_privilege('anon', oid, 'execute')
    or exists (
      select from aclexplode(coalesce(proacl, acldefault('f', proowner))) as granted
      where granted.grantee = 0
    )
  $$,
  'neither anon nor PUBLIC executes any function'
);
select is_empty(
  $$
    select name from pg_temp.our_relation
    where relkind in ('r', 'p', 'v', 'm')
    and has_table_privilege('authenticated', oid, 'insert, update, truncate, references, trigger')
    union all
    select name from pg_temp.our_relation
    where case when relkind = 'S' then has_sequence_privilege('authenticated', oid, 'usage, select, update') end
  $$,
  'people write by column lists only, and never truncate'
);
select is_empty(
  $$
    select name from pg_temp.our_relation
    where relkind in ('r', 'p', 'v', 'm')
    and has_table_privilege('service_role', oid, 'delete, truncate, references, trigger')
  $$,
  'service_role deletes nothing'
);
select is_empty(
  $$
    select name from pg_temp.our_relation
    where schema_name = 'private' and relkind in ('r', 'p', 'v', 'm')
    and (
      has_any_column_privilege('authenticated', oid, 'select, insert, update, references')
      or has_any_column_privilege('service_role', oid, 'select, insert, update, references')
    )
  $$,
  'a partition is reached through its table only'
);
select bag_eq(
  $$ select name from pg_temp.our_function where has_function_privilege('authenticated', oid, 'execute') $$,
  $$
    values
    ('create_api_key(text,uuid,uuid,text[],timestamp with time zone,cidr[],jsonb)'),
    ('rotate_api_key(uuid,interval)'),
    ('revoke_api_key(uuid)'),
    ('private.new_api_key()'),
    ('invite_person(text,text,uuid)'),
    ('private.lock_address(text)'),
    ('remove_person(uuid)'),
    ('private.remove_person(uuid)'),
    ('get_latest_flow_data()'),
    ('get_device_page(text)'),
    ('private.my_profile_id(text)'),
    ('get_archived_months(timestamp with time zone,timestamp with time zone,text)'),
    ('private.get_archived_months(timestamp with time zone,timestamp with time zone,text)'),
    ('get_flow_statistics(text,timestamp with time zone,timestamp with time zone)'),
    ('backtest_alert_rule(text,text,double precision,double precision,integer,timestamp with time zone,timestamp with time zone)'),
    ('private.alert_duration(text,integer,integer)'),
    ('get_daily_flow(text,date,date)'),
    ('get_flow_series(text,timestamp with time zone,timestamp with time zone,integer)'),
    ('get_flow_sparks(text[],timestamp with time zone,timestamp with time zone,integer)'),
    ('get_volumes_today(text[])'),
    ('get_data_quality(text,timestamp with time zone,timestamp with time zone)'),
    ('issue_statement(text,date)'),
    ('correct_statement(text,date,text)'),
    ('get_statements(text)'),
    (
      'private.statement_follows(timestamp with time zone,timestamp with time zone,double precision,'
      || 'timestamp with time zone,timestamp with time zone,double precision)'
    ),
    ('private.write_statement(text,date,text)'),
    ('get_quantity_series(text,text,timestamp with time zone,timestamp with time zone,integer)'),
    ('get_totalizer_events(text,timestamp with time zone,timestamp with time zone)'),
    ('private.my_organization_id()'),
    ('private.my_role()'),
    ('private.has_role(text)'),
    ('private.member_device_ids()'),
    ('private.member_profile_ids()'),
    ('private.admin_profile_ids()'),
    ('set_notification_channel(text,text,text[],text,boolean)'),
    ('private.change_notification_channel(text,text,text[],text,boolean)'),
    ('test_notification_channel(text)'),
    ('private.test_notification_channel(text)'),
    ('resend_notification(bigint)'),
    ('private.resend_notification(bigint)'),
    ('private.my_cache_scope()'),
    ('get_cache_scope()'),
    ('private.replay_my_dead_letters(bigint[],interval)'),
    ('replay_dead_letters(bigint[],interval)'),
    ('private.totalizer_step_kind(double precision,double precision,double precision)'),
    ('private.totalizer_step_volume(double precision,double precision,double precision,text)'),
    ('private.utc_hour(timestamp with time zone)'),
    ('private.raw_complete_since()'),
    ('private.rollup_bound(timestamp with time zone)'),
    ('private.expected_points(integer,timestamp with time zone,timestamp with time zone)'),
    ('private.sample_before(text,timestamp with time zone)'),
    ('private.flow_pieces(text,timestamp with time zone,timestamp with time zone,interval)'),
    ('private.flow_summary(text,timestamp with time zone,timestamp with time zone)'),
    ('private.day_starts_at(date,time without time zone,text)'),
    ('private.device_days(text,date,date)'),
    ('private.series_step(timestamp with time zone,timestamp with time zone,integer,interval)')
  $$,
  'people execute these functions and no other'
);

-- Functions -------------------------------------------------------------------

select is_empty(
  $$ select name from pg_temp.our_function where prosecdef and schema_name = 'public' $$,
  'no definer function is exposed'
);
select is_empty(
  $$
    select name from pg_temp.our_function
    where not coalesce(proconfig @> array['search_path=""'], false)
    and (prosecdef or prosqlbody is null)
  $$,
  'every function pins an empty search_path, unless its body is bound already'
);

-- Comments --------------------------------------------------------------------

select is_empty(
  $$
    select name from pg_temp.our_relation
    where relkind in ('r', 'p', 'v', 'm') and obj_description(oid, 'pg_class') is null
    union all
    select name from pg_temp.our_function where obj_description(oid, 'pg_proc') is null
    union all
    select 'schema private' where obj_description('private'::regnamespace, 'pg_namespace') is null
  $$,
  'every table, view and function says what it is for'
);
select is_empty(
  $$
    select our_relation.name, pg_attribute.attname
    from pg_temp.our_relation
    inner join pg_catalog.pg_attribute on pg_attribute.attrelid = our_relation.oid
    where our_relation.relkind in ('r', 'p') and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    and (
      pg_attribute.atttypid in ('double precision'::regtype, 'real'::regtype, 'numeric'::regtype)
      or pg_attribute.attname ~ '_(s|minutes|seconds|hours|days)$'
      or pg_attribute.attname in ('battery_level', 'signal_strength')
    )
    and coalesce(col_description(pg_attribute.attrelid, pg_attribute.attnum), '') !~ '^\[|unit'
  $$,
  'every quantity says its unit'
);

-- Keys and stamps -------------------------------------------------------------

select is_empty(
  $$
    select conrelid::regclass, conname
    from pg_catalog.pg_constraint
    where contype = 'f' and connamespace in ('public'::regnamespace, 'private'::regnamespace)
    and not exists (
      select from pg_catalog.pg_index
      where indrelid = conrelid and indpred is null and indisvalid
      and (indkey::smallint[])[0:cardinality(conkey) - 1] @> conkey
    )
  $$,
  'every foreign key has an index that begins with its columns'
);
select is_empty(
  $$
    select our_relation.name
    from pg_temp.our_relation
    inner join pg_catalog.pg_attribute on pg_attribute.attrelid = our_relation.oid
    where pg_attribute.attname = 'updated_at' and our_relation.relkind in ('r', 'p')
    and not exists (
      select from pg_catalog.pg_trigger
      where tgrelid = our_relation.oid and tgfoid = 'private.tg__touch_updated_at'::regproc
    )
  $$,
  'every updated_at is stamped'
);
select is_empty(
  $$
    select tgrelid::regclass, pg_attribute.attname
    from pg_catalog.pg_trigger
    inner join pg_catalog.pg_attribute on pg_attribute.attrelid = pg_trigger.tgrelid
    where pg_trigger.tgfoid = 'private.tg__audit'::regproc and pg_trigger.tgname = '_900_audit'
    and pg_trigger.tgattr::text <> ''
    and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    and pg_attribute.attname not in ('last_seen', 'last_used_at', 'updated_at')
    and pg_attribute.attnum <> all (pg_trigger.tgattr)
  $$,
  'the audit watches every configuration column of its tables'
);

-- Realtime --------------------------------------------------------------------

select results_eq(
  $$
    select prrelid::regclass::text, prqual is null, prattrs is null
    from pg_catalog.pg_publication_rel
    inner join pg_catalog.pg_publication on pg_publication.oid = pg_publication_rel.prpubid
    where pg_publication.pubname = 'supabase_realtime'
    order by 1
  $$,
  $$ values ('alerts', true, true), ('latest_readings', true, true) $$,
  'Realtime publishes alerts and latest_readings, whole'
);

select finish();
rollback;
