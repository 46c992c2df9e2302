"""What people manage through the API: pages, reports, rules, keys, members, dead letters, the audit log."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import pytest

from .conftest import Database, MakePlant, Plant, SignIn, rows
from .test_ingest import minutes_ago
from .test_people import open_alert

Headers = dict[str, str]

MANAGED = [
    "/api/alert-rules", "/api/keys", "/api/people", "/api/invitations", "/api/dead-letters", "/api/audit-log",
    "/api/channels", "/api/notifications",
    "/api/device-aliases", "/api/profiles",
]  # fmt: skip


@pytest.fixture
def admin(plant: Plant, sign_in: SignIn) -> Headers:
    return sign_in(plant.organization_id, "admin")


@pytest.fixture
def viewer(plant: Plant, sign_in: SignIn) -> Headers:
    return sign_in(plant.organization_id, "viewer")


def fill(db: Database, plant: Plant, count: int) -> list[datetime]:
    """A reading a minute, straight into the database, oldest first."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=count + 1)
    at = [start + timedelta(minutes=number) for number in range(count)]
    db.execute("select private.create_flow_data_months(%s, %s)", [at[0], at[-1]])
    db.cursor().executemany(
        "insert into public.flow_data (device_id, created_at, flow_rate, totalizer) values (%s, %s, %s, %s)",
        [(plant.devices[0], time, number + 1, 100 + number) for number, time in enumerate(at)],
    )
    return at


@pytest.mark.parametrize("path", MANAGED)
def test_nothing_is_managed_with_a_gateways_key(client: httpx.Client, plant: Plant, path: str) -> None:
    for headers in ({}, plant.headers, {"Authorization": f"Bearer {plant.key}"}):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("path", MANAGED)
def test_a_parameter_that_is_not_known_is_refused(client: httpx.Client, viewer: Headers, path: str) -> None:
    answer = client.get(path, params={"device": "x"}, headers=viewer)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_pages_of_readings_join_without_gap_or_overlap(
    client: httpx.Client, db: Database, plant: Plant, viewer: Headers
) -> None:
    fill(db, plant, 25)
    got: list[float] = []
    after: str | None = None
    for _ in range(4):
        query = {"device_id": plant.devices[0], "limit": "10"} | ({"after": after} if after else {})
        page = client.get("/api/flow-data", params=query, headers=viewer).raise_for_status().json()
        got += [reading["flow_rate"] for reading in page["readings"]]
        after = page["next"]
        if after is None:
            break
    assert got == list(range(25, 0, -1))
    for wrong in ("x", "W10", "WzEsMiwzXQ", "*" * 10):
        answer = client.get("/api/flow-data", params={"after": wrong}, headers=viewer)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), wrong


def test_a_csv_download_is_streamed_past_the_limit_of_json(
    client: httpx.Client, db: Database, plant: Plant, viewer: Headers
) -> None:
    fill(db, plant, 11_500)
    query = {"device_id": plant.devices[0], "limit": "1000000"}
    assert client.get("/api/flow-data", params=query, headers=viewer).status_code == 400
    answer = client.get("/api/flow-data", params=query | {"format": "csv"}, headers=viewer)
    assert answer.headers["transfer-encoding"] == "chunked"
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [float(line["flow_rate"]) for line in lines] == list(range(11_500, 0, -1))


def test_a_workbook_holds_numbers_times_and_harmless_text(
    client: httpx.Client, db: Database, plant: Plant, viewer: Headers
) -> None:
    [at] = fill(db, plant, 1)
    db.execute("update public.flow_data set flags = %s where device_id = %s", [["=1+1"], plant.devices[0]])
    query = {"device_id": plant.devices[0], "format": "xlsx"}
    answer = client.get("/api/flow-data", params=query, headers=viewer).raise_for_status()
    assert "flow-data.xlsx" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - the API's own
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    cells = {cell.attrib["r"]: "".join(cell.itertext()) for cell in sheet.iter(f"{space}c")}
    assert [cells[name] for name in ("B1", "D1")] == ["created_at (UTC)", "flow_rate"]
    assert [cells[name] for name in ("A2", "D2")] == [plant.devices[0], "1"]
    days = (at.replace(tzinfo=None) - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 - Excel's
    assert float(cells["B2"]) == pytest.approx(days, abs=1e-7)
    assert "=1+1" in cells.values()
    assert list(sheet.iter(f"{space}f")) == []
    assert client.get("/api/flow-data", params={**query, "limit": "1048576"}, headers=viewer).status_code == 400


def test_reports_are_the_databases(client: httpx.Client, db: Database, plant: Plant, viewer: Headers) -> None:
    at = fill(db, plant, 10)
    window = {"start_time": at[0].isoformat(), "end_time": (at[-1] + timedelta(seconds=1)).isoformat()}
    base = f"/api/devices/{plant.devices[0]}"
    got = client.get(f"{base}/statistics", params=window, headers=viewer).raise_for_status().json()
    assert (got["avg_flow_rate"], got["min_flow_rate"], got["max_flow_rate"]) == (5.5, 1, 10)
    assert (got["total_volume"], got["data_points"]) == (9, 10)
    series = client.get(f"{base}/series", params=window | {"max_points": 3}, headers=viewer).raise_for_status().json()
    assert sum(bucket["data_points"] for bucket in series["buckets"]) == 10
    assert len(series["buckets"]) <= 3
    days = {"first_day": str(at[0].date() - timedelta(days=1)), "last_day": str(at[-1].date() + timedelta(days=1))}
    daily = client.get(f"{base}/daily", params=days, headers=viewer).raise_for_status().json()["days"]
    assert sum(day["received_points"] for day in daily) == 10
    quality = client.get(f"{base}/quality", params=window, headers=viewer).raise_for_status().json()
    assert (quality["received_points"], quality["bad_points"], quality["flags"]) == (10, 0, {})
    assert quality["longest_gap_s"] == max((late - early).total_seconds() for early, late in pairwise(at))
    too_long = window | {"start_time": (at[-1] - timedelta(days=7)).isoformat()}
    assert client.get(f"{base}/quality", params=too_long, headers=viewer).status_code == 400
    backwards = {"start_time": window["end_time"], "end_time": window["start_time"]}
    for path in ("statistics", "series", "quality"):
        assert client.get(f"{base}/{path}", params=backwards, headers=viewer).status_code == 400
    assert client.get(f"{base}/daily", params={**days, "last_day": "2000-01-01"}, headers=viewer).status_code == 400


def test_a_stranger_gets_no_report(
    client: httpx.Client, db: Database, plant: Plant, make_plant: MakePlant, sign_in: SignIn
) -> None:
    at = fill(db, plant, 5)
    stranger = sign_in(make_plant().organization_id, "admin")
    window = {"start_time": at[0].isoformat(), "end_time": datetime.now(UTC).isoformat()}
    got = client.get(f"/api/devices/{plant.devices[0]}/statistics", params=window, headers=stranger).json()
    assert (got["avg_flow_rate"], got["received_points"]) == (None, 0)


def test_an_operator_acknowledges_an_alert_once(
    client: httpx.Client, db: Database, plant: Plant, sign_in: SignIn, viewer: Headers
) -> None:
    alert_id = open_alert(db, client, plant)
    operator = sign_in(plant.organization_id, "operator")
    change = {"alert_id": alert_id, "is_acknowledged": True}
    assert client.patch("/api/alerts", json=change, headers=viewer).status_code == 403
    first = client.patch("/api/alerts", json=change, headers=operator).raise_for_status().json()
    assert first["acknowledged_by"] is not None
    assert first["is_resolved"] is False
    again = client.patch("/api/alerts", json=change, headers=sign_in(plant.organization_id, "admin")).json()
    assert [again[name] for name in ("acknowledged_at", "acknowledged_by")] == [
        first[name] for name in ("acknowledged_at", "acknowledged_by")
    ]
    assert client.patch("/api/alerts", json={"alert_id": alert_id}, headers=operator).status_code == 400


def test_a_rule_is_made_tried_changed_and_deleted(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers, viewer: Headers
) -> None:
    fill(db, plant, 10)
    rule = {"device_id": plant.devices[0], "rule_type": "high_flow", "threshold_value": 7.5}
    tried = client.post("/api/alert-rules/backtest", json=rule, headers=viewer).raise_for_status().json()["alerts"]
    assert [(alert["actual_value"], alert["peak_value"]) for alert in tried] == [(8, 10)]
    new = {**rule, "rule_name": "High", "severity": "critical"}
    assert client.post("/api/alert-rules", json=new, headers=viewer).status_code == 403
    made = client.post("/api/alert-rules", json=new, headers=admin)
    assert made.status_code == 201, made.text
    path = f"/api/alert-rules/{made.json()['id']}"
    assert client.patch(path, json={"is_enabled": False}, headers=viewer).status_code == 403
    assert client.patch(path, json={"is_enabled": False}, headers=admin).json()["is_enabled"] is False
    assert client.patch(path, json={"rule_type": "unheard"}, headers=admin).status_code == 400
    assert [row["id"] for row in client.get("/api/alert-rules", headers=viewer).json()["rules"]] == [made.json()["id"]]
    assert client.delete(path, headers=viewer).status_code == 403
    assert client.delete(path, headers=admin).status_code == 204
    assert client.delete(path, headers=admin).status_code == 404
    unknown = client.post("/api/alert-rules", json={**new, "device_id": "nobody"}, headers=admin)
    assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid_request")


def test_a_key_is_shown_once_rotated_and_revoked(
    client: httpx.Client, plant: Plant, admin: Headers, viewer: Headers
) -> None:
    new = {"name": "Second gateway", "device_ids": [plant.devices[0]]}
    assert client.post("/api/keys", json=new, headers=viewer).status_code == 403
    made = client.post("/api/keys", json=new, headers=admin)
    assert made.status_code == 201, made.text
    first = made.json()
    reading = {"device_id": plant.devices[0], "flow_rate": 1}

    def sent(key: str) -> int:
        body = {**reading, "created_at": minutes_ago(1)}
        return client.post("/api/ingest", json=body, headers={"x-api-key": key}).status_code

    assert sent(first["api_key"]) == 200
    listed = client.get("/api/keys", headers=admin)
    assert first["api_key"] not in listed.text
    assert "key_hash" not in listed.text
    assert client.get("/api/keys", headers=viewer).json() == {"keys": []}
    path = f"/api/keys/{first['api_key_id']}"
    second = client.post(f"{path}/rotate", json={"overlap_hours": 1}, headers=admin)
    assert second.status_code == 201, second.text
    assert [sent(first["api_key"]), sent(second.json()["api_key"])] == [200, 200]
    assert client.post(f"{path}/rotate", json={}, headers=admin).json()["code"] == "conflict"
    for _ in range(2):
        revoked = client.post(f"{path}/revoke", headers=admin).raise_for_status().json()
        assert revoked["revoked_at"] is not None
    assert client.post(f"/api/keys/{uuid4()}/revoke", headers=admin).status_code == 404
    assert client.post(f"{path}/revoke", headers=viewer).status_code in {403, 404}


def test_people_are_invited_and_given_roles(
    client: httpx.Client, plant: Plant, admin: Headers, viewer: Headers
) -> None:
    people = client.get("/api/people", headers=admin).json()["people"]
    ids = {person["role"]: person["id"] for person in people}
    assert set(ids) == {"admin", "viewer"}
    changed = client.patch(f"/api/people/{ids['viewer']}", json={"role": "operator"}, headers=admin)
    assert changed.raise_for_status().json()["role"] == "operator"
    last = client.patch(f"/api/people/{ids['admin']}", json={"role": "viewer"}, headers=admin)
    assert (last.status_code, last.json()["code"]) == (409, "conflict")
    assert client.patch(f"/api/people/{ids['admin']}", json={"is_active": False}, headers=viewer).status_code in {
        403,
        404,
    }
    email = f"{uuid4().hex}@example.com"
    assert client.post("/api/invitations", json={"email": email}, headers=viewer).status_code == 403
    invited = client.post("/api/invitations", json={"email": email, "role": "operator"}, headers=admin)
    assert invited.status_code == 201, invited.text
    [invitation] = client.get("/api/invitations", headers=admin).json()["invitations"]
    assert (invitation["email"], invitation["role"]) == (email, "operator")
    ended = client.delete(f"/api/invitations/{invitation['id']}", headers=admin)
    assert ended.raise_for_status().json()["revoked_at"] is not None


def test_a_dead_letter_is_seen_and_replayed(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers, viewer: Headers
) -> None:
    device_id = f"LATE_{uuid4().hex[:8]}"
    reading = {"device_id": device_id, "created_at": minutes_ago(2), "flow_rate": 3}
    assert client.post("/api/ingest", json=reading, headers=plant.headers).status_code == 422
    assert client.get("/api/dead-letters", headers=viewer).json()["letters"] == []
    query = {"reason": "unknown_device", "is_replayed": "false"}
    [letter] = client.get("/api/dead-letters", params=query, headers=admin).raise_for_status().json()["letters"]
    client.post("/api/devices", json={"device_id": device_id}, headers=admin).raise_for_status()
    ask = {"ids": [letter["id"]]}
    first = client.post("/api/dead-letters/replay", json=ask, headers=admin).raise_for_status().json()["results"]
    assert [row["verdict"] for row in first] == ["new"]
    client.post("/api/dead-letters/replay", json=ask, headers=admin).raise_for_status()
    stored = db.execute("select flow_rate from public.flow_data where device_id = %s", [device_id]).fetchall()
    assert [row["flow_rate"] for row in stored] == [3]
    assert client.get("/api/dead-letters", params=query, headers=admin).json()["letters"] == []
    [seen] = client.get("/api/dead-letters", params={"is_replayed": "true"}, headers=admin).json()["letters"]
    assert seen["id"] == letter["id"]


def test_a_body_is_seen_with_its_bytes_and_read_again_once_its_cause_is_mended(
    client: httpx.Client, db: Database, plant: Plant, make_plant: MakePlant, admin: Headers, sign_in: SignIn
) -> None:
    device_id = f"ROUTER_{uuid4().hex[:8]}"
    sent = {**plant.headers, "x-device-id": device_id}
    assert client.post("/api/ingest", content=b"\xff\x00", headers=sent).status_code == 400
    [listed] = client.get("/api/dead-letters", headers=admin).raise_for_status().json()["letters"]
    assert not {"body", "fingerprint"} & set(listed)
    number = listed["id"]
    shown = client.get(f"/api/dead-letters/{number}", headers=admin).raise_for_status().json()
    assert base64.b64decode(shown["body_base64"]) == b"\xff\x00"
    assert (shown["body_text"], shown["headers"]) == (None, {"x-device-id": device_id})
    assert plant.key not in str(shown)
    assert not {"body", "fingerprint"} & set(shown)

    body = json.dumps({"device_id": device_id, "created_at": minutes_ago(2), "flow_rate": 3})
    kept = db.execute(
        "select public.record_dead_letter(%s, now(), 'invalid_json', 'a parser of old', 'text/plain', %s) as id",
        [plant.api_key_id, base64.b64encode(body.encode()).decode()],
    ).fetchone()
    assert kept is not None
    mended = int(str(kept["id"]))
    assert client.get(f"/api/dead-letters/{mended}", headers=admin).json()["body_text"] == body
    stranger, operator = sign_in(make_plant().organization_id, "admin"), sign_in(plant.organization_id, "operator")
    ask = {"ids": [number, mended]}
    for headers in (stranger, operator):
        assert client.get(f"/api/dead-letters/{mended}", headers=headers).status_code == 404
    assert client.post("/api/dead-letters/replay", json=ask, headers=operator).status_code == 403
    unknown = client.post("/api/dead-letters/replay", json=ask, headers=stranger).json()["results"]
    assert {(row["verdict"], row["code"]) for row in unknown} == {("skipped", "unknown_letter")}

    def replay(**more: object) -> dict[int, tuple[str, str | None]]:
        answer = client.post("/api/dead-letters/replay", json={**ask, **more}, headers=admin).raise_for_status()
        return {row["letter_id"]: (row["verdict"], row["code"]) for row in answer.json()["results"]}

    client.post("/api/devices", json={"device_id": device_id}, headers=admin).raise_for_status()
    assert replay(time_offset_s=60) == dict.fromkeys((number, mended), ("skipped", "body_keeps_its_times"))
    assert rows(db, device_id) == []
    assert replay() == {number: ("rejected", None), mended: ("replayed", None)}
    assert replay() == {number: ("rejected", None), mended: ("skipped", "already_replayed")}
    assert [row["flow_rate"] for row in rows(db, device_id)] == [3]
    logged = client.get("/api/audit-log", params={"resource_id": str(mended)}, headers=admin).json()["entries"]
    [me] = [one for one in client.get("/api/people", headers=admin).json()["people"] if one["role"] == "admin"]
    assert [(entry["action"], entry["user_id"]) for entry in logged] == [("replay", me["id"])]


@pytest.mark.parametrize("offset", [2**31, -(2**31) - 1, 1.5, "60", True])
def test_a_clock_is_wrong_by_so_much_at_most(client: httpx.Client, admin: Headers, offset: object) -> None:
    answer = client.post("/api/dead-letters/replay", json={"ids": [1], "time_offset_s": offset}, headers=admin)
    assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (400, ["/time_offset_s"])


def test_the_audit_log_says_who_did_what_page_by_page(
    client: httpx.Client, plant: Plant, admin: Headers, viewer: Headers
) -> None:
    path = f"/api/devices/{plant.devices[0]}"
    for name in ("one", "two", "three"):
        client.patch(path, json={"device_name": name}, headers=admin).raise_for_status()
    query: dict[str, object] = {"resource_type": "devices", "limit": 2}
    first = client.get("/api/audit-log", params=query, headers=admin).raise_for_status().json()  # type: ignore[arg-type]
    query["after"] = first["next"]
    second = client.get("/api/audit-log", params=query, headers=admin).raise_for_status().json()  # type: ignore[arg-type]
    ids = [entry["id"] for entry in first["entries"] + second["entries"]]
    assert len(first["entries"]) == 2
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) >= 3
    assert client.get("/api/audit-log", headers=viewer).json() == {"entries": [], "next": None}
