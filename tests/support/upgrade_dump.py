"""A populated database of one release, kept so that later releases can be tested from it.

`PYTHONPATH=tests python -m support.upgrade_dump 0.1.0` writes tests/integration/upgrade/fluxio-0.1.0.sql.gz from the
migrations as they are. Run it once when a release is made; a dump that is there is never written again.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from fluxio_local.stack import Stack
from support.stacks import throwaway_stack

DUMPS = Path(__file__).parents[1] / "integration" / "upgrade"
SOUTH = "00000000-0000-0000-0000-0000000000b0"


def dump_database(stack: Stack, *options: str) -> bytes:
    """The database as SQL, without the roles; `options` are pg_dump's."""
    done = subprocess.run(
        [stack.postgres.bin / "pg_dump", "--dbname", stack.admin_database_url, *options],
        capture_output=True,
        check=True,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )
    return done.stdout


def restore_database(stack: Stack, dump: bytes) -> None:
    """Load `dump` into the empty database of a running PostgreSQL that has the roles."""
    subprocess.run(
        [stack.postgres.bin / "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", stack.admin_database_url],
        input=dump,
        stdout=subprocess.DEVNULL,
        check=True,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )


def populate(stack: Stack) -> None:
    """Rows in every table: two organizations, every role and none, three months of readings, alerts, dead letters."""
    now = datetime.now(UTC).replace(microsecond=0)
    with psycopg.connect(stack.admin_database_url, autocommit=True) as admin:
        admin.execute("insert into public.organizations (id, name) values (%s, 'South Water')", [SOUTH])
        for number, (organization, role) in enumerate(
            [("00000000-0000-0000-0000-000000000001", role) for role in ("viewer", "operator", "admin")]
            + [(SOUTH, "admin")]
        ):
            user = f"00000000-0000-0000-0000-0000000000c{number}"
            admin.execute(
                "insert into auth.users (id, email, email_confirmed_at) values (%s, %s, now())",
                [user, f"{role}{number}@water.example"],
            )
            admin.execute(
                "update public.users set organization_id = %s, role = %s where id = %s", [organization, role, user]
            )
        admin.execute(
            "insert into public.devices (device_id, organization_id, device_name)"
            " values ('SOUTH_01', %s, 'South inlet')",
            [SOUTH],
        )
        north_key = admin.execute("select api_key_id from public.create_api_key('north')").fetchone()
        south_key = admin.execute("select api_key_id from public.create_api_key('south', %s)", [SOUTH]).fetchone()
        assert north_key is not None
        assert south_key is not None

        def ingest(*readings: dict[str, Any]) -> None:
            admin.execute("select public.ingest_readings(%s)", [json.dumps(readings)])

        def reading(device: str, at: datetime, key: UUID, **values: float) -> dict[str, Any]:
            return {
                "device_id": device, "created_at": at.isoformat(), "received_at": at.isoformat(),
                "api_key_id": str(key), **values,
            }  # fmt: skip

        for day in range(80, -1, -1):
            at = now - timedelta(days=day)
            ingest(
                *(
                    reading(
                        f"NIVUS_0{number}", at, north_key[0],
                        flow_rate=10.0 * number + day / 10, totalizer=1e4 * number - 50 * day, level=0.1 * number,
                    )
                    for number in (1, 2, 3, 4)
                ),
                reading("SOUTH_01", at, south_key[0], flow_rate=99.0, totalizer=500.0 - day),
            )  # fmt: skip
        last = reading("NIVUS_01", now, north_key[0], flow_rate=10.0, totalizer=10_000.0)
        ingest(
            last | {"temperature": 14.5},  # merged
            last | {"flow_rate": 11.0},  # conflict
            reading("NIVUS_01", now + timedelta(seconds=1), north_key[0], flow_rate=140.5),  # opens an alert
            reading("NIVUS_02", now, north_key[0], flow_rate=0.0, totalizer=0.0),  # ghost or conflict
            reading("UNKNOWN", now, north_key[0], flow_rate=1.0),  # dead letter
            {"device_id": "NIVUS_03", "flow_rate": 31.0, "api_key_id": str(north_key[0]), "body_sha256": "00" * 32,
             "body_index": 0},
        )  # fmt: skip
        admin.execute(
            "insert into auth.users (id, email, email_confirmed_at)"
            " values ('00000000-0000-0000-0000-0000000000cf', 'nowhere@water.example', now())"
        )
        admin.execute("select public.invite_person('awaited@water.example', 'operator', %s)", [SOUTH])
        admin.execute("select public.rotate_api_key(%s)", [south_key[0]])
        admin.execute(
            "select public.record_dead_letter(%s, now(), 'invalid_json', 'unexpected end', 'application/json', 'ew==')",
            [north_key[0]],
        )


def make(version: str) -> Path:
    """Write the dump of a release. Raises FileExistsError where there is one."""
    file = DUMPS / f"fluxio-{version}.sql.gz"
    if file.exists():
        raise FileExistsError(f"{file} is kept as it is")
    with throwaway_stack() as stack:
        stack.start(include_seed=True)
        populate(stack)
        dump = dump_database(stack)
    file.write_bytes(gzip.compress(dump, 9, mtime=0))
    return file


if __name__ == "__main__":
    print(make(sys.argv[1]))  # noqa: T201 - a command
