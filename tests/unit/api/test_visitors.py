"""Where a caller comes from; what callers write there themselves is not believed."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network

import pytest
from flask.testing import FlaskClient

from fluxio_api.visitors import client_address

from .conftest import Shelf

PROXIES = tuple(map(ip_network, ("10.0.0.0/8", "127.0.0.1/32", "2001:db8:1::/48")))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1, 10.0.0.1", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " ", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("2001:db8:1::5", "[2001:db8:2::1]:443", "2001:db8:2::1"),
        ("2001:db8:1::5", "2001:db8:2::1", "2001:db8:2::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("10.0.0.1", "198.51.100.1, unknown", None),
        ("10.0.0.1", "198.51.100.1,", None),
        ("10.0.0.1", "\xff", None),
        ("", "198.51.100.1", None),
        (None, "", None),
    ],
)
def test_an_address_is_the_nearest_that_is_no_trusted_proxy(
    peer: str | None, forwarded_for: str, expected: str | None
) -> None:
    found = client_address(peer, forwarded_for, PROXIES)
    assert found == (None if expected is None else ip_address(expected))


def test_without_trusted_proxies_the_connection_counts() -> None:
    assert client_address("127.0.0.1", "198.51.100.1", ()) == ip_address("127.0.0.1")


@pytest.fixture
def limited(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client(unknown_key_limit="3 per minute", trusted_proxies="127.0.0.1")


def post(client: FlaskClient, key: str, address: str) -> int:
    answer = client.post("/api/ingest", data="[]", headers={"x-api-key": key, "X-Forwarded-For": address})
    if answer.status_code == 429:
        assert (answer.mimetype, answer.get_json()["code"]) == ("application/problem+json", "rate_limited")
        assert int(answer.headers["Retry-After"]) > 0
    return answer.status_code


def test_an_address_may_try_only_so_many_unknown_keys(limited: FlaskClient, shelf: Shelf) -> None:
    assert [post(limited, f"guess-{number}", "198.51.100.1") for number in range(5)] == [401, 401, 401, 429, 429]
    assert len(shelf.asked) == 3, "a refused key is not looked up"
    assert post(limited, "guess-9", "198.51.100.2") == 401, "another address is not concerned"
    assert [post(limited, "a,b", "198.51.100.1"), post(limited, "ä", "198.51.100.1")] == [401, 401]


def test_one_wrong_key_is_one_try_however_often_it_comes(limited: FlaskClient, shelf: Shelf) -> None:
    assert [post(limited, "mistyped", "198.51.100.1") for _ in range(20)] == [401] * 20
    assert len(shelf.asked) == 1


def test_an_ipv6_site_is_one_address(limited: FlaskClient) -> None:
    answers = [post(limited, f"guess-{number}", f"2001:db8:9:1::{number}") for number in range(4)]
    assert answers == [401, 401, 401, 429]
    assert post(limited, "guess-5", "2001:db8:9:2::1") == 401


def test_a_key_that_was_good_is_let_in_beside_a_flood(limited: FlaskClient, shelf: Shelf) -> None:
    shelf.good.add("good-key")
    assert post(limited, "good-key", "198.51.100.1") == 200
    for number in range(5):
        post(limited, f"guess-{number}", "198.51.100.1")
    assert post(limited, "good-key", "198.51.100.1") == 200
