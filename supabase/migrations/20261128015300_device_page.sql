/*
 * The device page: all that is known of one device now, as of one moment.
 *
 * A gateway that falls silent raises one alert, and its devices none: so the
 * page shows its gateway's alerts beside the device's own.
 */
create function public.get_device_page(device_id text)
returns table (device json, site json, gateway json, profile json, rules json, alerts json, aliases json)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    to_json(overview),
    (select to_json(sites) from public.sites where sites.id = overview.site_id),
    (select to_json(gateways) from public.gateways where gateways.id = overview.gateway_id),
    (
      select to_json(published_profiles)
      from public.published_profiles
      where published_profiles.id = (select private.my_profile_id(overview.profile))
    ),
    coalesce(
      (
        select json_agg(rule order by rule.device_id is null, rule.rule_name, rule.id)
        from public.alert_rules as rule
        where rule.organization_id = overview.organization_id
        and (rule.device_id = overview.device_id or rule.device_id is null)
      ),
      '[]'
    ),
    coalesce(
      (
        select json_agg(
          alert
          order by
            array_position(array['critical', 'warning', 'info'], alert.severity), alert.created_at desc, alert.id
        )
        from public.alerts as alert
        where alert.organization_id = overview.organization_id
        and (alert.device_id = overview.device_id or alert.gateway_id = overview.gateway_id)
        and not alert.is_resolved
      ),
      '[]'
    ),
    coalesce(
      (
        select json_agg(known order by known.kind, known.alias, known.id)
        from public.device_aliases as known
        where known.organization_id = overview.organization_id
        and known.device_id = overview.device_id
      ),
      '[]'
    )
  from public.device_overview as overview
  where overview.device_id = get_device_page.device_id;
$$;
comment on function public.get_device_page(text) is
'One row about a device, none if the caller may not see it. device: its row of device_overview. site, gateway: their rows, or null. profile: the row of published_profiles that its profile means; null if it names none, or one that is not there. rules: the rows of alert_rules that watch it, those for every device last, the disabled ones too. alerts: the open ones of the device and of its gateway, the worst first. aliases: the rows of device_aliases that mean it.';

revoke all on function public.get_device_page(text) from public, anon, authenticated, service_role;
grant execute on function public.get_device_page(text) to authenticated;

notify pgrst, 'reload schema';
