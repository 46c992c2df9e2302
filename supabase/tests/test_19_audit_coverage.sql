/*
 * Audit, complete: each kind of change leaves the entries it should, telling who
 * did it and whose admins read it; and nobody takes one back.
 */
begin;
select plan(7);

select tests.make_two_organizations();
select tests.make_person('north.waiting', 'viewer', null);
insert into public.invitations (organization_id, email)
values (tests.organization_id('North'), 'somebody@example.test');

create function pg_temp.entries(person text, statement text)
returns text
language plpgsql
volatile
as $$
declare
  v_last bigint;
  v_entries text;
begin
  select max(audit_logs.id) into v_last
  from public.audit_logs;
  begin
    if person <> 'owner' then
      perform tests.sign_in(person);
    end if;
    execute statement;
    perform tests.sign_out();
    select string_agg(
      format(
        '%s %s by %s for %s', audit_logs.action, audit_logs.resource_type,
        case audit_logs.user_id when tests.person_id(person) then person else coalesce(audit_logs.user_id::text, 'nobody') end,
        organizations.name
      ), ', ' order by audit_logs.action, audit_logs.resource_type, organizations.name
    ) into v_entries
    from public.audit_logs
    join public.organizations on organizations.id = audit_logs.organization_id
    where audit_logs.id > v_last;
    raise exception using errcode = 'TBACK';
  exception
    when sqlstate 'TBACK' then
      return coalesce(v_entries, 'none');
  end;
end;
$$;

-- The entries a change leaves ---------------------------------------------------

create temporary table change (person text, statement text, entries text) on commit drop;
insert into change (person, statement, entries) values
(
  'service_role', $$ insert into public.organizations (name) values ('East') $$,
  'insert organizations by nobody for East'
),
(
  'service_role', $$ update public.organizations set time_zone = 'Europe/Berlin' where name = 'North' $$,
  'update organizations by nobody for North'
),
('owner', $$ update private.settings set months_ahead = 4 $$, 'update settings by nobody for Default'),
('owner', $$ update private.settings set months_ahead = months_ahead $$, 'none'),
(
  'north.admin', $$ update public.users set role = 'operator' where id = tests.person_id('north.viewer') $$,
  'update users by north.admin for North'
),
(
  'north.admin', $$ update public.users set is_active = false where id = tests.person_id('north.viewer') $$,
  'update users by north.admin for North'
),
(
  'north.admin', $$ select public.remove_person(tests.person_id('north.viewer')) $$,
  'update users by north.admin for North'
),
(
  'service_role',
  $$
    update public.users set organization_id = tests.organization_id('South')
    where id = tests.person_id('north.viewer')
  $$,
  'update users by nobody for North, update users by nobody for South'
),
(
  'service_role', $$ update public.users set full_name = 'Nobody' where id = tests.person_id('stranger') $$,
  'none'
),
('owner', $$ insert into auth.users (id, email) values (gen_random_uuid(), 'new@example.test') $$, 'none'),
(
  'owner', $$ delete from auth.users where id = tests.person_id('north.viewer') $$,
  'delete users by nobody for North'
),
(
  'north.admin', $$ select * from public.invite_person('new@example.test', 'operator') $$,
  'insert invitations by north.admin for North'
),
(
  'north.admin', $$ select * from public.invite_person('north.waiting@example.test') $$,
  'insert invitations by north.admin for North, update invitations by north.admin for North, '
  || 'update users by north.admin for North'
),
(
  'north.admin', $$ update public.invitations set revoked_at = now() $$,
  'update invitations by north.admin for North'
),
(
  'owner',
  $$
    insert into auth.users (id, email, email_confirmed_at)
    values (gen_random_uuid(), 'somebody@example.test', now())
  $$,
  'update invitations by nobody for North, update users by nobody for North'
),
('north.admin', $$ select * from public.create_api_key('New') $$, 'insert api_keys by north.admin for North'),
(
  'north.admin', $$ select * from public.rotate_api_key(md5('key North')::uuid) $$,
  'insert api_keys by north.admin for North, update api_keys by north.admin for North'
),
(
  'north.admin', $$ select public.revoke_api_key(md5('key North')::uuid) $$,
  'update api_keys by north.admin for North'
),
('service_role', $$ select public.revoke_api_key(md5('key North')::uuid) $$, 'update api_keys by nobody for North'),
(
  'north.operator', $$ update public.alerts set acknowledged_at = now() $$,
  'acknowledge alerts by north.operator for North'
),
(
  'north.operator', $$ update public.alerts set resolution_note = 'Seen' $$,
  'annotate alerts by north.operator for North'
),
(
  'north.operator', $$ update public.alerts set is_resolved = true, resolution_note = 'Mended' $$,
  'resolve alerts by north.operator for North'
),
(
  'north.operator', $$ update public.alert_rules set is_enabled = false $$,
  'resolve alerts by north.operator for North, update alert_rules by north.operator for North'
),
('north.admin', $$ update public.sites set day_start = '06:00' $$, 'update sites by north.admin for North'),
('north.admin', $$ update public.gateways set serial = 'SN-9' $$, 'update gateways by north.admin for North'),
('north.admin', $$ update public.devices set location = 'Basin 2' $$, 'update devices by north.admin for North');

select is_empty(
  $$
    select change.person, change.statement, change.entries as expected, told.entries
    from pg_temp.change
    cross join lateral pg_temp.entries(change.person, change.statement) as told (entries)
    where told.entries <> change.entries
  $$,
  'every change of configuration, role, key and alert tells who did it, and whose admins read it'
);
select results_eq(
  $$
    select count(*), count(*) filter (where entries = 'none') from pg_temp.change
  $$,
  $$ values (26::bigint, 3::bigint) $$,
  'all of them were asked'
);

update public.users set organization_id = tests.organization_id('South')
where id = tests.person_id('north.viewer');
select results_eq(
  $$
    select organization_id, details -> 'changed' -> 'organization_id' from public.audit_logs
    where action = 'update' and resource_id = tests.person_id('north.viewer')::text
    and details -> 'changed' ? 'organization_id' and organization_id in (
      tests.organization_id('North'), tests.organization_id('South')
    )
    and details -> 'changed' -> 'organization_id' ->> 'old' is not null
    order by organization_id = tests.organization_id('South')
  $$,
  $$
    select organization_id, jsonb_build_object(
      'old', tests.organization_id('North'), 'new', tests.organization_id('South')
    )
    from unnest(array[tests.organization_id('North'), tests.organization_id('South')]) as organization_id
  $$,
  'who changes hands is told to both, from where and to where'
);

-- Append only -------------------------------------------------------------------

create temporary table entries_before on commit drop as
select md5(string_agg(audit_logs::text, ',' order by audit_logs.id)) as digest
from public.audit_logs;

select is_empty(
  $$
    select tried.statement, attempts.person, attempts.outcome
    from (
      values
      ('update public.audit_logs set user_id = null'),
      ('delete from public.audit_logs'),
      ('truncate public.audit_logs'),
      ('insert into public.audit_logs (organization_id, action, resource_type, resource_id)
        values (tests.organization_id(''North''), ''insert'', ''devices'', ''forged'')'),
      ('update public.audit_logs set id = default'),
      ('merge into public.audit_logs using (values (1)) as one (id) on true when matched then delete'),
      ('truncate public.organizations cascade')
    ) as tried (statement)
    cross join lateral tests.attempts(tried.statement) as attempts
    where attempts.outcome not like '42501 permission denied for table %'
  $$,
  'no role of the Data API writes, changes or removes an entry, service_role neither'
);
select is_empty(
  $$
    select tried.statement, tried.outcome
    from (
      select statement, tests.attempt_as_owner(statement) as outcome
      from unnest(array[
        'update public.audit_logs set user_id = null',
        'update public.audit_logs set user_id = null where false',
        'delete from public.audit_logs',
        'truncate public.audit_logs',
        'merge into public.audit_logs using (values (1)) as one (id) on true when matched then delete',
        'truncate public.organizations cascade'
      ]) as statement
    ) as tried
    where tried.outcome not like 'AUDRO %'
      -- Whichever of the kept tables the cascade comes to first, which is another one after a restore.
      and not (tried.statement like '% cascade' and tried.outcome like 'STKEP %')
  $$,
  'the owner of the table changes and removes none either, whatever the way'
);
select results_eq(
  $$ select md5(string_agg(audit_logs::text, ',' order by audit_logs.id)) from public.audit_logs $$,
  $$ select digest from pg_temp.entries_before $$,
  'and every entry is as it was'
);
insert into public.organizations (name) values ('East');
select alike(
  tests.attempt_as_owner('delete from public.organizations where name = ''East'''), '%"audit_logs_organization_id_fkey"%',
  'not even an empty organization goes and leaves its log behind'
);

select finish();
rollback;
