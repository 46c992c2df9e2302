"""What people of two organizations and three roles may read and change."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from fluxio_local.stack import Stack

from .conftest import Database, MakePlant, Plant, SignIn
from .test_ingest import minutes_ago

ROUTES = ["/api/devices", "/api/flow-data", "/api/alerts"]


def post_reading(client: httpx.Client, plant: Plant, *, device: int = 0, minutes: float = 1, **values: object) -> None:
    reading = {"device_id": plant.devices[device], "created_at": minutes_ago(minutes), **values}
    assert client.post("/api/ingest", json=reading, headers=plant.headers).status_code == 200


def open_alert(db: Database, client: httpx.Client, plant: Plant) -> str:
    """An alert that a reading of the plant's first device opens."""
    db.execute(
        "insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, severity)"
        " values (%s, 'High Flow Alert', 'high_flow', 100.0, 'warning')",
        [plant.devices[0]],
    )
    post_reading(client, plant, flow_rate=120)
    row = db.execute("select id::text from public.alerts where device_id = %s", [plant.devices[0]]).fetchone()
    assert row is not None
    return str(row["id"])


def test_devices_come_with_their_latest_reading_and_online_state(
    client: httpx.Client, make_plant: MakePlant, sign_in: SignIn
) -> None:
    plant, others = make_plant(2), make_plant()
    post_reading(client, plant, flow_rate=12.5, level=1.5)
    post_reading(client, others, flow_rate=99)
    devices = client.get("/api/devices", headers=sign_in(plant.organization_id, "viewer")).json()["devices"]
    assert [(device["device_id"], device["online"]) for device in devices] == [
        (plant.devices[0], True),
        (plant.devices[1], False),
    ]
    assert (devices[0]["latest"]["flow_rate"], devices[0]["latest"]["totalizer"]) == (12.5, None)
    assert devices[1]["latest"] is None


def test_a_device_is_offline_after_fifteen_minutes(
    client: httpx.Client, db: Database, plant: Plant, sign_in: SignIn
) -> None:
    viewer = sign_in(plant.organization_id, "viewer")
    for minutes, online in ((14, True), (16, False)):
        seen = datetime.now(UTC) - timedelta(minutes=minutes)
        db.execute("update public.devices set last_seen = %s where device_id = %s", [seen, plant.devices[0]])
        assert client.get("/api/devices", headers=viewer).json()["devices"][0]["online"] is online


def test_flow_data_is_newest_first_within_the_window(client: httpx.Client, plant: Plant, sign_in: SignIn) -> None:
    at = [datetime.now(UTC) - timedelta(minutes=minutes) for minutes in (5, 4, 3, 2)]
    for value, time in enumerate(at):
        reading = {"device_id": plant.devices[0], "created_at": time.isoformat(), "flow_rate": value}
        client.post("/api/ingest", json=reading, headers=plant.headers).raise_for_status()
    viewer = sign_in(plant.organization_id, "viewer")

    def values(**query: object) -> list[float]:
        answer = client.get("/api/flow-data", params=query, headers=viewer)  # type: ignore[arg-type] # str, int, float
        return [reading["flow_rate"] for reading in answer.raise_for_status().json()["readings"]]

    assert values() == [3, 2, 1, 0]
    assert values(device_id=plant.devices[0], limit=2) == [3, 2]
    assert values(start_time=at[1].isoformat(), end_time=at[3].isoformat()) == [2, 1]
    assert values(start_time=at[2].timestamp()) == [3, 2]
    assert values(device_id="another") == []
    # A + that was not escaped arrives as a blank.
    local = (at[3] + timedelta(hours=5.5)).isoformat().replace("+00:00", "+05:30")
    unescaped = client.get(f"/api/flow-data?start_time={local}", headers=viewer)
    assert [reading["flow_rate"] for reading in unescaped.json()["readings"]] == [3]


def test_more_rows_than_one_page_come_complete_and_in_order(
    client: httpx.Client, make_plant: MakePlant, sign_in: SignIn
) -> None:
    plant = make_plant(2)
    start = datetime.now(UTC) - timedelta(hours=1)
    for half in range(2):
        batch = [
            {"device_id": device, "created_at": (start + timedelta(seconds=second)).isoformat(), "flow_rate": 1}
            for second in range(half * 450, half * 450 + 450)
            for device in plant.devices
        ]
        assert client.post("/api/ingest", json=batch, headers=plant.headers).status_code == 200
    viewer = sign_in(plant.organization_id, "viewer")
    for limit, expected in ((1799, 1799), (10_000, 1800)):
        readings = client.get("/api/flow-data", params={"limit": limit}, headers=viewer).json()["readings"]
        keys = [(reading["created_at"], reading["device_id"]) for reading in readings]
        assert len(set(keys)) == expected
        assert keys == sorted(sorted(keys, key=lambda key: key[1]), key=lambda key: key[0], reverse=True)


def test_flow_data_comes_as_csv_too(client: httpx.Client, plant: Plant, sign_in: SignIn) -> None:
    post_reading(client, plant, flow_rate=0.5, flags=["late", "odd"], metadata={"note": 'a "b", c'})
    viewer = sign_in(plant.organization_id, "viewer")
    for kwargs in ({"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}):
        answer = client.get("/api/flow-data", **{**kwargs, "headers": {**viewer, **kwargs.get("headers", {})}})  # type: ignore[arg-type] # a table of keyword arguments
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        (line,) = csv.DictReader(io.StringIO(answer.text, newline=""))
        assert (line["device_id"], line["flow_rate"], line["totalizer"]) == (plant.devices[0], "0.5", "")
        assert (line["flags"], line["metadata"]) == ("late odd", '{"note":"a \\"b\\", c"}')


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/flow-data?limit=0", "limit"),
        ("/api/flow-data?limit=10001", "limit"),
        ("/api/flow-data?limit=many", "limit"),
        ("/api/flow-data?limit=1&limit=2", "limit"),
        ("/api/flow-data?start_time=2026-01-01T00:00:00", "start_time"),
        ("/api/flow-data?start_time=2026-01-02T00:00:00Z&end_time=2026-01-01T00:00:00Z", "end_time"),
        ("/api/flow-data?starttime=2026-01-01T00:00:00Z", "starttime"),
        ("/api/flow-data?device_id=%00", "device_id"),
        ("/api/flow-data?format=xml", "format"),
        ("/api/alerts?is_resolved=perhaps", "is_resolved"),
        ("/api/alerts?limit=1001", "limit"),
        ("/api/devices?limit=0", "limit"),
        ("/api/devices?limit=1001", "limit"),
        ("/api/devices?status=broken", "status"),
        ("/api/devices?site_id=1", "site_id"),
        ("/api/devices?is_online=perhaps", "is_online"),
        ("/api/devices?q=", "q"),
        ("/api/devices?q=%00", "q"),
        ("/api/devices?device=x", "device"),
        ("/api/devices/x?limit=1", "limit"),
    ],
)
def test_a_parameter_that_is_not_understood_is_named(
    client: httpx.Client, plant: Plant, sign_in: SignIn, path: str, parameter: str
) -> None:
    answer = client.get(path, headers=sign_in(plant.organization_id, "viewer"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_an_operator_resolves_an_alert_and_is_who_did(
    client: httpx.Client, db: Database, plant: Plant, sign_in: SignIn
) -> None:
    alert_id = open_alert(db, client, plant)
    operator = sign_in(plant.organization_id, "operator")
    found = client.get("/api/alerts", params={"is_resolved": "false"}, headers=operator).json()["alerts"]
    assert [(alert["id"], alert["actual_value"]) for alert in found] == [(alert_id, 120)]
    change = {"alert_id": alert_id, "is_resolved": True, "resolved_by": "valve was stuck"}
    for _ in range(2):
        answer = client.patch("/api/alerts", json=change, headers=operator)
        assert answer.status_code == 200
        assert (answer.json()["is_resolved"], answer.json()["resolution_note"]) == (True, "valve was stuck")
    claims = jwt.decode(operator["Authorization"].split()[1], options={"verify_signature": False})
    assert answer.json()["resolved_by"] == claims["sub"]
    assert client.get("/api/alerts?is_resolved=false", headers=operator).json()["alerts"] == []
    reopened = client.patch("/api/alerts", json={**change, "is_resolved": False}, headers=operator)
    assert (reopened.status_code, reopened.json()["code"]) == (409, "conflict")


def test_the_first_acknowledgement_counts_with_its_note(
    client: httpx.Client, db: Database, plant: Plant, sign_in: SignIn
) -> None:
    alert_id = open_alert(db, client, plant)
    change = {"alert_id": alert_id, "is_acknowledged": True, "acknowledgement_note": "on my way"}
    operator, admin = (sign_in(plant.organization_id, role) for role in ("operator", "admin"))
    alone = client.patch("/api/alerts", json={**change, "is_acknowledged": None}, headers=operator)
    assert (alone.status_code, alone.json()["code"]) == (400, "invalid_request")
    first = client.patch("/api/alerts", json=change, headers=operator).json()
    again = client.patch("/api/alerts", json={**change, "acknowledgement_note": "me too"}, headers=admin).json()
    assert again == first
    assert (first["acknowledgement_note"], first["is_resolved"]) == ("on my way", False)


def test_a_viewer_may_not_resolve_and_a_stranger_does_not_see(
    client: httpx.Client, db: Database, make_plant: MakePlant, sign_in: SignIn
) -> None:
    plant, others = make_plant(), make_plant()
    alert_id = open_alert(db, client, plant)
    change = {"alert_id": alert_id, "is_resolved": True}
    for organization_id, role, status, code in (
        (plant.organization_id, "viewer", 403, "forbidden"),
        (others.organization_id, "admin", 404, "not_found"),
    ):
        answer = client.patch("/api/alerts", json=change, headers=sign_in(organization_id, role))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    row = db.execute("select is_resolved from public.alerts where id = %s", [alert_id]).fetchone()
    assert row == {"is_resolved": False}


def test_a_stranger_sees_nothing_of_it(
    client: httpx.Client, db: Database, make_plant: MakePlant, sign_in: SignIn
) -> None:
    plant, others = make_plant(), make_plant()
    open_alert(db, client, plant)
    stranger = sign_in(others.organization_id, "admin")
    assert client.get("/api/alerts", headers=stranger).json() == {"alerts": [], "next": None}
    assert client.get(f"/api/flow-data?device_id={plant.devices[0]}", headers=stranger).json() == {
        "readings": [],
        "next": None,
    }
    devices = client.get("/api/devices", headers=stranger).json()["devices"]
    assert [device["device_id"] for device in devices] == others.devices


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"[]", 400, "invalid_request"),
        (b"{}", 400, "invalid_request"),
        (b'{"alert_id":"x","is_resolved":true}', 400, "invalid_request"),
        (b'{"alert_id":"00000000-0000-0000-0000-000000000009","is_resolved":"true"}', 400, "invalid_request"),
        (
            b'{"alert_id":"00000000-0000-0000-0000-000000000009","is_resolved":true,"resolved_by":"\\u0000"}',
            400,
            "invalid_request",
        ),
        (
            b'{"alert_id":"00000000-0000-0000-0000-000000000009","is_resolved":true,"resolved_by":"\\ud800"}',
            400,
            "invalid_request",
        ),
        (b'{"alert_id":"00000000-0000-0000-0000-000000000009","is_resolved":true,"x":1}', 400, "invalid_request"),
        (b'{"alert_id":"00000000-0000-0000-0000-000000000009","is_resolved":true}', 404, "not_found"),
        (b" " * 2_000_000, 413, "payload_too_large"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bad_change_gets_a_clear_answer(
    client: httpx.Client, plant: Plant, sign_in: SignIn, body: bytes, status: int, code: str
) -> None:
    answer = client.patch("/api/alerts", content=body, headers=sign_in(plant.organization_id, "operator"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def token(stack: Stack, secret: str | None = None, **claims: object) -> str:
    now = datetime.now(UTC)
    payload = {"sub": str(uuid4()), "aud": "authenticated", "role": "authenticated", "exp": now + timedelta(hours=1)}
    return jwt.encode({**payload, **claims}, secret or stack.jwt_secret, "HS256")


@pytest.mark.parametrize("path", ROUTES)
def test_without_a_valid_token_there_is_nothing(client: httpx.Client, stack: Stack, plant: Plant, path: str) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    tokens: list[str | None] = [
        None, "garbage", "a.b.c", "x" * 20_000, plant.key, stack.anon_key, stack.anon_jwt,
        stack.service_role_key, stack.service_role_jwt, token(stack, exp=an_hour_ago), token(stack, "other" * 10),
        token(stack, role="service_role"), token(stack, role="postgres"),
    ]  # fmt: skip
    for value in tokens:
        headers = {} if value is None else {"Authorization": f"Bearer {value}"}
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), value
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_person_of_no_organization_sees_nothing(client: httpx.Client, stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {token(stack)}"}
    answers: list[Any] = [client.get(path, headers=headers).json() for path in ROUTES]
    assert answers == [{"devices": [], "next": None}, {"readings": [], "next": None}, {"alerts": [], "next": None}]


def test_an_admin_registers_and_changes_a_device(client: httpx.Client, plant: Plant, sign_in: SignIn) -> None:
    admin, viewer = sign_in(plant.organization_id, "admin"), sign_in(plant.organization_id, "viewer")
    device_id = f"NIVUS/05 {uuid4().hex[:8]}"
    new = {"device_id": device_id, "device_name": "Backup Flow Sensor", "location": "Plant C"}
    assert client.post("/api/devices", json=new, headers=viewer).status_code == 403
    made = client.post("/api/devices", json=new, headers=admin)
    assert made.status_code == 201, made.text
    assert (made.json()["organization_id"], made.json()["location"]) == (plant.organization_id, "Plant C")
    assert client.post("/api/devices", json=new, headers=admin).status_code == 409
    path = f"/api/devices/{device_id}"
    assert client.patch(path, json={"location": None, "expected_interval_s": 5}, headers=viewer).status_code == 403
    changed = client.patch(path, json={"location": None, "expected_interval_s": 5}, headers=admin)
    assert (changed.status_code, changed.json()["location"], changed.json()["expected_interval_s"]) == (200, None, 5)
    assert client.patch("/api/devices/nobody", json={"status": "inactive"}, headers=admin).status_code == 404
    assert client.patch(path, json={"status": "broken"}, headers=admin).status_code == 400
    assert client.patch(path, json={"site_id": str(uuid4())}, headers=admin).status_code == 400
    assert client.patch(path, json={}, headers=admin).status_code == 400
