"""What routers send, through the real API into the real database: profiles, parts, letters, gateways, units."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import psycopg.sql
import pytest

from fluxio_local.stack import Stack

from .conftest import Database, MakePlant, Plant, letters, rows
from .test_commands import flask
from .test_ingest import verdicts

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)


def record(name: str, data: object, *, second: int = 0, **members: object) -> dict[str, object]:
    at = (NOW + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"date_iso_8601": at, "name": name, "data": data, **members}


@pytest.fixture
def router(make_plant: MakePlant, db: Database) -> Plant:
    """Two NivuFlow 750 behind a router that calls them 1 and 2, the first also by its input, pipe1."""
    plant = make_plant(2)
    gateway = db.execute(
        "insert into public.gateways (organization_id, name, metadata) values (%s, 'Router', '{\"note\": \"roof\"}')"
        " returning id",
        [plant.organization_id],
    ).fetchone()
    assert gateway is not None
    db.execute("update public.api_keys set gateway_id = %s where id = %s", [gateway["id"], plant.api_key_id])
    db.execute("update public.devices set profile = 'nivus_750' where device_id = any (%s)", [plant.devices])
    for kind, alias, device in (("server_id", "1", 0), ("server_id", "2", 1), ("input_name", "pipe1", 0)):
        db.execute(
            "insert into public.device_aliases (organization_id, gateway_id, kind, alias, device_id)"
            " values (%s, %s, %s, %s, %s)",
            [plant.organization_id, gateway["id"], kind, alias, plant.devices[device]],
        )
    return plant


@pytest.fixture
def post(client: httpx.Client, router: Plant) -> Callable[..., httpx.Response]:
    def post(body: object, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/api/ingest", content=content, headers={**router.headers, **headers})

    return post


Post = Callable[..., httpx.Response]


def gateway_of(db: Database, plant: Plant) -> dict[str, object]:
    row = db.execute(
        "select gateways.metadata, gateways.last_seen from public.gateways"
        " join public.api_keys on api_keys.gateway_id = gateways.id where api_keys.id = %s",
        [plant.api_key_id],
    ).fetchone()
    assert row is not None
    return row


def test_the_registers_of_one_poll_are_one_reading(post: Post, db: Database, router: Plant) -> None:
    body = {
        "gw": {"serial": "1100000000"},
        "pipe1": [
            record("flow_rate", "[0.125000]", full_addr="300011"),
            record("level", "[1.500000]", second=1, full_addr="300013"),
            record("totalizer", "[123456.781250]", second=2, full_addr="305201"),
        ],
    }
    answers = [post(body) for _ in range(3)]
    assert [verdicts(answer) for answer in answers] == [[("new", None)], [("duplicate", None)], [("duplicate", None)]]
    (row,) = rows(db, router.devices[0])
    assert (row["flow_rate"], row["level"], row["totalizer"]) == (450.0, 1.5, 123456.78125)
    assert (row["created_at"], row["quality"], row["flags"]) == (NOW, "good", [])
    metadata = row["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["profile"] == "nivus_750@1"
    assert metadata["raw"] == {"300011": "[0.125000]", "300013": "[1.500000]", "305201": "[123456.781250]"}
    state = gateway_of(db, router)["metadata"]
    assert isinstance(state, dict)
    assert (state["note"], state["state"]["gw"]["told"]) == ("roof", {"serial": "1100000000"})
    assert letters(db, router) == []


def test_a_reading_split_over_two_posts_is_one_row(post: Post, db: Database, router: Plant) -> None:
    assert verdicts(post({"pipe1": record("flow_rate", "[0.125000]")})) == [("new", None)]
    assert verdicts(post({"pipe1": record("level", "[1.500000]", second=2)})) == [("merged", None)]
    assert verdicts(post({"pipe1": record("flow_rate", "[0.125000]")})) == [("duplicate", None)]
    (row,) = rows(db, router.devices[0])
    assert (row["flow_rate"], row["level"], row["created_at"]) == (450.0, 1.5, NOW)


def test_a_backlog_of_two_meters_goes_where_it_belongs(post: Post, db: Database, router: Plant) -> None:
    start = int(NOW.timestamp()) - 600
    body = {
        "Modbus": [
            {
                "timestamp": str(start + 300 * poll + meter),
                "server_id": 1 + meter,
                "addr": 11,
                "data": f"[0.{poll}{meter}]",
            }
            for poll in (1, 2)
            for meter in (0, 1)
        ]
    }
    assert verdicts(post(gzip.compress(json.dumps(body).encode()))) == [("new", None)] * 4
    for meter, device in enumerate(router.devices):
        assert [row["flow_rate"] for row in rows(db, device)] == [float(f"0.{poll}{meter}") * 3600 for poll in (1, 2)]


def test_a_zero_is_a_reading_and_only_zeros_are_a_ghost(post: Post, db: Database, router: Plant) -> None:
    post([record("flow_rate", "[0.000000]", server_id=1), record("totalizer", "[0.000000]", server_id=1),
          record("flow_rate", "[0.000000]", server_id=2), record("totalizer", "[123.0]", server_id=2)])  # fmt: skip
    assert [row["quality"] for row in rows(db, router.devices[0])] == ["bad"]
    assert [row["quality"] for row in rows(db, router.devices[1])] == ["good"]


def test_a_body_of_unmapped_registers_held_no_reading(post: Post, db: Database, router: Plant) -> None:
    body = {"pipe1": {"full_addr": "300099", "data": "[1.000000]"}}
    answer = post(body)
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    (letter,) = letters(db, router)
    assert (letter["reason"], json.loads(bytes(letter["body"]))) == ("unmapped_register", [body])  # type: ignore[call-overload] # bytea
    assert letter["detail"] == f"300099 of {router.devices[0]} (nivus_750@1)"


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"pipe1":[]}'])
def test_an_empty_body_is_contact_of_the_gateway(post: Post, db: Database, router: Plant, body: bytes) -> None:
    assert post(body).json()["results"] == []
    assert gateway_of(db, router)["last_seen"] is not None


def test_nobody_is_a_default_device(post: Post, db: Database, router: Plant) -> None:
    body = [{"full_addr": "300011", "data": "[0.125000]"}]
    answer = post(body)
    assert (answer.status_code, verdicts(answer)) == (422, [("rejected", "missing_device_id")])
    assert [letter["reason"] for letter in letters(db, router)] == ["missing_device_id"]
    assert verdicts(post(body, **{"x-device-id": router.devices[1]})) == [("new", None)]
    assert [row["flow_rate"] for row in rows(db, router.devices[1])] == [450.0]


def test_a_body_that_cannot_be_unpacked_is_kept(post: Post, db: Database, router: Plant) -> None:
    body = gzip.compress(b"[]" * 50)[:-4]
    assert post(body, **{"Content-Encoding": "gzip"}).status_code == 400
    assert post(gzip.compress(b" " * 50_000_000), **{"Content-Encoding": "gzip"}).status_code == 413
    assert post(body, **{"Content-Encoding": "br"}).status_code == 415
    (kept,) = db.execute(
        "select body, headers from public.ingest_dead_letters where api_key_id = %s", [router.api_key_id]
    ).fetchall()
    assert kept == {"body": body, "headers": {"content-encoding": "gzip"}}


def test_the_same_meter_by_every_road_has_the_same_flow(
    post: Post, client: httpx.Client, db: Database, router: Plant
) -> None:
    at = [(NOW + timedelta(minutes=-number)).isoformat() for number in range(4)]
    device = router.devices[0]
    post({"pipe1": {"date_iso_8601": at[0], "full_addr": "300011", "data": "[0.123456]"}})
    post({"device_id": device, "created_at": at[1], "flow_rate": 444.4416})
    made = db.execute(
        "select api_key_id, api_key from public.create_api_key('m3/s', %s, null)", [router.organization_id]
    ).fetchone()
    assert made is not None
    db.execute('update public.api_keys set flat_units = \'{"flow_rate": "m3/s"}\' where id = %s', [made["api_key_id"]])
    headers = {"x-api-key": str(made["api_key"])}
    client.post("/api/ingest", headers=headers, json={"device_id": device, "created_at": at[2], "flow_rate": 0.123456})
    # A record keeps its profile's unit, whatever the key says of flat readings.
    client.post(
        "/api/ingest", headers=headers,
        json=[{"device_id": device, "timestamp": at[3], "name": "flow_rate", "data": "[0.123456]"}],
    )  # fmt: skip
    assert [row["flow_rate"] for row in rows(db, device)] == [444.4416] * 4


def replay(stack: Stack, *arguments: str) -> str:
    done = flask(stack, "replay-dead-letters", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def waiting(db: Database, plant: Plant) -> list[dict[str, object]]:
    return db.execute(
        "select id::text, reason, replayed_at is not null as replayed from public.ingest_dead_letters"
        " where api_key_id = %s order by ingest_dead_letters.id",
        [plant.api_key_id],
    ).fetchall()


def test_a_meter_that_is_registered_later_gets_its_history(
    post: Post, db: Database, stack: Stack, router: Plant
) -> None:
    late = f"LATE_{router.devices[0]}"
    body = [record(name, data, server_name=late) for name, data in (("flow_rate", "[0.125000]"), ("level", "[1.5]"))]
    assert verdicts(post(body)) == [("rejected", "unknown_device")] * 2
    (letter,) = waiting(db, router)

    assert "still unknown_device" in replay(stack, "--id", str(letter["id"]))
    assert waiting(db, router) == [letter]

    db.execute(
        "insert into public.devices (device_id, organization_id, profile) values (%s, %s, 'nivus_750')",
        [late, router.organization_id],
    )
    assert "1 reading" in replay(stack, "--id", str(letter["id"]), "--dry-run")
    assert rows(db, late) == []
    assert "1 new" in replay(stack, "--id", str(letter["id"]))
    assert [(row["flow_rate"], row["level"], row["created_at"]) for row in rows(db, late)] == [(450.0, 1.5, NOW)]
    assert waiting(db, router) == [{**letter, "replayed": True}]
    assert replay(stack, "--id", str(letter["id"])) == ""
    assert len(rows(db, late)) == 1


def test_registers_are_read_once_a_profile_knows_them(post: Post, db: Database, stack: Stack, router: Plant) -> None:
    device = router.devices[0]
    db.execute("update public.devices set profile = null where device_id = %s", [device])
    # Untimed: its time is when it came, also after the replay.
    body = [{"device_id": device, "full_addr": "400001", "data": "[125]"},
            {"device_id": device, "full_addr": "400099", "data": "[7]"}]  # fmt: skip
    assert post(body).json()["results"] == []
    (letter,) = waiting(db, router)
    profile = f"p{router.devices[0].lower()}"
    made = db.execute(
        "insert into public.register_profiles (organization_id, name, model) values (%s, %s, 'x') returning id",
        [router.organization_id, profile],
    ).fetchone()
    assert made is not None
    db.execute(
        "insert into public.register_profile_registers"
        " (profile_id, metric, function_code, address, type, scale, source_unit)"
        " values (%s, 'flow_rate', 3, 0, 'int16', 3.6, 'l/s')",
        [made["id"]],
    )
    db.execute("update public.register_profiles set published_at = now() where id = %s", [made["id"]])
    db.execute("update public.devices set profile = %s where device_id = %s", [profile, device])

    said = replay(stack, "--id", str(letter["id"]))
    assert "1 new; a new letter for what is unmapped_register" in said
    (row,) = rows(db, device)
    received = db.execute("select received_at from public.ingest_dead_letters where id = %s", [letter["id"]]).fetchone()
    assert received is not None
    assert (row["flow_rate"], row["created_at"]) == (450.0, received["received_at"])

    # What is left has a letter of its own, which stays as it is however often it is tried.
    after = waiting(db, router)
    assert [(one["reason"], one["replayed"]) for one in after] == [
        ("unmapped_register", True), ("unmapped_register", False),
    ]  # fmt: skip
    for _ in range(2):
        assert "still unmapped_register" in replay(stack, "--id", str(after[1]["id"]))
    assert waiting(db, router) == after


def test_a_body_of_a_lost_key_stays(post: Post, db: Database, stack: Stack, router: Plant) -> None:
    post(b"[")
    (letter,) = waiting(db, router)
    assert "must be a JSON" in replay(stack, "--reason", "invalid_json", "--since", NOW.isoformat())
    db.execute("update public.api_keys set revoked_at = now() where id = %s", [router.api_key_id])
    db.execute(
        "update public.ingest_dead_letters set received_at = now() + interval '1 hour' where id = %s", [letter["id"]]
    )
    assert "its key is gone or was not good" in replay(stack, "--id", str(letter["id"]))
    assert waiting(db, router) == [letter]


def test_what_the_database_refused_is_replayed_in_our_units(
    client: httpx.Client, db: Database, stack: Stack, router: Plant, stack_admin: psycopg.Connection
) -> None:
    """The letter holds what was converted already: it must not be converted again."""
    device = router.devices[0]
    db.execute('update public.api_keys set flat_units = \'{"flow_rate": "m3/s"}\' where id = %s', [router.api_key_id])
    name = f"refuse_{router.api_key_id[:8]}"
    stack_admin.execute(
        psycopg.sql.SQL("alter table public.flow_data add constraint {} check (device_id <> {}) not valid").format(
            psycopg.sql.Identifier(name), psycopg.sql.Literal(device)
        )
    )
    try:
        answer = client.post("/api/ingest", headers=router.headers, json={"device_id": device, "flow_rate": 0.125})
        assert verdicts(answer) == [("rejected", "invalid_value")]
        (letter,) = waiting(db, router)
        for _ in range(2):
            assert "still invalid_value" in replay(stack, "--id", str(letter["id"]))
        assert waiting(db, router) == [letter]
    finally:
        stack_admin.execute(
            psycopg.sql.SQL("alter table public.flow_data drop constraint {}").format(psycopg.sql.Identifier(name))
        )
    assert "1 new" in replay(stack, "--id", str(letter["id"]))
    assert [row["flow_rate"] for row in rows(db, device)] == [450.0]
    assert replay(stack, "--id", str(letter["id"])) == ""
