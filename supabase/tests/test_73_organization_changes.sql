/*
 * The version under which an answer is kept: whose it is, what changes it, what does not.
 */
begin;
select plan(25);

select tests.make_two_organizations();
select tests.make_person('north.second', 'operator', tests.organization_id('North'));

create function pg_temp.scope_of(person text)
returns text
language plpgsql
as $$
declare
  v_scope text;
begin
  perform tests.sign_in(person);
  select row(scope.organization_id, scope.role, scope.version)::text into v_scope from public.get_cache_scope() as scope;
  perform tests.sign_out();
  return v_scope;
end;
$$;

-- What `person` does, and whether the versions that north.viewer and south.admin see are others then.
create function pg_temp.changed_by(person text, statement text)
returns text
language plpgsql
as $$
declare
  v_north text := pg_temp.scope_of('north.viewer');
  v_south text := pg_temp.scope_of('south.admin');
begin
  perform tests.sign_in(person);
  execute statement;
  perform tests.sign_out();
  return format(
    '%s %s',
    case when pg_temp.scope_of('north.viewer') = v_north then 'same' else 'other' end,
    case when pg_temp.scope_of('south.admin') = v_south then 'same' else 'other' end
  );
end;
$$;

-- Whose it is -----------------------------------------------------------------------

select function_privs_are(
  'public', 'get_cache_scope', array[]::text[], 'authenticated', array['EXECUTE'], 'people ask for it'
);
select function_privs_are(
  'public', 'get_cache_scope', array[]::text[], 'service_role', array[]::text[], 'programs do not'
);
select is(
  pg_temp.scope_of('north.viewer'), format('(%s,viewer,"")', tests.organization_id('North')),
  'it names the organization and the role; the version before any change is empty'
);
select isnt(pg_temp.scope_of('north.viewer'), pg_temp.scope_of('north.admin'), 'another role is another scope');
select isnt(pg_temp.scope_of('north.admin'), pg_temp.scope_of('south.admin'), 'another organization is another scope');
select is(pg_temp.scope_of('north.inactive'), null, 'who may not act has none');
select is(pg_temp.scope_of('stranger'), null, 'a stranger has none');

-- What changes it -------------------------------------------------------------------

select is(
  pg_temp.changed_by('north.admin', $$ insert into public.devices (device_id) values ('CACHE_1') $$),
  'other same', 'a device that is made, for its organization only'
);
select is(
  pg_temp.changed_by('north.admin', $$ update public.devices set device_name = 'New' where device_id = 'CACHE_1' $$),
  'other same', 'a device that is renamed'
);
select is(
  pg_temp.changed_by('south.admin', $$ update public.devices set device_name = 'New' where device_id = 'TAP_SOUTH' $$),
  'same other', 'the other organization''s is theirs'
);
select is(
  pg_temp.changed_by('north.admin', $$ insert into public.sites (name) values ('Cache site') $$), 'other same', 'a site'
);
select is(
  pg_temp.changed_by('north.admin', $$ insert into public.gateways (name) values ('Cache gateway') $$),
  'other same', 'a gateway'
);
select is(
  pg_temp.changed_by('north.admin', $$ update public.gateways set name = 'Renamed' where name = 'Cache gateway' $$),
  'other same', 'a gateway that is renamed'
);
select is(
  pg_temp.changed_by(
    'north.admin', $$ insert into public.device_aliases (kind, alias, device_id) values ('ip', '192.0.2.1', 'CACHE_1') $$
  ),
  'other same', 'an alias'
);
select is(
  pg_temp.changed_by(
    'north.operator',
    $$
      insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)
      values ('CACHE_1', 'Cache rule', 'high_flow', 1)
    $$
  ),
  'other same', 'a rule'
);
insert into public.alerts (organization_id, device_id, alert_type, severity, message)
values (tests.organization_id('North'), 'CACHE_1', 'high_flow', 'warning', 'Cache alert');
select is(
  pg_temp.changed_by(
    'north.second', $$ update public.alerts set acknowledged_at = now() where message = 'Cache alert' $$
  ),
  'other same', 'an alert that is acknowledged'
);
select is(
  pg_temp.changed_by('north.second', $$ update public.alerts set is_resolved = true where message = 'Cache alert' $$),
  'other same', 'an alert that is resolved'
);
select tests.sign_in('service_role');
select public.ingest_readings(
  jsonb_build_array(
    jsonb_build_object(
      'device_id', 'CACHE_2', 'flow_rate', 1, 'created_at', now() - interval '1 minute', 'received_at', now(),
      'api_key_id', null
    )
  )
);
select tests.sign_out();
update public.ingest_dead_letters
set organization_id = tests.organization_id('North')
where reading ->> 'device_id' = 'CACHE_2';
select is(
  pg_temp.changed_by(
    'north.admin',
    $$
      select public.replay_dead_letters(array_agg(id)) from public.ingest_dead_letters
      where reading ->> 'device_id' = 'CACHE_2'
    $$
  ),
  'other same', 'a replay'
);
select is(
  pg_temp.changed_by('north.admin', $$ delete from public.devices where device_id = 'CACHE_1' $$),
  'other same', 'a device that is deleted'
);

-- What does not ---------------------------------------------------------------------

select is(
  pg_temp.changed_by(
    'service_role',
    $$
      select public.ingest_readings(
        jsonb_build_array(
          jsonb_build_object(
            'device_id', 'TAP_NORTH', 'flow_rate', 1, 'created_at', now() - interval '1 minute', 'received_at', now(),
            'api_key_id', null
          )
        )
      )
    $$
  ),
  'same same', 'a reading is no change by a person'
);
select is(
  pg_temp.changed_by(
    'north.admin', $$ update public.users set full_name = 'New' where id = tests.person_id('north.second') $$
  ),
  'same same', 'nor is what no list shows'
);

-- How long it is kept -----------------------------------------------------------------

update private.organization_changes set changed_at = now() - interval '11 minutes'
where organization_id = tests.organization_id('North');
select is(
  pg_temp.changed_by('north.admin', $$ update public.sites set name = 'Site' where name = 'Cache site' $$),
  'other same', 'a change after a pause'
);
select results_eq(
  $$ select count(*) from private.organization_changes where organization_id = tests.organization_id('North') $$,
  $$ values (1::bigint) $$,
  'forgets what nobody asks for any more'
);
select isnt_empty(
  $$ select from private.organization_changes where organization_id = tests.organization_id('South') $$,
  'of its own organization only'
);

-- Columns of later migrations count too
select is_empty(
  $$
    select tgrelid::regclass, pg_attribute.attname
    from pg_catalog.pg_trigger
    inner join pg_catalog.pg_attribute on pg_attribute.attrelid = pg_trigger.tgrelid
    where pg_trigger.tgfoid = 'private.tg__note_change'::regproc and pg_trigger.tgname = '_950_note_change_of_config'
    and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    and pg_attribute.attname <> 'last_seen'
    and pg_attribute.attnum <> all (pg_trigger.tgattr)
  $$,
  'every column but the time of contact is watched'
);

select finish();
rollback;
