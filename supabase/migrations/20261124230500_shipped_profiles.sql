/*
 * The shipped register profiles, and how the API asks for those of devices.
 *
 * Rows in a migration, since no register can be decoded without them. What is
 * not known is null: neither document tells a plausible range or a number that
 * means "no value".
 *
 * nivus_750 is secondary evidence: a deployed site reads plausible values with
 * it, the document it cites was not at hand. It is the same map as the edge
 * agent's profiles/nivus_750.toml, and a test compares the two.
 *
 * nivusonic is the default span of its integers: 32767 digits are 32.767 of the
 * unit, 327.67 for temperatures. A meter that was given another span needs a
 * profile of its own. The validity bits are set while a value is valid. Its air
 * temperature (address 4, bit 4), its analogue and digital inputs and outputs
 * and its error words have no metric here.
 */
do $$
declare
  v_nivus_750 uuid;
  v_nivusonic uuid;
begin
  insert into public.register_profiles (name, version, model, source, description)
  values (
    'nivus_750', 1, 'Nivus NivuFlow 750',
    'NF-NP_TB_Modbus_TCP-RTU_Rev04, cited by a deployed site (secondary evidence)',
    'Measurement place 1. A transmitter with several places repeats the blocks; only place 1 is known.'
  )
  returning id into v_nivus_750;
  insert into public.register_profile_registers (
    profile_id, metric, function_code, address, type, word_order, scale, source_unit, aliases
  )
  values
  (v_nivus_750, 'flow_rate', 4, 10, 'float32', 'little', 3600, 'm3/s', '{flow_rate,flow}'),
  (v_nivus_750, 'level', 4, 12, 'float32', 'little', 1, 'm', '{level}'),
  (v_nivus_750, 'velocity', 4, 14, 'float32', 'little', 1, 'm/s', '{velocity}'),
  (v_nivus_750, 'temperature', 4, 16, 'float32', 'little', 1, 'degC', '{temperature,water_temperature}'),
  (v_nivus_750, 'totalizer', 4, 5200, 'float32', 'little', 1, 'm3', '{totalizer,total}');

  insert into public.register_profiles (name, version, model, source, description)
  values (
    'nivusonic', 1, 'Nivus NivuSonic clamp-on', 'NivuSonic manual, p. 104-108',
    'Integers of the default spans: +-32.767, temperatures +-327.67. Another span needs a profile of its own.'
  )
  returning id into v_nivusonic;
  insert into public.register_profile_registers (
    profile_id, metric, function_code, address, type, scale, source_unit, aliases
  )
  values
  (v_nivusonic, 'flow_rate', 4, 0, 'int16', 3.6, 'm3/s', '{flow_rate,flow}'),
  (v_nivusonic, 'level', 4, 1, 'int16', 0.001, 'm', '{level}'),
  (v_nivusonic, 'velocity', 4, 2, 'int16', 0.001, 'm/s', '{velocity}'),
  (v_nivusonic, 'temperature', 4, 3, 'int16', 0.01, 'degC', '{temperature,water_temperature}');
  insert into public.register_profile_status (profile_id, function_code, address, bit, value, metric, flag)
  values
  (v_nivusonic, 4, 5, 0, 0, 'flow_rate', 'sensor_invalid'),
  (v_nivusonic, 4, 5, 1, 0, 'level', 'sensor_invalid'),
  (v_nivusonic, 4, 5, 2, 0, 'velocity', 'sensor_invalid'),
  (v_nivusonic, 4, 5, 3, 0, 'temperature', 'sensor_invalid');

  update public.register_profiles
  set published_at = now()
  where register_profiles.id in (v_nivus_750, v_nivusonic);
end;
$$;

create function private.get_device_profiles(device_ids text[])
returns table (device_id text, expected_interval_s integer, profile jsonb)
language sql
stable
security definer
set search_path = ''
as $$
  select
    devices.device_id,
    devices.expected_interval_s,
    (
      select jsonb_build_object(
        'name', known.name,
        'version', known.version,
        'model', known.model,
        'registers', (
          select jsonb_agg(
            to_jsonb(register) - 'profile_id' order by register.function_code, register.address
          )
          from public.register_profile_registers as register
          where register.profile_id = known.id
        ),
        'status', coalesce(
          (
            select jsonb_agg(
              to_jsonb(meaning) - array['id', 'profile_id']
              order by meaning.function_code, meaning.address, meaning.bit, meaning.value, meaning.metric
            )
            from public.register_profile_status as meaning
            where meaning.profile_id = known.id
          ),
          '[]'
        )
      )
      from public.register_profiles as known
      where known.id = private.find_profile(devices.organization_id, devices.profile)
    )
  from public.devices
  where devices.device_id = any (get_device_profiles.device_ids);
$$;
comment on function private.get_device_profiles(text[]) is
'public.get_device_profiles. Definer: one look-up a device, without rights on the helper.';

create function public.get_device_profiles(device_ids text[])
returns table (device_id text, expected_interval_s integer, profile jsonb)
language sql
stable
security invoker
set search_path = ''
as $$
  select * from private.get_device_profiles(get_device_profiles.device_ids);
$$;
comment on function public.get_device_profiles(text[]) is
'What decodes the registers of these devices: {name, version, model, registers, status}, the last two with the columns of register_profile_registers and register_profile_status. profile is null where a device names none, or one that is not there. A device nobody registered has no row. For service_role.';

revoke all on function public.get_device_profiles(text[]) from public, anon, authenticated, service_role;

grant execute on function private.get_device_profiles(text[]) to service_role;
grant execute on function public.get_device_profiles(text[]) to service_role;

notify pgrst, 'reload schema';
