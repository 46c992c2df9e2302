/*
 * Notification channels: who is told of an alert, in a form that can be read.
 *
 * Until now a rule took any array or object here, and nobody read it. Now it is
 * an array, and each element names a channel: an object with a text "channel" or
 * "type" and whatever else the channel wants, or the bare name. What older rules
 * say is rewritten to that, nothing of it is dropped: members of an object and
 * elements without a name become the settings of a channel.
 *
 * The form is a check and no function, since the writers of a rule would need
 * the right to execute that function.
 */
create function pg_temp.named_channels(channels jsonb)
returns jsonb
language sql
immutable
as $$
  select coalesce(
    jsonb_agg(
      case
        when jsonb_typeof(listed.element) = 'string' and listed.element <> '""' then listed.element
        when coalesce(jsonb_typeof(listed.element -> 'channel') = 'string', false)
          and listed.element ->> 'channel' <> '' then listed.element
        when coalesce(jsonb_typeof(listed.element -> 'type') = 'string', false)
          and listed.element ->> 'type' <> '' then listed.element
        else jsonb_build_object('channel', coalesce(nullif(listed.name, ''), 'unnamed'), 'settings', listed.element)
      end
      order by listed.place
    ),
    '[]'
  )
  from (
    select null as name, item.element, item.place
    from jsonb_array_elements(case jsonb_typeof(channels) when 'array' then channels else '[]' end)
      with ordinality as item (element, place)
    union all
    select member.name, member.element, member.place
    from jsonb_each(case jsonb_typeof(channels) when 'object' then channels else '{}' end)
      with ordinality as member (name, element, place)
  ) as listed;
$$;

update public.alert_rules
set notification_channels = pg_temp.named_channels(alert_rules.notification_channels)
where alert_rules.notification_channels <> pg_temp.named_channels(alert_rules.notification_channels);

drop function pg_temp.named_channels(jsonb);

alter table public.alert_rules drop constraint alert_rules_notification_channels_check;
alter table public.alert_rules add constraint alert_rules_notification_channels_check check (
  jsonb_typeof(notification_channels) = 'array'
  and not jsonb_path_exists(
    notification_channels,
    'strict $[*] ? (
      !(@.type() == "string" && @ != "")
      && !(@.type() == "object" && exists(@.keyvalue() ? (
        (@.key == "channel" || @.key == "type") && @.value.type() == "string" && @.value != ""
      )))
    )'
  )
);
comment on column public.alert_rules.notification_channels is
'Who is told besides the dashboard: an array of channel names, or of objects with a text "channel" or "type" and settings, as [{"channel": "email", "to": ["a@example.com"]}]; [] is nobody. Readable by the whole organization: no place for a secret.';

alter table public.organizations add column alert_channels jsonb not null default '[]';
alter table public.organizations add constraint organizations_alert_channels_check check (
  jsonb_typeof(alert_channels) = 'array'
  and not jsonb_path_exists(
    alert_channels,
    'strict $[*] ? (
      !(@.type() == "string" && @ != "")
      && !(@.type() == "object" && exists(@.keyvalue() ? (
        (@.key == "channel" || @.key == "type") && @.value.type() == "string" && @.value != ""
      )))
    )'
  )
);
comment on column public.organizations.alert_channels is
'Who is told of the built-in alerts, which have no rule (gateway_offline, job_silent, job_failing); the form of alert_rules.notification_channels.';

notify pgrst, 'reload schema';
