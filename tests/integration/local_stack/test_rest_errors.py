"""An error of the database has PostgREST's status and body (P5), and the log stays quiet (P12)."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Callable

import httpx
import pytest

from fluxio_local import ports
from fluxio_local.stack import Stack

Call = Callable[..., httpx.Response]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("P0001", 400),
        ("UNKDV", 400),
        ("23514", 400),
        ("23P01", 400),
        ("23503", 409),
        ("23505", 409),
        ("22023", 400),
        ("42501", 403),
        ("40001", 500),
        ("40P01", 500),
        ("57014", 500),
        ("53300", 503),
        ("PT418", 418),
    ],
)
def test_a_raised_sqlstate_keeps_its_words(probe: Stack, call: Call, code: str, status: int) -> None:
    answer = call("POST", "/rest/v1/rpc/probe_raise", json={"code": code})
    assert answer.status_code == status
    assert answer.json() == {"code": code, "message": "the message", "details": "the detail", "hint": "the hint"}


def test_a_check_violation_is_the_clients_fault(probe: Stack, call: Call) -> None:
    answer = call("POST", "/rest/v1/probe", json={"id": 7, "amount": -1})
    assert answer.status_code == httpx.codes.BAD_REQUEST
    body = answer.json()
    assert body["code"] == "23514"
    assert body["message"] == 'new row for relation "probe" violates check constraint "probe_amount_check"'
    assert set(body) == {"code", "message", "details", "hint"}


@pytest.mark.parametrize(
    ("body", "code"), [({"id": "x"}, "22P02"), ({"id": 7, "at": 5}, "22007"), ({"id": 7, "nope": 1}, "PGRST204")]
)
def test_a_bad_value_is_the_clients_fault(probe: Stack, call: Call, body: dict[str, object], code: str) -> None:
    answer = call("POST", "/rest/v1/probe", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_body_that_is_no_json_is_refused(probe: Stack, call: Call) -> None:
    answer = call("POST", "/rest/v1/probe", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")


def test_a_body_of_17_mb_is_refused(probe: Stack, call: Call) -> None:
    answer = call("POST", "/rest/v1/rpc/probe_elements", content=b" " * 17 * 1024 * 1024)
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


def test_the_log_holds_json_lines_and_no_client_errors(probe: Stack, call: Call) -> None:
    start = probe.gateway.process.log.stat().st_size
    call("POST", "/rest/v1/probe", json={"id": 7, "amount": -1})
    call("GET", "/rest/v1/no_such_table")
    call("POST", "/auth/v1/token?grant_type=password", json={"email": "nobody@fluxio.test", "password": "wrong"})
    assert probe.gateway.process.log.read_bytes()[start:] == b""
    call("POST", "/rest/v1/rpc/probe_raise", json={"code": "XX000"})
    [line] = probe.gateway.process.log.read_bytes()[start:].splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["path"], entry["status"]) == ("error", "/rpc/probe_raise", 500)


@pytest.mark.parametrize("path", ["/", "/_system/config", "/_system/introspect", "/storage/v1/bucket", "/restv1/x"])
def test_nothing_else_is_served(probe: Stack, call: Call, path: str) -> None:
    assert call("GET", path).status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("address", ["/rest/v1/../../_system/config", "/rest/v1/%2e%2e/%2e%2e/_system/config"])
def test_dots_in_an_address_lead_to_nothing_else(probe: Stack, address: str) -> None:
    # On a bare connection: clients take the dots out themselves.
    connection = http.client.HTTPConnection(ports.HOST, probe.state.port or 0, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", address, headers={"apikey": probe.service_role_key})
        assert connection.getresponse().status == httpx.codes.NOT_FOUND
