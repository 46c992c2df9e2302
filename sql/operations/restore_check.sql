/*
 * Is a restored database whole, and does it agree with itself? Read-only; a
 * minute for millions of readings.
 *
 *   psql "$DATABASE_URL" -f sql/operations/restore_check.sql
 *
 * Each row of the first table is a rule with the number of rows that break it;
 * the script ends with an error unless all are 0. The second table is for
 * comparing with the original: the same numbers there and here.
 */
\set ON_ERROR_STOP on
begin;
set local timezone = 'UTC';

create function pg_temp.broken()
returns table (rule text, broken bigint)
language sql
stable
as $$
  select 'a reading has its device', count(*)
  from (select distinct flow_data.device_id from public.flow_data) as known
  where not exists (select from public.devices where devices.device_id = known.device_id)
  union all
  select 'the latest reading is the newest that is not bad', count(*)
  from public.devices
  left join public.latest_readings as latest on devices.device_id = latest.device_id
  left join lateral (
    select flow_data.created_at
    from public.flow_data
    where flow_data.device_id = devices.device_id and flow_data.quality <> 'bad'
    order by flow_data.created_at desc
    limit 1
  ) as newest on true
  where newest.created_at is distinct from latest.created_at
  and newest.created_at is not null
  union all
  select 'an alert that is not resolved has an enabled rule, or is built in', count(*)
  from public.alerts
  inner join public.alert_rules on alerts.rule_id = alert_rules.id
  where not alerts.is_resolved and not alert_rules.is_enabled
  union all
  select 'an organization with people has an active admin', count(*)
  from (
    select users.organization_id
    from public.users
    where users.organization_id is not null
    group by users.organization_id
    having count(*) filter (where users.role = 'admin' and users.is_active) = 0
  ) as orphaned
  union all
  select 'a person has an account', count(*)
  from public.users
  where not exists (select from auth.users as accounts where accounts.id = users.id)
  union all
  select 'a table has row security', count(*)
  from pg_catalog.pg_class
  where pg_class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
  and pg_class.relkind in ('r', 'p')
  and not pg_class.relrowsecurity
  union all
  select 'anon may do nothing', count(*)
  from pg_catalog.pg_class
  where pg_class.relnamespace = 'public'::regnamespace
  and pg_class.relkind in ('r', 'p', 'v')
  and has_table_privilege('anon', pg_class.oid, 'select, insert, update, delete')
  union all
  select 'Realtime publishes latest_readings and alerts', count(*)
  from (values ('latest_readings'), ('alerts')) as wanted (table_name)
  where not exists (
    select from pg_catalog.pg_publication_tables as published
    where published.pubname = 'supabase_realtime'
    and published.schemaname = 'public'
    and published.tablename = wanted.table_name
  );
$$;

select
  broken.rule,
  broken.broken
from pg_temp.broken() as broken;

\echo 'For comparison with the original'
select
  (select count(*) from public.flow_data) as readings,
  (select max(flow_data.created_at) from public.flow_data) as newest_reading,
  (select count(*) from public.devices) as devices,
  (select count(*) from public.alerts) as alerts,
  (select count(*) from public.users) as people,
  (select count(*) from public.audit_logs) as audit_entries,
  (select count(*) from public.ingest_dead_letters) as dead_letters,
  (select sum(flow_data_hourly.volume) from public.flow_data_hourly) as rolled_up_volume_m3;

do $$
begin
  if exists (select from pg_temp.broken() where broken > 0) then
    raise exception 'the database does not agree with itself: see the rules above';
  end if;
end;
$$;

rollback;
