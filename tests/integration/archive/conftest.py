"""A database of its own with two organizations and two months of readings, and an archive in a directory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import httpx
import psycopg
import pytest

from fluxio_local.stack import Stack
from support.api_server import api_env, running_api
from support.stacks import throwaway_stack

#: March is dropped as of the first, April too as of the second.
MARCH_GOES, APRIL_GOES = "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"

#: What must come back to the bit: no value, minus zero, the smallest and an odd double, text of all kinds.
_READINGS = """
    insert into public.flow_data (
      device_id, created_at, received_at, flow_rate, totalizer, level, battery_level, quality, flags, metadata
    )
    select
      device_id, at + device_number * interval '1 microsecond', at + interval '1.5 seconds',
      case number %% 5 when 0 then null when 1 then '-0'::float8 when 2 then 5e-324 when 3 then 0.1 + number else 7 end,
      number, case when number %% 5 = 1 then 1.25 end, 97, case when number %% 97 = 0 then 'suspect' else 'good' end,
      case when number %% 50 = 0 then array['late', E'a "b"\\n\u2028 \\x7f', '=1'] else '{}' end,
      case when number %% 50 = 0 then '{"n": 123456789012345, "text": "\u00e4 \\\\ \\" \u2028"}'::jsonb else '{}' end
    from generate_series('2026-03-01Z'::timestamptz, '2026-04-30T23:59:59Z', '20 minutes')
      with ordinality as t (at, number)
    cross join unnest(%s::text[]) with ordinality as device (device_id, device_number)
"""


@dataclass(frozen=True)
class Organization:
    """With two meters, and the headers of a person who may see them."""

    devices: list[str]
    headers: dict[str, str]


class Site:
    """The database, and the commands that see to its archive."""

    def __init__(self, stack: Stack, database: psycopg.Connection, directory: Path) -> None:
        self.stack = stack
        self.database = database
        self.directory = directory
        self.north, self.south = (self._organization(name) for name in ("N", "S"))
        self.database.execute("update private.settings set is_archive_required = true")
        self.database.execute("select private.create_flow_data_months('2026-03-01Z', '2026-07-01Z')")
        self.database.execute(_READINGS, [self.north.devices + self.south.devices])
        self.database.execute("select private.refresh_rollups('2026-03-01Z', '2026-07-01Z')")

    def command(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`flask archive ...`."""
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "fluxio_api", "archive", *arguments],
            env=self.env(**env), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def env(self, **env: str) -> dict[str, str]:
        """Of the commands and the API; the archive is the directory unless `env` has another."""
        return api_env(self.stack, **{"FLUXIO_ARCHIVE_URL": self.directory.as_uri(), **env})

    def succeed(self, *arguments: str, **env: str) -> str:
        """What a command says that must not fail."""
        done = self.command(*arguments, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def api(self, **env: str) -> Iterator[httpx.Client]:
        """A client of an API that knows the archive, or what `env` says."""
        settings = {"FLUXIO_ARCHIVE_URL": self.directory.as_uri(), **env}
        log = self.directory.parent / uuid4().hex
        log.mkdir()
        with running_api(self.stack, log, **settings) as api, httpx.Client(base_url=api.url, timeout=60) as client:
            yield client

    def retain(self, as_of: str) -> str:
        """Run retention as if it were then; what it says."""
        [[said]] = self.rows("select private.run_job('retention', %s)", as_of)
        return str(said)

    def states(self) -> dict[str, str]:
        """Of March and April."""
        rows = self.rows(
            "select to_char(month, 'MM'), state from public.get_archive_months() where month < '2026-05-01'"
        )
        return dict(rows)

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """What the owner reads."""
        return self.database.execute(query, values).fetchall()

    def statistics(self) -> list[tuple[Any, ...]]:
        """Of each device, over both months and over each, without what depends on the clock."""
        return self.rows(
            "select device_id, starts, total_volume, data_points, resets, avg_flow_rate, bad_points from public.devices"
            " cross join unnest('{2026-03-01Z,2026-03-01Z,2026-04-01Z}'::timestamptz[],"
            " '{2026-05-01Z,2026-04-01Z,2026-05-01Z}'::timestamptz[]) as spans (starts, ends)"
            " cross join lateral public.get_flow_statistics(device_id, starts, ends) order by 1, 2, 3"
        )

    def _organization(self, name: str) -> Organization:
        row = self.database.execute(
            "insert into public.organizations (name) values (%s) returning id", [name]
        ).fetchone()
        assert row is not None
        devices = [f"{name}_b", f"{name}_A"]
        self.database.execute(
            "insert into public.devices (device_id, organization_id, expected_interval_s)"
            " select id, %s, 1200 from unnest(%s::text[]) as id",
            [row[0], devices],
        )
        email, password = f"{name.lower()}@example.com", uuid4().hex
        service = {"apikey": self.stack.service_role_key, "Authorization": f"Bearer {self.stack.service_role_key}"}
        account = {"email": email, "password": password, "email_confirm": True}
        made = httpx.post(f"{self.stack.url}/auth/v1/admin/users", headers=service, json=account).raise_for_status()
        self.database.execute(
            "update public.users set organization_id = %s, role = 'viewer' where id = %s", [row[0], made.json()["id"]]
        )
        session = httpx.post(
            f"{self.stack.url}/auth/v1/token?grant_type=password",
            headers={"apikey": self.stack.anon_key}, json={"email": email, "password": password},
        ).raise_for_status()  # fmt: skip
        return Organization(devices, {"Authorization": f"Bearer {session.json()['access_token']}"})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """With an empty archive."""
    directory = tmp_path / "archive"
    directory.mkdir()
    with throwaway_stack() as stack:
        stack.start()
        with psycopg.connect(stack.database_url, autocommit=True) as database:
            yield Site(stack, database, directory)


def history(client: httpx.Client, who: Organization, **query: str) -> list[dict[str, Any]]:
    """All readings that a query gives, page by page."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        answer = client.get("/api/flow-data", params={"limit": "10000", **query, **after}, headers=who.headers)
        assert answer.status_code == 200, answer.text
        found += answer.json()["readings"]
        if answer.json()["next"] is None:
            return found
        after = {"after": answer.json()["next"]}
