"""The device list and its pages, the device page, aliases, profiles, rules for every device."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from .conftest import Database, MakePlant, Plant, SignIn, rows
from .test_ingest import minutes_ago
from .test_people import open_alert, post_reading

Headers = dict[str, str]

#: A uuid that names nothing.
NOBODY = "00000000-0000-4000-8000-0000000000ff"


@pytest.fixture
def plant(make_plant: MakePlant) -> Plant:
    """Five devices."""
    return make_plant(5)


@pytest.fixture
def admin(plant: Plant, sign_in: SignIn) -> Headers:
    return sign_in(plant.organization_id, "admin")


@pytest.fixture
def viewer(plant: Plant, sign_in: SignIn) -> Headers:
    return sign_in(plant.organization_id, "viewer")


@pytest.fixture
def stranger(make_plant: MakePlant, sign_in: SignIn) -> Headers:
    return sign_in(make_plant().organization_id, "admin")


def place(db: Database, table: str, plant: Plant, device: int) -> str:
    """A new site or gateway of a device."""
    row = db.execute(
        f"insert into public.{table}s (organization_id, name) values (%s, %s) returning id::text",
        [plant.organization_id, f"Of {device}"],
    ).fetchone()
    assert row is not None
    db.execute(
        f"update public.devices set {table}_id = %s where device_id = %s",
        [row["id"], plant.devices[device]],
    )
    return str(row["id"])


def test_the_list_counts_rules_and_alerts(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers, viewer: Headers
) -> None:
    open_alert(db, client, plant)
    rule = {"device_id": None, "rule_name": "Battery", "rule_type": "battery_low", "threshold_value": 10}
    client.post("/api/alert-rules", json=rule, headers=admin).raise_for_status()
    listed = client.get("/api/devices", headers=viewer).raise_for_status().json()
    assert listed["next"] is None
    got = [(row["rules"], row["open_alerts"], row["worst_severity"]) for row in listed["devices"]]
    assert got == [(2, 1, "warning"), *[(1, 0, None)] * 4]
    assert {"is_online", "search_text"} & set(listed["devices"][0]) == set()


def test_the_list_is_narrowed(client: httpx.Client, db: Database, plant: Plant, viewer: Headers) -> None:
    post_reading(client, plant, device=1, flow_rate=1)
    site, gateway = place(db, "site", plant, 2), place(db, "gateway", plant, 3)
    db.execute("update public.devices set status = 'inactive' where device_id = %s", [plant.devices[4]])

    def found(**query: str) -> list[int]:
        answer = client.get("/api/devices", params=query, headers=viewer).raise_for_status().json()
        return [plant.devices.index(row["device_id"]) for row in answer["devices"]]

    assert found() == [0, 1, 2, 3, 4]
    assert found(status="inactive") == [4]
    assert found(site_id=site) == [2]
    assert found(gateway_id=gateway) == [3]
    assert found(is_online="true") == [1]
    assert found(is_online="false", status="active") == [0, 2, 3]
    assert found(site_id=site, gateway_id=gateway) == []
    assert found(site_id=str(uuid4())) == []


@pytest.mark.parametrize(
    "location",
    [
        "Basin 2, north",
        "[.^$",
        "+?{2}|",
        "100% full",
        "under_score",
        "back\\slash",
        'a "b", (c)',
        "x.eq.1",
        "Łódź",
        "a*b",
    ],
)
def test_a_search_takes_every_character_as_it_is(
    client: httpx.Client, db: Database, plant: Plant, viewer: Headers, location: str
) -> None:
    db.execute("update public.devices set location = %s where device_id = %s", [location, plant.devices[3]])
    db.execute("update public.devices set location = 'Basin 22 aXYb' where device_id = %s", [plant.devices[1]])
    for q in (location, location[1:], location.upper()):
        answer = client.get("/api/devices", params={"q": q}, headers=viewer).raise_for_status().json()
        assert [row["device_id"] for row in answer["devices"]] == [plant.devices[3]], q
    nothing = client.get("/api/devices", params={"q": location + "!"}, headers=viewer).json()
    assert nothing["devices"] == []


def test_a_search_finds_names_and_ids_of_one_organization(
    client: httpx.Client, plant: Plant, viewer: Headers, stranger: Headers
) -> None:
    for q in (plant.devices[2], plant.devices[2].lower()):
        [row] = client.get("/api/devices", params={"q": q}, headers=viewer).json()["devices"]
        assert row["device_id"] == plant.devices[2]
    assert client.get("/api/devices", params={"q": plant.devices[2]}, headers=stranger).json()["devices"] == []


def test_pages_of_devices_join_without_gap_or_overlap(client: httpx.Client, plant: Plant, viewer: Headers) -> None:
    query: dict[str, str] = {"limit": "2", "status": "active"}
    got: list[str] = []
    for _ in range(4):
        page = client.get("/api/devices", params=query, headers=viewer).raise_for_status().json()
        got += [row["device_id"] for row in page["devices"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert got == plant.devices
    behind = client.get("/api/devices", params={"after": query["after"]}, headers=viewer).json()["devices"]
    assert [row["device_id"] for row in behind] == plant.devices[4:]
    wrong = client.get("/api/devices", params={"after": "x"}, headers=viewer)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_request")


def test_a_device_page_says_all_of_a_device(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers, viewer: Headers
) -> None:
    alert_id = open_alert(db, client, plant)
    site, gateway = place(db, "site", plant, 0), place(db, "gateway", plant, 0)
    path = f"/api/devices/{plant.devices[0]}"
    client.patch(path, json={"profile": "nivus_750"}, headers=admin).raise_for_status()
    alias = {"device_id": plant.devices[0], "kind": "ip", "alias": "10.0.0.1"}
    client.post("/api/device-aliases", json=alias, headers=admin).raise_for_status()
    page = client.get(path, headers=viewer).raise_for_status().json()
    [listed] = client.get("/api/devices", params={"q": plant.devices[0]}, headers=viewer).json()["devices"]
    assert page["device"] == listed
    assert (listed["online"], listed["latest"]["flow_rate"], listed["open_alerts"]) == (True, 120, 1)
    assert (page["site"]["id"], page["gateway"]["id"]) == (site, gateway)
    assert (page["profile"]["name"], page["profile"]["is_shipped"]) == ("nivus_750", True)
    assert [rule["rule_name"] for rule in page["rules"]] == ["High Flow Alert"]
    assert [alert["id"] for alert in page["alerts"]] == [alert_id]
    assert [known["alias"] for known in page["aliases"]] == ["10.0.0.1"]


def test_a_device_of_another_organization_has_no_page(
    client: httpx.Client, plant: Plant, viewer: Headers, stranger: Headers
) -> None:
    path = f"/api/devices/{plant.devices[0]}"
    assert client.get(path, headers=viewer).status_code == 200
    for headers, unknown in ((stranger, path), (viewer, "/api/devices/nobody")):
        answer = client.get(unknown, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert client.get(path, headers=plant.headers).status_code == 401
    assert client.get("/api/devices/%00", headers=viewer).status_code in {400, 404}


def test_a_device_with_a_slash_has_a_page_and_reports(client: httpx.Client, admin: Headers) -> None:
    device_id = f"A/B {uuid4().hex[:8]}"
    client.post("/api/devices", json={"device_id": device_id}, headers=admin).raise_for_status()
    page = client.get(f"/api/devices/{device_id}", headers=admin).raise_for_status().json()
    assert (page["device"]["device_id"], page["site"], page["rules"]) == (device_id, None, [])
    window = {"start_time": minutes_ago(2), "end_time": minutes_ago(1)}
    report = client.get(f"/api/devices/{device_id}/statistics", params=window, headers=admin).raise_for_status().json()
    assert report["data_points"] == 0


def test_a_device_is_deactivated_and_keeps_its_readings(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers
) -> None:
    post_reading(client, plant, flow_rate=5)
    path = f"/api/devices/{plant.devices[0]}"
    client.patch(path, json={"status": "inactive"}, headers=admin).raise_for_status()
    assert client.get(path, headers=admin).json()["device"]["latest"]["flow_rate"] == 5
    assert len(rows(db, plant.devices[0])) == 1
    assert client.delete(path, headers=admin).status_code == 405


def test_an_alias_is_added_used_and_removed(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers, viewer: Headers, stranger: Headers
) -> None:
    path, name = "/api/device-aliases", f"OLD_{uuid4().hex[:8]}"
    new = {"device_id": plant.devices[0], "kind": "server_name", "alias": name}
    client.patch(f"/api/devices/{plant.devices[0]}", json={"profile": "nivus_750"}, headers=admin).raise_for_status()
    assert client.post(path, json=new, headers=viewer).status_code == 403
    made = client.post(path, json=new, headers=admin)
    assert made.status_code == 201, made.text
    assert (made.json()["organization_id"], made.json()["gateway_id"]) == (plant.organization_id, None)
    again = client.post(path, json=new, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    record = {"server_name": name, "name": "level", "data": "[1.5]", "date_iso_8601": minutes_ago(1)}
    sent = client.post("/api/ingest", json=record, headers=plant.headers)
    assert sent.status_code == 200, sent.text
    assert [row["level"] for row in rows(db, plant.devices[0])] == [1.5]
    assert [row["alias"] for row in client.get(path, headers=viewer).json()["aliases"]] == [name]
    assert client.get(path, params={"device_id": plant.devices[1]}, headers=viewer).json()["aliases"] == []
    assert client.get(path, headers=stranger).json() == {"aliases": [], "next": None}
    one = f"{path}/{made.json()['id']}"
    assert [client.delete(one, headers=headers).status_code for headers in (viewer, stranger, admin, admin)] == [
        403, 404, 204, 404,
    ]  # fmt: skip
    assert len(rows(db, plant.devices[0])) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"device_id": "nobody"},
        {"kind": "serial"},
        {"alias": ""},
        {"alias": " x"},
        {"alias": "x\u0000"},
        {"gateway_id": NOBODY},
        {"organization_id": NOBODY},
        {"kind": None},
    ],
    ids=str,
)
def test_an_alias_that_means_nothing_is_refused(
    client: httpx.Client, plant: Plant, admin: Headers, change: dict[str, object]
) -> None:
    new = {"device_id": plant.devices[0], "kind": "ip", "alias": "10.0.0.1", **change}
    answer = client.post("/api/device-aliases", json=new, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert client.get("/api/device-aliases", headers=admin).json()["aliases"] == []


def test_aliases_come_page_by_page_and_by_gateway(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers
) -> None:
    gateway = place(db, "gateway", plant, 0)
    for number in range(3):
        alias = {"device_id": plant.devices[0], "kind": "server_id", "alias": str(number), "gateway_id": gateway}
        client.post("/api/device-aliases", json=alias, headers=admin).raise_for_status()
    first = client.get("/api/device-aliases", params={"limit": 2}, headers=admin).json()
    rest = client.get("/api/device-aliases", params={"limit": 2, "after": first["next"]}, headers=admin).json()
    assert {row["alias"] for row in first["aliases"] + rest["aliases"]} == {"0", "1", "2"}
    assert (len(first["aliases"]), rest["next"]) == (2, None)
    by_gateway = client.get("/api/device-aliases", params={"gateway_id": gateway}, headers=admin).json()["aliases"]
    assert len(by_gateway) == 3
    assert client.get("/api/device-aliases", params={"gateway_id": str(uuid4())}, headers=admin).json()["aliases"] == []


def test_profiles_are_listed_and_chosen(
    client: httpx.Client, db: Database, plant: Plant, admin: Headers, viewer: Headers, stranger: Headers
) -> None:
    row = db.execute(
        "insert into public.register_profiles (organization_id, name, model) values (%s, 'ours', 'Ours') returning id",
        [plant.organization_id],
    ).fetchone()
    assert row is not None
    db.execute(
        "insert into public.register_profile_registers (profile_id, metric, function_code, address, type, source_unit)"
        " values (%s, 'level', 4, 12, 'float32', 'm')",
        [row["id"]],
    )
    path = f"/api/devices/{plant.devices[0]}"
    draft = client.patch(path, json={"profile": "ours"}, headers=admin)
    assert (draft.status_code, draft.json()["code"]) == (400, "invalid_request")
    assert "profile" in draft.json()["detail"]
    db.execute("update public.register_profiles set published_at = now() where id = %s", [row["id"]])
    profiles = client.get("/api/profiles", headers=viewer).raise_for_status().json()["profiles"]
    ours = next(profile for profile in profiles if not profile["is_shipped"])
    assert (ours["name"], ours["version"], ours["is_current"]) == ("ours", 1, True)
    assert [(register["metric"], register["address"]) for register in ours["registers"]] == [("level", 12)]
    theirs = {profile["name"] for profile in client.get("/api/profiles", headers=stranger).json()["profiles"]}
    assert {"nivus_750", "nivusonic"} <= theirs
    assert "ours" not in theirs
    for name in ("ours", "ours@1", "nivusonic"):
        assert client.patch(path, json={"profile": name}, headers=admin).json()["profile"] == name
    for name in ("ours@2", "OURS", ""):
        assert client.patch(path, json={"profile": name}, headers=admin).status_code == 400
    assert client.get(path, headers=viewer).json()["profile"]["name"] == "nivusonic"
    new = {"device_id": f"P_{uuid4().hex[:8]}", "profile": "unheard"}
    made = client.post("/api/devices", json=new, headers=admin)
    assert (made.status_code, made.json()["detail"]) == (400, draft.json()["detail"])
    assert client.patch(path, json={"profile": None}, headers=admin).json()["profile"] is None


def test_a_rule_for_every_device_watches_each(
    client: httpx.Client, db: Database, plant: Plant, sign_in: SignIn, viewer: Headers, stranger: Headers
) -> None:
    operator = sign_in(plant.organization_id, "operator")
    new = {"rule_name": "High", "rule_type": "high_flow", "threshold_value": 100}
    forgotten = client.post("/api/alert-rules", json=new, headers=operator)
    assert (forgotten.status_code, forgotten.json()["errors"][0]["pointer"]) == (400, "/device_id")
    every = {**new, "device_id": None}
    assert client.post("/api/alert-rules", json=every, headers=viewer).status_code == 403
    made = client.post("/api/alert-rules", json=every, headers=operator)
    assert made.status_code == 201, made.text
    assert (made.json()["device_id"], made.json()["organization_id"]) == (None, plant.organization_id)
    own = {**new, "device_id": plant.devices[1], "is_enabled": False}
    client.post("/api/alert-rules", json=own, headers=operator).raise_for_status()

    def listed(**query: str) -> list[str | None]:
        answer = client.get("/api/alert-rules", params=query, headers=viewer).raise_for_status().json()
        return sorted((rule["device_id"] for rule in answer["rules"]), key=str)

    assert listed() == [plant.devices[1], None]
    assert listed(device_id=plant.devices[0]) == [None]
    assert listed(device_id=plant.devices[1]) == [plant.devices[1], None]
    assert client.get("/api/alert-rules", headers=stranger).json() == {"rules": []}
    for device in (2, 4):
        post_reading(client, plant, device=device, flow_rate=120)
    alerts = client.get("/api/alerts", headers=viewer).json()["alerts"]
    assert sorted(alert["device_id"] for alert in alerts) == [plant.devices[2], plant.devices[4]]
