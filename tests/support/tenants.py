"""Organizations with a meter and a person each, made as an application makes them: with the secret key."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from supabase import Client


@dataclass(frozen=True)
class Tenant:
    """An organization, its one meter, the id of a key that may send for it, and an operator who may sign in."""

    organization_id: str
    device_id: str
    api_key_id: str
    email: str
    password: str
    user_id: str

    def as_json(self) -> dict[str, str]:
        """For a test in another language."""
        return asdict(self)


@contextmanager
def tenant(service: Client) -> Iterator[Tenant]:
    """A tenant of its own. The account goes at the end; organizations stay, since no API may delete one."""
    tag = uuid4().hex[:12]
    organization_id = _insert(service, "organizations", {"name": f"Test {tag}"})["id"]
    email, password = f"operator-{tag}@example.com", secrets.token_urlsafe(18)
    user = service.auth.admin.create_user({"email": email, "password": password, "email_confirm": True}).user
    try:
        place = {"organization_id": organization_id, "role": "operator"}
        service.table("users").update(place).eq("id", user.id).execute()
        meter = {"device_id": f"M-{tag}", "organization_id": organization_id, "device_name": "Meter"}
        _insert(service, "devices", meter)
        key = service.rpc("create_api_key", {"name": f"Key {tag}", "organization_id": organization_id}).execute()
        yield Tenant(
            organization_id=organization_id, device_id=meter["device_id"], api_key_id=_first(key.data)["api_key_id"],
            email=email, password=password, user_id=user.id,
        )  # fmt: skip
    finally:
        service.auth.admin.delete_user(user.id)


def send(service: Client, tenant: Tenant, **measurements: float) -> None:
    """One reading of the tenant's meter, read now."""
    now = datetime.now(UTC).isoformat()
    reading = {
        "device_id": tenant.device_id, "created_at": now, "received_at": now,
        "api_key_id": tenant.api_key_id, **measurements,
    }  # fmt: skip
    verdict = _first(service.rpc("ingest_readings", {"readings": [reading]}).execute().data)
    assert verdict["verdict"] == "new", verdict


def _insert(service: Client, table: str, row: dict[str, Any]) -> dict[str, Any]:
    return _first(service.table(table).insert(row).execute().data)


def _first(rows: object) -> dict[str, Any]:
    assert isinstance(rows, list), rows
    row = rows[0]
    assert isinstance(row, dict)
    return row
