"""What a gateway's key is limited to, through the API."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from fluxio_local.ports import HOST
from fluxio_local.stack import Stack
from support.api_server import ApiServer, running_api

from .conftest import DEFAULT_ORGANIZATION, KEY_CACHE_S, SHARED_KEY, Database, MakePlant, Plant, SignIn, rows
from .test_ingest import minutes_ago, verdicts


@pytest.fixture(scope="module")
def proxied_api(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API that believes what a proxy on this machine says."""
    directory = tmp_path_factory.mktemp("proxied")
    with running_api(
        stack, directory, FLUXIO_TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8", FLUXIO_KEY_CACHE_S=str(KEY_CACHE_S)
    ) as server:
        yield server


def post(url: str, plant: Plant, **headers: str) -> httpx.Response:
    body = {"device_id": plant.devices[0], "flow_rate": 1, "created_at": minutes_ago(1)}
    return httpx.post(f"{url}/api/ingest", json=body, headers={**plant.headers, **headers}, timeout=30)


def eventually(ask: Callable[[], bool]) -> bool:
    """Whether it comes true before the key cache must have forgotten, with as much again for a slow machine."""
    deadline = time.monotonic() + 2 * KEY_CACHE_S + 5
    while not ask():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def stack_away(stack: Stack) -> Iterator[None]:
    """Within, nothing can be looked up."""
    stack.kill_gateway()
    try:
        yield
    finally:
        stack.restart_gateway()


def limit(db: Database, plant: Plant, *networks: str) -> None:
    db.execute(
        "update public.api_keys set allowed_networks = %s::cidr[] where id = %s",
        [list(networks) or None, plant.api_key_id],
    )


def shape(answer: httpx.Response) -> tuple[object, ...]:
    """Everything of a refusal but what differs from request to request."""
    document = answer.json()
    document.pop("request_id")
    names = sorted(name for name in answer.headers if name not in {"date", "x-request-id"})
    return answer.status_code, document, [(name, answer.headers[name]) for name in names]


# Networks ---------------------------------------------------------------------------------------------------------


def test_a_key_from_a_wrong_network_is_like_no_key(api: ApiServer, db: Database, plant: Plant) -> None:
    limit(db, plant, "192.0.2.0/24", "2001:db8::/32")
    refused = post(api.url, plant)
    nobody = httpx.post(f"{api.url}/api/ingest", json={}, headers={"x-api-key": "flx_of_nobody"})
    assert refused.status_code == 401
    assert shape(refused) == shape(nobody)
    assert rows(db, plant.devices[0]) == []


def test_a_key_from_its_network_is_good(api: ApiServer, db: Database, plant: Plant) -> None:
    limit(db, plant, "192.0.2.0/24", "127.0.0.0/8")
    assert post(api.url, plant).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X_Forwarded_For", "True-Client-IP"])
def test_a_caller_cannot_say_where_it_comes_from(api: ApiServer, db: Database, plant: Plant, header: str) -> None:
    limit(db, plant, "192.0.2.0/24")
    assert (
        post(api.url, plant, **{header: "for=192.0.2.7" if header == "Forwarded" else "192.0.2.7"}).status_code == 401
    )


@pytest.mark.parametrize(
    ("forwarded_for", "status"),
    [
        ("192.0.2.7", 200),
        ("203.0.113.1, 192.0.2.7", 200),
        ("192.0.2.7, 10.1.2.3", 200),
        ("192.0.2.7:5123", 200),
        ("198.51.100.1", 401),
        ("192.0.2.7, 198.51.100.1", 401),
        ("192.0.2.7, 198.51.100.1, 10.1.2.3", 401),
        ("nonsense", 401),
        ("", 401),
    ],
)
def test_a_trusted_proxy_says_where_the_caller_comes_from(
    proxied_api: ApiServer, db: Database, plant: Plant, forwarded_for: str, status: int
) -> None:
    limit(db, plant, "192.0.2.0/24")
    assert post(proxied_api.url, plant, **{"X-Forwarded-For": forwarded_for}).status_code == status


def test_two_forwarded_headers_are_one_list(proxied_api: ApiServer, db: Database, plant: Plant) -> None:
    limit(db, plant, "192.0.2.0/24")
    forwarded = [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-For", "198.51.100.1")]
    answer = httpx.post(f"{proxied_api.url}/api/ingest", json={}, headers=[*plant.headers.items(), *forwarded])
    assert answer.status_code == 401, "the proxy's own, which is the last, counts"


def test_a_network_taken_away_counts_within_the_cache_time(api: ApiServer, db: Database, plant: Plant) -> None:
    assert post(api.url, plant).status_code == 200
    limit(db, plant, "192.0.2.0/24")
    assert eventually(lambda: post(api.url, plant).status_code == 401)
    limit(db, plant)
    assert eventually(lambda: post(api.url, plant).status_code == 200)


def test_an_admin_limits_and_rotates_a_key_by_rest(
    stack: Stack, api: ApiServer, db: Database, plant: Plant, sign_in: SignIn
) -> None:
    admin = {"apikey": stack.anon_key, **sign_in(plant.organization_id, "admin")}
    limited = httpx.patch(
        f"{stack.url}/rest/v1/api_keys?id=eq.{plant.api_key_id}&select=id,allowed_networks",
        json={"allowed_networks": ["192.0.2.0/24"]},
        headers={**admin, "Prefer": "return=representation"},
    )
    assert limited.json() == [{"id": plant.api_key_id, "allowed_networks": ["192.0.2.0/24"]}]
    rotated = httpx.post(
        f"{stack.url}/rest/v1/rpc/rotate_api_key", json={"api_key_id": plant.api_key_id}, headers=admin
    ).json()[0]
    successor = Plant(plant.organization_id, plant.devices, rotated["api_key"], rotated["new_api_key_id"])
    assert post(api.url, successor).status_code == 401
    limit(db, successor, "127.0.0.1")
    assert eventually(lambda: post(api.url, successor).status_code == 200)


# Scope, expiry, use -------------------------------------------------------------------------------------------------


def test_a_gateways_keys_write_its_devices_and_rotate_without_a_gap(
    api: ApiServer, db: Database, make_plant: MakePlant
) -> None:
    plant = make_plant(2, only=1)
    rotated = db.execute(
        "select api_key, new_api_key_id::text from public.rotate_api_key(%s, interval '1 hour')", [plant.api_key_id]
    ).fetchone()
    assert rotated is not None
    body = [{"device_id": device, "flow_rate": 1} for device in plant.devices]
    for key in (plant.key, str(rotated["api_key"])):
        answer = httpx.post(f"{api.url}/api/ingest", json=body, headers={"x-api-key": key}, timeout=30)
        assert [verdict for _, verdict in verdicts(answer)] == [None, "unknown_device"]


def test_a_key_ends_when_it_expires(api: ApiServer, db: Database, plant: Plant) -> None:
    assert post(api.url, plant).status_code == 200
    db.execute(
        "update public.api_keys set expires_at = now() + interval '1500 milliseconds' where id = %s", [plant.api_key_id]
    )
    assert eventually(lambda: post(api.url, plant).status_code == 401)
    ends = db.execute("select expires_at <= now() as is_over from public.api_keys where id = %s", [plant.api_key_id])
    assert ends.fetchone() == {"is_over": True}


def test_the_use_of_a_key_is_noted_once_a_minute(api: ApiServer, db: Database, plant: Plant) -> None:
    def noted() -> datetime | None:
        found = db.execute("select last_used_at from public.api_keys where id = %s", [plant.api_key_id]).fetchone()
        assert found is not None
        return found["last_used_at"]  # type: ignore[return-value] # timestamptz

    assert noted() is None
    post(api.url, plant)
    first = noted()
    assert first is not None
    assert abs(datetime.now(UTC) - first) < timedelta(seconds=30)
    time.sleep(KEY_CACHE_S + 0.2)
    post(api.url, plant)
    assert noted() == first, "looked up again, and not written again"
    db.execute(
        "update public.api_keys set last_used_at = now() - interval '61 seconds' where id = %s", [plant.api_key_id]
    )
    time.sleep(KEY_CACHE_S + 0.2)
    post(api.url, plant)
    later = noted()
    assert later is not None
    assert later >= first


def test_nobody_waits_to_note_a_use(api: ApiServer, db: Database, plant: Plant) -> None:
    with db.transaction():
        db.execute("select from public.api_keys where id = %s for no key update", [plant.api_key_id])
        assert post(api.url, plant).status_code == 200


# Wrong ones ---------------------------------------------------------------------------------------------------------

#: Well formed, so only the database can tell.
UNKNOWN = b"flx_00000000_" + b"0" * 64

WRONG_KEYS: list[list[tuple[bytes, bytes]]] = [
    [],
    [(b"x-api-key", b"")],
    [(b"x-api-key", UNKNOWN)],
    [(b"x-api-key", b"x" * 60_000)],
    [(b"x-api-key", bytes(range(128, 256)))],
    [(b"x-api-key", "schlüssel".encode())],
    [(b"x-api-key", b"tab\tinside")],
    [(b"x-api-key", b"one"), (b"x-api-key", b"two")],
    [(b"x-api-key", UNKNOWN), (b"Authorization", b"Bearer " + SHARED_KEY.encode())],
    [(b"Authorization", b"Basic " + SHARED_KEY.encode())],
    [(b"Authorization", b"Bearer")],
    [(b"Authorization", SHARED_KEY.encode())],
    [(b"Authorization", b"Bearer \xff\xfe")],
]


@pytest.mark.parametrize("headers", WRONG_KEYS, ids=lambda headers: repr(headers)[:30])
def test_every_wrong_key_is_answered_alike(api: ApiServer, headers: list[tuple[bytes, bytes]]) -> None:
    answer = httpx.post(f"{api.url}/api/ingest", content=b"{}", headers=headers)
    assert shape(answer) == shape(httpx.post(f"{api.url}/api/ingest", content=b"{}", headers={"x-api-key": "flx_no"}))


@pytest.mark.parametrize("key", [b"good", b"shared"])
def test_a_good_key_twice_is_no_key(api: ApiServer, plant: Plant, key: bytes) -> None:
    value = plant.key.encode() if key == b"good" else SHARED_KEY.encode()
    headers = [(b"x-api-key", value), (b"x-api-key", value)]
    assert httpx.post(f"{api.url}/api/ingest", content=b"{}", headers=headers).status_code == 401


def test_malformed_keys_are_not_looked_up(stack: Stack, api: ApiServer) -> None:
    time.sleep(KEY_CACHE_S + 0.2)  # until the API has forgotten that UNKNOWN is unknown
    with stack_away(stack):
        for headers in WRONG_KEYS:
            answer = httpx.post(f"{api.url}/api/ingest", content=b"{}", headers=headers, timeout=30)
            assert answer.status_code == (503 if (b"x-api-key", UNKNOWN) in headers else 401), headers


def test_a_header_that_is_no_header_gets_an_answer(api: ApiServer) -> None:
    connection = http.client.HTTPConnection(HOST, api.port, timeout=10)
    try:
        connection.putrequest("POST", "/api/ingest", skip_accept_encoding=True)
        connection.putheader("x-api-key", "two", "lines")
        connection.endheaders(b"")
        assert connection.getresponse().status in {400, 401}
    finally:
        connection.close()


def test_the_shared_key_still_writes_from_anywhere(api: ApiServer, db: Database, make_plant: MakePlant) -> None:
    plant = make_plant(organization_id=DEFAULT_ORGANIZATION)
    answer = httpx.post(
        f"{api.url}/api/ingest",
        content=json.dumps({"device_id": plant.devices[0], "flow_rate": 1.5}),
        headers={"Authorization": f"Bearer {SHARED_KEY}", "X-Forwarded-For": "203.0.113.1"},
    )
    assert verdicts(answer) == [("new", None)]
