/*
 * Who may read or write some columns of a table, and which. A right on the whole
 * table is in the matrix and in the table's own file.
 *
 * One column too many is how a person moves a row to another organization, or
 * says that an invitation was accepted.
 */
begin;
select plan(1);

select bag_eq(
  $$
    select
      pg_class.relname::text, role, verb,
      string_agg(pg_attribute.attname, ' ' order by pg_attribute.attname collate "C")
    from pg_catalog.pg_class
    cross join unnest(array['anon', 'authenticated', 'service_role']) as role
    cross join unnest(array['select', 'insert', 'update', 'references']) as verb
    join pg_catalog.pg_attribute
      on pg_attribute.attrelid = pg_class.oid and attnum > 0 and not attisdropped
      and has_column_privilege(role, pg_class.oid, attnum, verb)
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
    and not exists (select from pg_catalog.pg_depend where objid = pg_class.oid and deptype = 'e')
    and not has_table_privilege(role, pg_class.oid, verb)
    group by pg_class.relname, role, verb
  $$,
  $$
    values
    ('sites', 'authenticated', 'insert', 'day_start name organization_id time_zone'),
    ('sites', 'authenticated', 'update', 'day_start name time_zone'),
    ('users', 'authenticated', 'update', 'full_name is_active role'),
    ('invitations', 'authenticated', 'insert', 'email expires_at organization_id role'),
    ('invitations', 'authenticated', 'update', 'expires_at revoked_at role'),
    ('invitations', 'service_role', 'insert', 'email expires_at organization_id role'),
    ('invitations', 'service_role', 'update', 'expires_at revoked_at role'),
    ('gateways', 'authenticated', 'insert', 'metadata name organization_id serial site_id'),
    ('gateways', 'authenticated', 'update', 'metadata name serial site_id'),
    (
      'devices', 'authenticated', 'insert',
      'description device_id device_name device_type expected_interval_s gateway_id location metadata '
      || 'organization_id profile reverse_policy site_id status totalizer_max'
    ),
    (
      'devices', 'authenticated', 'update',
      'description device_name device_type expected_interval_s gateway_id location metadata profile reverse_policy '
      || 'site_id status totalizer_max'
    ),
    (
      'api_keys', 'authenticated', 'select',
      'allowed_networks created_at device_ids expires_at flat_units gateway_id id key_prefix last_used_at name '
      || 'organization_id revoked_at rotated_from updated_at'
    ),
    (
      'api_keys', 'authenticated', 'insert',
      'allowed_networks device_ids expires_at flat_units gateway_id key_hash key_prefix name organization_id rotated_from'
    ),
    ('api_keys', 'authenticated', 'update', 'allowed_networks device_ids expires_at flat_units name revoked_at'),
    (
      'alert_rules', 'authenticated', 'insert',
      'deadband device_id duration_minutes is_enabled notification_channels organization_id rule_name rule_type '
      || 'severity threshold_value'
    ),
    (
      'alert_rules', 'authenticated', 'update',
      'deadband device_id duration_minutes is_enabled notification_channels rule_name rule_type severity '
      || 'threshold_value'
    ),
    ('alerts', 'authenticated', 'update', 'acknowledged_at acknowledgement_note is_resolved resolution_note'),
    ('device_aliases', 'authenticated', 'insert', 'alias device_id gateway_id kind organization_id'),
    ('device_aliases', 'authenticated', 'update', 'alias device_id gateway_id kind'),
    ('register_profiles', 'authenticated', 'insert', 'description model name organization_id source version'),
    ('register_profiles', 'authenticated', 'update', 'description model name published_at source version'),
    (
      'register_profile_registers', 'authenticated', 'insert',
      'address aliases byte_order function_code max_value metric min_value no_data_values profile_id scale '
      || 'source_unit type value_offset word_order'
    ),
    (
      'register_profile_registers', 'authenticated', 'update',
      'address aliases byte_order function_code max_value metric min_value no_data_values scale source_unit type '
      || 'value_offset word_order'
    ),
    (
      'register_profile_status', 'authenticated', 'insert',
      'address bit flag function_code metric profile_id quality value'
    ),
    ('register_profile_status', 'authenticated', 'update', 'address bit flag function_code metric quality value')
  $$,
  'the columns that people and programs read and write of a table they do not have the whole of'
);

select finish();
rollback;
