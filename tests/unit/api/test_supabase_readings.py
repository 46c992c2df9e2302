"""Faults between the API and Supabase that are hard to make for real, on the wire that supabase-py writes."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr

from fluxio_api.people.ports import Query
from fluxio_api.problems import TimedOut, Unavailable
from fluxio_api.settings import Settings
from fluxio_api.stores.keys import SupabaseKeys
from fluxio_api.stores.person import SupabasePeople
from fluxio_api.stores.readings import SupabaseReadings
from fluxio_api.stores.upstream import Upstream

SETTINGS = Settings.model_validate(
    {
        "supabase_url": "http://db.test",
        "supabase_anon_key": "sb_publishable_x",
        "supabase_service_role_key": SecretStr("sb_secret_x"),
    }
)
ELEMENTS: list[dict[str, object]] = [
    {"device_id": f"D{number}", "received_at": "2026-03-01T12:00:00+00:00", "api_key_id": None} for number in range(7)
]

Script = Callable[[httpx.Request], httpx.Response]


class Wire:
    """What goes over the wire; `scripts` answer one request each, then every element is new."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.poison: set[str] = set()
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.scripts:
            return self.scripts.pop(0)(request)
        body = json.loads(request.content)
        if request.url.path.endswith("/record_dead_letter"):
            return httpx.Response(200, json=1)
        if any(element["device_id"] in self.poison for element in body["readings"]):
            return refusal("22023")(request)
        return httpx.Response(200, json=[row(index, element) for index, element in enumerate(body["readings"])][::-1])

    def store(self) -> SupabaseReadings:
        return SupabaseReadings(Upstream(SETTINGS, transport=httpx.MockTransport(self)))

    def names(self) -> list[str]:
        return [request.url.path.rsplit("/", 1)[1] for request in self.requests]


def row(index: int, element: dict[str, object]) -> dict[str, object]:
    return {"index": index, "device_id": element["device_id"], "created_at": None, "verdict": "new"}


def refusal(code: str, status: int = 400) -> Script:
    return lambda request: httpx.Response(status, json={"code": code, "message": "m", "details": None, "hint": None})


def fails(error: type[httpx.TransportError]) -> Script:
    def script(request: httpx.Request) -> httpx.Response:
        raise error("x")

    return script


def test_verdicts_come_in_the_order_of_the_elements() -> None:
    judged = Wire().store().store(ELEMENTS)
    assert [one.device_id for one in judged] == [f"D{number}" for number in range(7)]


def test_no_elements_are_no_call() -> None:
    wire = Wire()
    assert wire.store().store([]) == []
    assert wire.requests == []


@pytest.mark.parametrize("code", ["40P01", "40001"])
def test_a_lost_race_is_run_again_unchanged(code: str) -> None:
    wire = Wire(refusal(code, 500), refusal(code, 500))
    assert len(wire.store().store(ELEMENTS)) == 7
    assert len({request.content for request in wire.requests}) == 1
    assert len(wire.requests) == 3


def test_races_that_never_end_are_503() -> None:
    wire = Wire(*[refusal("40P01")] * 50)
    with pytest.raises(Unavailable):
        wire.store().store(ELEMENTS)
    assert len(wire.requests) == 6


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (httpx.ConnectError, 2),
        (httpx.ReadError, 2),
        (httpx.RemoteProtocolError, 2),
        (httpx.ReadTimeout, 1),
        (httpx.ConnectTimeout, 1),
        (httpx.PoolTimeout, 1),
    ],
)
def test_a_broken_connection_is_tried_once_more_and_a_timeout_is_not(
    error: type[httpx.TransportError], calls: int
) -> None:
    wire = Wire(*[fails(error)] * 3)
    with pytest.raises(Unavailable):
        wire.store().store(ELEMENTS)
    assert len(wire.requests) == calls


@pytest.mark.parametrize(
    "script",
    [
        refusal("PGRST002", 503),
        refusal("PGRST202", 404),
        refusal("PGRST301", 401),
        refusal("42501", 403),
        refusal("57014", 500),
        refusal("SUP", 500),
        lambda request: httpx.Response(502, text="<html>bad gateway</html>"),
        lambda request: httpx.Response(401, json={"message": "Invalid API key"}),
        lambda request: httpx.Response(200, text="not json"),
        lambda request: httpx.Response(200, json=[row(0, ELEMENTS[0])]),
        lambda request: httpx.Response(200, json=[{"index": 0}]),
        lambda request: httpx.Response(307, headers={"Location": "http://elsewhere.test/"}),
    ],
)
def test_anything_that_is_not_the_readings_fault_is_503(script: Script) -> None:
    with pytest.raises(Unavailable):
        Wire(script).store().store(ELEMENTS)


def test_bad_readings_are_found_kept_and_rejected() -> None:
    wire = Wire()
    wire.poison = {"D2", "D6"}
    judged = wire.store().store(ELEMENTS)
    assert [one.verdict for one in judged] == ["new", "new", "rejected", "new", "new", "new", "rejected"]
    assert [one.device_id for one in judged] == [f"D{number}" for number in range(7)]
    assert wire.names().count("record_dead_letter") == 2


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    store = Wire(*[fails(httpx.ReadTimeout)] * 5).store()
    with caplog.at_level(logging.INFO, "fluxio_api.stores.upstream"):
        for _ in range(5):
            with pytest.raises(Unavailable):
                store.store(ELEMENTS)
        store.store(ELEMENTS)
        store.store(ELEMENTS)
    assert [record.getMessage() for record in caplog.records] == [
        "Supabase is away: ReadTimeout",
        "Supabase is back",
    ]


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(429, text="slow down"), httpx.Response(404, html="<p>"), httpx.Response(200, html="<p>Log in</p>")],
)
def test_what_a_proxy_says_is_no_refusal_of_the_databases(answer: httpx.Response) -> None:
    upstream = Upstream(SETTINGS, transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(Unavailable):
        SupabaseKeys(upstream).find("00")
    with pytest.raises(Unavailable):
        SupabasePeople(upstream)("token").rows(Query("alerts", (("id", False),), limit=1))


@pytest.mark.parametrize(
    "late", [httpx.ReadTimeout("no answer"), httpx.Response(500, json={"code": "57014", "message": "canceled"})]
)
def test_what_takes_too_long_is_a_timeout_to_a_person_and_an_outage_to_a_gateway(
    late: httpx.Response | Exception,
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        if isinstance(late, Exception):
            raise late
        return late

    upstream = Upstream(SETTINGS, transport=httpx.MockTransport(answer))
    with pytest.raises(TimedOut):
        SupabasePeople(upstream)("token").rows(Query("alerts", (("id", False),), limit=1))
    with pytest.raises(Unavailable):
        SupabaseReadings(upstream).store(ELEMENTS)
