"""Monthly statements over HTTP: issued, asked for again, corrected, and proved from outside."""

from __future__ import annotations

import csv
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import groupby

import httpx
import pytest

from .conftest import Database, MakePlant, Plant, SignIn

MONTH = "2026-03"
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def metered(db: Database, plant: Plant) -> Plant:
    """A plant whose device counts 0.1 m3 every two hours from February's last hour until April."""
    [device] = plant.devices
    db.execute("select private.create_flow_data_months('2026-02-01T00:00:00Z', '2026-04-01T00:00:00Z')")
    db.cursor().executemany(
        "insert into public.flow_data (device_id, created_at, flow_rate, totalizer, quality)"
        " values (%s, %s, %s, %s, %s)",
        [
            (device, START + timedelta(hours=2 * step - 1), 0.05, 4500 + step * 0.1, "suspect" if step == 9 else "good")
            for step in range(31 * 12 + 2)
        ],
    )
    return plant


def path(plant: Plant, month: str = MONTH) -> str:
    return f"/api/devices/{plant.devices[0]}/statements/{month}"


def test_a_statement_is_the_same_bytes_again(
    client: httpx.Client, metered: Plant, sign_in: SignIn, db: Database
) -> None:
    operator = sign_in(metered.organization_id, "operator")
    assert client.get(path(metered), headers=operator).status_code == 404
    issued = client.post(path(metered), json={}, headers=operator)
    assert issued.status_code == 201
    assert (issued.json()["revision"], issued.json()["follows"]) == (1, "first")
    assert "body" not in issued.json()
    told = client.get(path(metered), headers=operator)
    assert told.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert told.headers["ETag"] == f'"{hashlib.sha256(told.content).hexdigest()}"'

    assert client.post(path(metered), json={}, headers=operator).status_code == 200
    db.execute("update public.devices set device_name = 'Renamed' where device_id = %s", metered.devices)
    viewer = sign_in(metered.organization_id, "viewer")
    assert client.get(path(metered), headers=viewer).content == told.content
    seen = client.get(path(metered), headers={**viewer, "If-None-Match": told.headers["ETag"]})
    assert (seen.status_code, seen.content) == (304, b"")


def test_anybody_with_the_readings_can_prove_the_inputs(
    client: httpx.Client, metered: Plant, sign_in: SignIn, db: Database
) -> None:
    operator = sign_in(metered.organization_id, "operator")
    assert client.post(path(metered), json={}, headers=operator).status_code == 201
    text = client.get(path(metered), headers=operator).text
    told = dict(row[:2] for row in csv.reader(text.splitlines()) if row)

    end = datetime(2026, 4, 1, tzinfo=UTC)
    rows = db.execute(
        "select created_at, flow_rate::text as flow_rate, totalizer::text as totalizer, quality from public.flow_data"
        " where device_id = %s order by created_at",
        metered.devices,
    ).fetchall()
    opening, *readings = [row for row in rows if datetime.fromisoformat(str(row["created_at"])) < end]
    lines = [
        f"settings,{stamp(START)},{stamp(end)},300,,ignore\n",
        f"opening,{stamp(opening['created_at'])},{opening['totalizer']}\n",
    ]
    for hour, group in groupby(readings, lambda row: stamp(row["created_at"])[:13]):
        text = "".join(
            f"{stamp(row['created_at'])},{row['flow_rate']},{row['totalizer']},{row['quality']}\n" for row in group
        )
        lines.append(f"readings,{hour}:00:00.000000Z,{hashlib.sha256(text.encode()).hexdigest()}\n")
    assert told["inputs"] == "readings"
    assert told["inputs_sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert told["volume_m3"] == "37.200"
    assert float(told["closing_totalizer_m3"]) - float(told["opening_totalizer_m3"]) == pytest.approx(37.2)


def stamp(instant: object) -> str:
    assert isinstance(instant, datetime)
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_a_correction_needs_a_change_and_a_reason(
    client: httpx.Client, metered: Plant, sign_in: SignIn, db: Database
) -> None:
    operator = sign_in(metered.organization_id, "operator")
    reason = {"reason": "=late readings"}
    assert client.post(path(metered), json=reason, headers=operator).status_code == 404
    client.post(path(metered), json={}, headers=operator).raise_for_status()
    first = client.get(path(metered), headers=operator).content
    assert client.post(path(metered), json=reason, headers=operator).json()["code"] == "conflict"
    db.execute(
        "insert into public.flow_data (device_id, created_at, totalizer) values (%s, '2026-03-31T23:30:00Z', 4537.25)",
        metered.devices,
    )
    [touched] = client.get(path(metered).removesuffix(f"/{MONTH}"), headers=operator).json()["statements"]
    assert touched["is_touched"] is True
    assert client.post(path(metered), json={"reason": " "}, headers=operator).status_code == 400

    corrected = client.post(path(metered), json=reason, headers=operator)
    assert (corrected.status_code, corrected.json()["revision"]) == (201, 2)
    now = client.get(path(metered), headers=operator).content
    assert b"\r\nreason,'=late readings\r\n" in now
    assert now != first
    assert client.get(path(metered), params={"revision": 1}, headers=operator).content == first
    assert client.get(path(metered), params={"revision": 3}, headers=operator).status_code == 404


def test_one_statement_comes_of_many_who_ask_at_once(
    client: httpx.Client, metered: Plant, sign_in: SignIn, db: Database
) -> None:
    operator = sign_in(metered.organization_id, "operator")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: client.post(path(metered), json={}, headers=operator), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["body_sha256"] for answer in answers}) == 1
    told = db.execute("select revision from public.statements where device_id = %s", metered.devices).fetchall()
    assert told == [{"revision": 1}]


def test_who_may_make_and_see_statements(
    client: httpx.Client, metered: Plant, make_plant: MakePlant, sign_in: SignIn
) -> None:
    viewer = sign_in(metered.organization_id, "viewer")
    assert client.post(path(metered), json={}, headers=viewer).status_code == 403
    admin = sign_in(metered.organization_id, "admin")
    client.post(path(metered), json={}, headers=admin).raise_for_status()
    stranger = sign_in(make_plant().organization_id, "admin")
    assert client.post(path(metered), json={}, headers=stranger).status_code == 404
    assert client.get(path(metered), headers=stranger).status_code == 404
    assert client.get(path(metered).removesuffix(f"/{MONTH}"), headers=stranger).status_code == 404
    assert client.get(path(metered)).status_code == 401


@pytest.mark.parametrize("month", ["2026-13", "2026-3", "0000-01", "2026-03-01"])
def test_what_is_no_month_is_refused(client: httpx.Client, plant: Plant, sign_in: SignIn, month: str) -> None:
    operator = sign_in(plant.organization_id, "operator")
    assert client.get(path(plant, month), headers=operator).status_code == 400
    assert client.post(path(plant, month), json={}, headers=operator).status_code == 400


def test_a_month_that_runs_is_refused(client: httpx.Client, plant: Plant, sign_in: SignIn) -> None:
    operator = sign_in(plant.organization_id, "operator")
    month = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m}"
    refused = client.post(path(plant, month), json={}, headers=operator)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
