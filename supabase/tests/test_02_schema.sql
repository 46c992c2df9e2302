/*
 * The tables and columns that other parts rely on (the API, the page, gateways
 * in the field). A column may be added; none of these may go or change its name.
 */
begin;
select plan(10);

select is_empty(
  $$
    select expected.table_name, column_name
    from (
      values
      ('organizations', 'id name time_zone day_start'),
      ('sites', 'id organization_id name time_zone day_start'),
      ('gateways', 'id organization_id site_id name serial last_seen metadata'),
      ('devices', 'id device_id organization_id site_id gateway_id device_name device_type location description
        status expected_interval_s profile totalizer_max reverse_policy last_seen metadata created_at updated_at'),
      ('flow_data', 'device_id created_at received_at flow_rate totalizer temperature pressure level velocity
        battery_level signal_strength quality flags metadata'),
      ('latest_readings', 'device_id organization_id created_at received_at flow_rate totalizer temperature
        pressure level velocity battery_level signal_strength quality'),
      ('alert_rules', 'id device_id organization_id rule_name rule_type threshold_value deadband duration_minutes
        severity is_enabled notification_channels'),
      ('alerts', 'id organization_id device_id gateway_id job rule_id alert_type severity message threshold_value
        actual_value measured_at created_at acknowledged_at acknowledged_by is_resolved resolved_at resolved_by
        resolution_note metadata acknowledgement_note'),
      ('users', 'id organization_id email full_name role is_active'),
      ('api_keys', 'id organization_id gateway_id name key_prefix key_hash device_ids expires_at revoked_at
        last_used_at rotated_from allowed_networks'),
      ('invitations', 'id organization_id email role invited_by created_at expires_at accepted_at revoked_at'),
      ('audit_logs', 'id organization_id user_id action resource_type resource_id details ip_address created_at'),
      ('ingest_dead_letters', 'id organization_id api_key_id received_at reason detail content_type body reading
        replayed_at'),
      ('flow_data_hourly', 'device_id hour expected received bad flow_count flow_sum flow_min flow_max sample_count
        volume resets rollovers first_totalizer_at first_totalizer last_totalizer_at last_totalizer is_stale'),
      ('flow_data_daily', 'device_id day starts_at ends_at expected received bad flow_count flow_sum flow_min flow_max
        sample_count volume resets rollovers is_stale'),
      ('statements', 'id organization_id device_id month revision reason made_at made_by time_zone day_start starts_at
        ends_at follows opening_at opening_totalizer closing_at closing_totalizer volume resets rollovers expected
        received bad inputs inputs_sha256 body body_sha256'),
      ('dashboard_summary', 'total_devices online_devices active_alerts critical_alerts'),
      ('device_overview', 'id device_id organization_id site_id gateway_id device_name device_type location
        description status expected_interval_s profile reverse_policy totalizer_max last_seen metadata created_at
        updated_at is_online latest rules open_alerts worst_severity search_text'),
      ('published_profiles', 'id name version model source description published_at is_shipped is_current registers
        status')
    ) as expected (table_name, column_names)
    cross join regexp_split_to_table(expected.column_names, '\s+') as column_name
    where not exists (
      select from information_schema.columns
      where columns.table_schema = 'public'
      and columns.table_name = expected.table_name and columns.column_name = column_name
    )
  $$,
  'every column of the contract is there'
);
select has_trigger('public', 'flow_data', 'update_device_last_seen_trigger', 'the trigger of old keeps its name');
select has_function('public', 'ingest_readings', array['jsonb'], 'ingest_readings(readings)');
select has_function(
  'public', 'get_flow_statistics', array['text', 'timestamp with time zone', 'timestamp with time zone'],
  'get_flow_statistics(device_id, start_time, end_time)'
);
select has_function('public', 'get_latest_flow_data', array[]::text[], 'get_latest_flow_data()');
select has_function('public', 'get_daily_flow', array['text', 'date', 'date'], 'get_daily_flow(device_id, first_day, last_day)');
select has_function(
  'public', 'get_flow_series', array['text', 'timestamp with time zone', 'timestamp with time zone', 'integer'],
  'get_flow_series(device_id, start_time, end_time, max_points)'
);
select has_function('public', 'get_device_page', array['text'], 'get_device_page(device_id)');
select results_eq(
  $$ select id, name from public.organizations where id = private.default_organization_id() $$,
  $$ values ('00000000-0000-0000-0000-000000000001'::uuid, 'Default') $$,
  'the default organization is there'
);
select is_empty(
  $$
    select indexrelid::regclass from pg_catalog.pg_index
    inner join pg_catalog.pg_attribute on attrelid = indrelid and attnum = any (indkey)
    where indrelid in ('public.devices'::regclass, 'public.gateways'::regclass) and attname = 'last_seen'
  $$,
  'last_seen is in no index, so that contact stays a HOT update'
);

select finish();
rollback;
