-- What these columns hold, where the name alone leaves a question; the data dictionary is made of it.
comment on column public.devices.device_type is 'What kind of meter, in the owner''s words.';
comment on column public.devices.location is 'Where it is, in the owner''s words.';
comment on column public.devices.status is
'active, inactive, maintenance or error, as people set it. Readings of an inactive device, or one in maintenance, are stored and not judged, and its silence raises no alert.';
comment on column public.devices.metadata is 'Anything else the owner keeps with it.';

comment on column public.device_overview.device_type is 'As devices.device_type.';
comment on column public.device_overview.location is 'As devices.location.';
comment on column public.device_overview.status is 'As devices.status.';
comment on column public.device_overview.expected_interval_s is '[s] As devices.expected_interval_s.';
comment on column public.device_overview.profile is 'As devices.profile.';
comment on column public.device_overview.reverse_policy is 'As devices.reverse_policy.';
comment on column public.device_overview.totalizer_max is '[m3] As devices.totalizer_max.';
comment on column public.device_overview.last_seen is 'As devices.last_seen: the newest contact, not the newest value.';
comment on column public.device_overview.metadata is 'As devices.metadata.';

comment on column public.flow_data_daily.ends_at is 'The first instant that belongs to the next day, which may begin 23 or 25 hours after this one.';
comment on column public.flow_data_hourly.first_totalizer_at is 'When the hour''s first totalizer was read.';
comment on column public.flow_data_hourly.last_totalizer_at is 'When the hour''s last totalizer was read.';

comment on column public.notification_attempts.is_successful is 'Whether the other side took it, which is not that a person read it.';
comment on column public.published_profiles.version is 'Counts from 1 for each profile.';
comment on column public.published_profiles.source is 'Where its registers were taken from.';
comment on column public.register_profile_registers.metric is 'The quantity that the register holds, as the column of flow_data is named.';
comment on column public.register_profile_status.function_code is 'Modbus function that reads it: 3 holding registers, 4 input registers.';
comment on column public.register_profiles.model is 'The transmitter that it describes.';
comment on column public.statements.made_at is 'When this revision was made; part of its body and checksum.';
