"""A plant for the load: devices with a rule each, gateways with a key each, readings that are always new."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

DEFAULT_ORGANIZATION = "00000000-0000-0000-0000-000000000001"

#: device_id, created_at, flow_rate [m3/h], totalizer [m3].
Row = tuple[str, str, float, float]


@dataclass(frozen=True)
class Gateway:
    """Some of the plant's devices and a key that may write them."""

    devices: list[str]
    key: str
    api_key_id: str

    def feed(self) -> Feed:
        """Its readings from now on."""
        return Feed(self.devices)


class Feed:
    """Readings of some devices, each device in its turn; every one is later than the device's last."""

    def __init__(self, devices: list[str]) -> None:
        self._devices = devices
        self._next = 0
        self._last_us = 0

    def rows(self, count: int) -> list[Row]:
        """The next readings, of as many devices as there are."""
        self._last_us = at_us = max(time.time_ns() // 1000, self._last_us + 1)
        rows: list[Row] = []
        for index in range(count):
            if index and index % len(self._devices) == 0:
                self._last_us = at_us = at_us + 1
            at = datetime.fromtimestamp(at_us / 1e6, UTC)
            value = random.randrange(1000, 900_000) / 1000  # noqa: S311 - load, no secret
            rows.append((self._devices[self._next], at.isoformat(), value, 1e6 + value))
            self._next = (self._next + 1) % len(self._devices)
        return rows


def as_json(rows: list[Row], *, more: str = "") -> bytes:
    """The readings as a gateway writes them: one as an object, several as an array. `more`: members of each."""
    objects = [
        f'{{"device_id":"{device}","created_at":"{at}","flow_rate":{flow},"totalizer":{total}{more}}}'
        for device, at, flow, total in rows
    ]
    return (objects[0] if len(objects) == 1 else f"[{','.join(objects)}]").encode("ascii")


class Plant:
    """`devices` of the default organization with a rule each, shared out among `gateways`."""

    def __init__(self, admin_url: str, devices: int, gateways: int) -> None:
        self._admin_url = admin_url
        self.ids = [f"LOAD_{number:06}" for number in range(devices)]
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute(
                "insert into public.devices (device_id, device_name, expected_interval_s)"
                " select id, id, 60 from unnest(%s::text[]) as id",
                [self.ids],
            )
            connection.execute(
                "insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)"
                " select id, 'High flow', 'high_flow', 1000 from unnest(%s::text[]) as id",
                [self.ids],
            )
            connection.execute(
                "select private.create_flow_data_months(now() - interval '1 hour', now() + interval '1 day')"
            )
            # For the floor: what a plain PostgREST application would do.
            connection.execute("grant insert on table public.flow_data to service_role")
            connection.execute("notify pgrst, 'reload schema'")
            self._keys = [
                connection.execute(
                    "select api_key, api_key_id::text from public.create_api_key(%s, %s)",
                    [f"Load {number}", DEFAULT_ORGANIZATION],
                ).fetchone()
                for number in range(gateways)
            ]
            connection.execute("vacuum analyze public.devices, public.alert_rules")

    def gateways(self, count: int) -> list[Gateway]:
        """The plant's devices, shared out among so many of its gateways."""
        keys = [key for key in self._keys[:count] if key is not None]
        return [Gateway(self.ids[number::count], str(key[0]), str(key[1])) for number, key in enumerate(keys)]

    def stored(self) -> int:
        """How many readings there are."""
        with psycopg.connect(self._admin_url) as connection:
            row = connection.execute("select count(*) from public.flow_data").fetchone()
        return int(row[0]) if row else 0

    def empty(self) -> None:
        """Take all readings away, so that no measurement carries the rows of the one before."""
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute("truncate public.flow_data")
            connection.execute("vacuum public.devices, public.latest_readings")
