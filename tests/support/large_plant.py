"""A plant of a thousand meters, as a page has to carry it."""

from __future__ import annotations

import psycopg

from fluxio_local.stack import Stack

METERS = 1000
#: The last meters: silent for two hours, and late: the value is 14 minutes old, and should be 7.
OFFLINE, LATE = 50, 30
#: [m3] each, of those that send and of those that are silent, since the day began.
VOLUME, VOLUME_OFFLINE = 8, 4

_MAKE = """
update public.organizations
set time_zone = 'UTC', day_start = (now() at time zone 'UTC' - interval '3 hours 30 minutes')::time
where id = private.default_organization_id();

insert into public.sites (organization_id, name)
select private.default_organization_id(), 'Site ' || lpad(n::text, 2, '0') from generate_series(1, 20) as n;

insert into public.devices (device_id, organization_id, device_name, site_id, expected_interval_s)
select
  'LARGE_' || lpad(n::text, 4, '0'), private.default_organization_id(), 'Meter ' || n,
  (select id from public.sites where name = 'Site ' || lpad((n % 21)::text, 2, '0')), 400
from generate_series(1, 1000) as n;

select private.create_flow_data_months(now() - interval '2 days', now());
"""

# 2 m3 an hour; the newest reading 5 seconds, 14 minutes or 2 hours ago; flows by number.
_READ = """
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer)
select
  'LARGE_' || lpad(meter.n::text, 4, '0'), now() - read.ago, now() - read.ago,
  meter.n / 10.0 + case when read.hour % 6 = 0 then 5 else 0 end, 1000 + 2 * (24 - read.hour)
from generate_series(1, 1000) as meter (n)
cross join lateral (
  select hour, case
    when hour > 0 then hour * interval '1 hour'
    when meter.n > 920 then interval '14 minutes'
    else interval '5 seconds'
  end as ago
  from generate_series(0, 23) as hour
  where meter.n <= 950 or hour >= 2
) as read;

update public.devices set last_seen = now() where device_id like 'LARGE\\_%' and device_id <= 'LARGE_0950';
"""


def make_large_plant(stack: Stack) -> None:
    """Meters LARGE_0001 to LARGE_1000 of the default organization, with a day of readings and computed hours."""
    with psycopg.connect(stack.admin_database_url, autocommit=True) as connection:
        connection.execute(_MAKE)
        connection.execute(_READ)
        connection.execute("select private.job_rollups(now())")
