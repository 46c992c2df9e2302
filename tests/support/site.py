"""An organization with its meters and its gateway's key, in the database of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import psycopg


def make_site(database: psycopg.Connection[tuple[object, ...]], device_ids: Sequence[str]) -> str:
    """The key of a new organization that has these devices."""
    tag = uuid4().hex[:12]
    made = database.execute("insert into organizations (name) values (%s) returning id", [f"Org {tag}"]).fetchone()
    assert made is not None
    database.execute(
        "insert into devices (device_id, organization_id) select unnest(%s::text[]), %s", [list(device_ids), made[0]]
    )
    key = database.execute("select api_key from create_api_key(%s, %s)", [f"Key {tag}", made[0]]).fetchone()
    assert key is not None
    return str(key[0])
