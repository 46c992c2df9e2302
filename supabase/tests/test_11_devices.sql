/* Gateways and devices: what they may be, and that readings are not orphaned. */
begin;
select plan(17);

select tests.make_two_organizations();

-- The name on the wire --------------------------------------------------------

select results_eq(
  $$
    select id, tests.attempt('service_role', format('insert into public.devices (device_id) values (%L)', id))
    from unnest(array['', ' TAP', 'TAP ', E'TAP\t1', E'TAP\n', repeat('x', 129)]) with ordinality as bad (id, place)
    order by place
  $$,
  $$
    select id, '23514 new row for relation "devices" violates check constraint "devices_device_id_check"'
    from unnest(array['', ' TAP', 'TAP ', E'TAP\t1', E'TAP\n', repeat('x', 129)]) with ordinality as bad (id, place)
    order by place
  $$,
  'a device_id has 1 to 128 characters, none of them a control character, and no blank at an end'
);
select is(
  tests.attempt('service_role', format($$ insert into public.devices (device_id) values (%L) $$, 'Zähler 7/β')),
  '1 rows', 'any letter of any script is fine'
);
select throws_ok(
  $$ insert into public.devices (device_id, organization_id) values ('TAP_NORTH', tests.organization_id('South')) $$,
  '23505', null, 'a device_id is unique in the whole project'
);

-- Defaults and limits ---------------------------------------------------------

insert into public.devices (device_id) values ('TAP_DEFAULT');
select results_eq(
  $$
    select organization_id, device_name, device_type, status, expected_interval_s, metadata, last_seen
    from public.devices where device_id = 'TAP_DEFAULT'
  $$,
  $$
    values (
      private.default_organization_id(), 'TAP_DEFAULT', 'flow_meter', 'active', 300, '{}'::jsonb, null::timestamptz
    )
  $$,
  'a device needs no more than its device_id'
);
select throws_ok(
  $$ update public.devices set status = 'lost' where device_id = 'TAP_NORTH' $$,
  '23514', null, 'status is one of four'
);
select throws_ok(
  $$ update public.devices set expected_interval_s = 0 where device_id = 'TAP_NORTH' $$,
  '23514', null, 'an interval is positive'
);
select throws_ok(
  $$ update public.devices set totalizer_max = 'NaN' where device_id = 'TAP_NORTH' $$,
  '23514', null, 'a counter ends at a number'
);
select throws_ok(
  $$ update public.devices set metadata = '"{}"' where device_id = 'TAP_NORTH' $$,
  '23514', null, 'metadata is an object'
);

-- Site and gateway ------------------------------------------------------------

select throws_ok(
  $$ update public.devices set site_id = md5('site South')::uuid where device_id = 'TAP_NORTH' $$,
  '23503', null, 'a device stands on a site of its own organization'
);
select throws_ok(
  $$ update public.devices set gateway_id = md5('gateway South')::uuid where device_id = 'TAP_NORTH' $$,
  '23503', null, 'and is read by a gateway of its own organization'
);
select throws_ok(
  $$ update public.gateways set site_id = md5('site South')::uuid where serial = 'SN-North' $$,
  '23503', null, 'which stands on a site of that organization too'
);
update public.devices
set site_id = md5('site North')::uuid, gateway_id = md5('gateway North')::uuid
where device_id = 'TAP_NORTH';
delete from public.sites
where id = md5('site North')::uuid;
select results_eq(
  $$ select organization_id, site_id, gateway_id from public.devices where device_id = 'TAP_NORTH' $$,
  $$ values (tests.organization_id('North'), null::uuid, md5('gateway North')::uuid) $$,
  'a deleted site leaves its devices where they belong, without a site'
);

-- Stamps ----------------------------------------------------------------------

update public.devices set updated_at = '2026-01-01T00:00:00Z'
where device_id = 'TAP_NORTH';
update public.devices set last_seen = '2026-02-02T00:00:00Z'
where device_id = 'TAP_NORTH';
select results_eq(
  $$ select updated_at from public.devices where device_id = 'TAP_NORTH' $$,
  $$ values ('2026-01-01T00:00:00Z'::timestamptz) $$,
  'contact is no change of the configuration'
);
update public.devices set location = 'Basin 2'
where device_id = 'TAP_NORTH';
select results_ne(
  $$ select updated_at from public.devices where device_id = 'TAP_NORTH' $$,
  $$ values ('2026-01-01T00:00:00Z'::timestamptz) $$,
  'a new location is'
);

-- Readings stay ---------------------------------------------------------------

do $$
begin
  perform private.create_flow_data_months('2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z');
end;
$$;
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_NORTH', '2026-03-01T00:00:00Z', 1);
select throws_ok(
  $$ delete from public.devices where device_id = 'TAP_NORTH' $$,
  'DEVRD', 'device has readings: TAP_NORTH', 'a device with readings is not deleted, whoever asks'
);
select throws_ok(
  $$ update public.devices set device_id = 'TAP_OTHER' where device_id = 'TAP_NORTH' $$,
  'DEVRD', 'device has readings: TAP_NORTH', 'nor renamed'
);
select lives_ok(
  $$
    update public.devices set device_id = 'TAP_RENAMED' where device_id = 'TAP_DEFAULT';
    delete from public.devices where device_id = 'TAP_RENAMED'
  $$,
  'one without readings is both'
);

select finish();
rollback;
