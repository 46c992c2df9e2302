"""A channel has the rights of its token, and lives as long."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from fluxio_local.stack import Stack
from support.realtime import token

from .conftest import Connect, Database

Asked = dict[str, object]


def test_an_expired_token_closes_the_channel(
    client: Connect, db: Database, probe: str, asked: Asked, member: Callable[..., str]
) -> None:
    socket = client()
    socket.live("x", asked, access_token=member("A", valid_s=2))
    system = socket.wait_for("system")
    assert re.fullmatch(r"Token has expired \d seconds ago", system.pop("message"))
    assert system == {"channel": "x", "extension": "system", "status": "error"}
    assert socket.message() == ["1", "1", "realtime:x", "phx_close", {}]
    db.execute(f"insert into public.{probe} values ('k', 'A')")
    assert socket.is_silent()


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"valid_s": -5}, r"InvalidJWTToken: Token has expired \d seconds ago"),
        ({"role": None}, "InvalidJWTToken: Fields `role` and `exp` are required in JWT"),
        ({"exp": "soon"}, "InvalidJWTToken: Fields `role` and `exp` are required in JWT"),
    ],
)
def test_a_bad_token_refuses_the_join(
    client: Connect, member: Callable[..., str], claims: dict[str, object], reason: str
) -> None:
    reply = client().join("x", access_token=member("A", **claims))
    assert reply["status"] == "error"
    assert re.fullmatch(reason, reply["response"]["reason"])


def test_a_foreign_signature_and_rubbish_refuse_the_join(client: Connect) -> None:
    socket = client()
    foreign = socket.join("x", access_token=token("another secret"))
    assert foreign["response"] == {"reason": "JwtSignatureError: Failed to validate JWT signature"}
    rubbish = socket.join("x", access_token="rubbish")
    assert rubbish["response"] == {"reason": "MalformedJWT: The token provided is not a valid JWT"}


def test_an_unsigned_token_is_refused(client: Connect, member: Callable[..., str]) -> None:
    _, body, _ = member("A").split(".")
    for signature in ("", "AAAA"):
        reply = client().join("x", access_token=f"eyJhbGciOiJub25lIn0.{body}.{signature}")
        assert reply["status"] == "error"


def test_a_new_token_subscribes_anew_without_a_reply(
    client: Connect, db: Database, probe: str, asked: Asked, member: Callable[..., str]
) -> None:
    socket = client()
    socket.live("x", asked, access_token=member("A"))
    socket.send("1", "2", "realtime:x", "access_token", {"access_token": member("B")})
    *_, event, payload = socket.message()
    assert (event, payload["message"]) == ("system", "Subscribed to PostgreSQL")
    db.execute(f"insert into public.{probe} values ('a', 'A'), ('b', 'B')")
    assert socket.change()["record"]["id"] == "b"


def test_keys_null_and_repeats_do_not_change_a_channel(
    stack: Stack, client: Connect, db: Database, probe: str, asked: Asked, member: Callable[..., str]
) -> None:
    socket, mine = client(), member("A")
    socket.live("x", asked, access_token=mine)
    for useless in (stack.anon_key, stack.service_role_key, None, mine):
        socket.send("1", "2", "realtime:x", "access_token", {"access_token": useless})
    db.execute(f"insert into public.{probe} values ('a', 'A')")
    assert socket.message()[4]["data"]["record"]["id"] == "a"


def test_a_bad_later_token_closes_the_channel(client: Connect, member: Callable[..., str]) -> None:
    socket = client()
    socket.join("x", access_token=member("A"))
    socket.send("1", "2", "realtime:x", "access_token", {"access_token": member("A", valid_s=-60)})
    assert re.fullmatch(r"Token has expired \d\d seconds ago", socket.wait_for("system")["message"])
    assert socket.message()[3] == "phx_close"


def test_a_role_that_does_not_exist_is_told_after_the_join(
    client: Connect, asked: Asked, member: Callable[..., str]
) -> None:
    socket = client()
    assert socket.join("x", asked, access_token=member("A", role="nobody-such"))["status"] == "ok"
    system = socket.wait_for("system")
    assert system["status"] == "error"
    assert system["message"].endswith('ERROR 42704 (undefined_object) role "nobody-such" does not exist')
