"""Where a new key may be used from, and in which units its sender writes."""

from __future__ import annotations

import httpx
import pytest

from .conftest import Database, Plant, SignIn
from .test_ingest import minutes_ago


@pytest.fixture
def admin(plant: Plant, sign_in: SignIn) -> dict[str, str]:
    return sign_in(plant.organization_id, "admin")


def test_a_key_is_limited_when_it_is_made(
    client: httpx.Client, db: Database, plant: Plant, admin: dict[str, str]
) -> None:
    limits = {"allowed_networks": ["127.0.0.0/8", "2001:DB8::/32", "192.0.2.7"], "flat_units": {"flow_rate": "l/s"}}
    made = client.post("/api/keys", json={"name": "Here", **limits}, headers=admin)
    assert made.status_code == 201, made.text
    sender = {"x-api-key": made.json()["api_key"]}
    body = {"device_id": plant.devices[0], "flow_rate": 10, "created_at": minutes_ago(1)}
    assert client.post("/api/ingest", json=body, headers=sender).status_code == 200
    stored = db.execute("select flow_rate from public.flow_data where device_id = %s", [plant.devices[0]]).fetchall()
    assert stored == [{"flow_rate": 36}]

    elsewhere = {"name": "Elsewhere", "allowed_networks": ["192.0.2.0/24"]}
    refused = {"x-api-key": client.post("/api/keys", json=elsewhere, headers=admin).json()["api_key"]}
    assert client.post("/api/ingest", json=body, headers=refused).status_code == 401
    listed = {key["name"]: key for key in client.get("/api/keys", headers=admin).json()["keys"]}
    assert listed["Here"]["allowed_networks"] == ["127.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"]
    assert listed["Here"]["flat_units"] == {"flow_rate": "l/s"}
    assert listed["Elsewhere"]["flat_units"] == {}


@pytest.mark.parametrize(
    ("limits", "pointer"),
    [
        ({"allowed_networks": []}, "/allowed_networks"),
        ({"allowed_networks": ["127.0.0.0/8", "192.0.2.1/24"]}, "/allowed_networks/1"),
        ({"allowed_networks": ["anywhere"]}, "/allowed_networks/0"),
        ({"allowed_networks": [5]}, "/allowed_networks/0"),
        ({"allowed_networks": ["fe80::%eth0/64"]}, "/allowed_networks/0"),
        ({"allowed_networks": "127.0.0.0/8"}, "/allowed_networks"),
        ({"flat_units": {"flow_rate": "gal/min"}}, "/flat_units"),
        ({"flat_units": {"temperature": "K"}}, "/flat_units/temperature/[key]"),
        ({"flat_units": {"flow_rate": None}}, "/flat_units/flow_rate"),
        ({"flat_units": []}, "/flat_units"),
    ],
)
def test_a_limit_that_is_none_makes_no_key(
    client: httpx.Client, plant: Plant, admin: dict[str, str], limits: dict[str, object], pointer: str
) -> None:
    refused = client.post("/api/keys", json={"name": "Wrong", **limits}, headers=admin)
    assert refused.status_code == 400, refused.text
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]
    kept = client.get("/api/keys", headers=admin).json()["keys"]
    assert [key["id"] for key in kept] == [plant.api_key_id]
