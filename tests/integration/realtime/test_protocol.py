"""Messages as they are on the wire, in both versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from fluxio_local.stack import Stack
from support.realtime import open_socket, token

from .conftest import Connect, Database

BROADCAST = {"broadcast": {"ack": False, "self": False}, "presence": {"key": "", "enabled": False}, "private": False}


def test_version_2(client: Connect, db: Database, probe: str, member: Callable[..., str]) -> None:
    socket, topic = client(), "realtime:x"
    binding = {"event": "*", "schema": "public", "table": probe, "filter": "value=gt.1"}
    config = BROADCAST | {"postgres_changes": [binding]}
    socket.send("6", "7", topic, "phx_join", {"config": config, "access_token": member("A")})
    reply = socket.text()
    number = json.loads(reply)[4]["response"]["postgres_changes"][0]["id"]
    assert isinstance(number, int)
    assert number > 0
    bindings = [binding | {"id": number}]
    assert reply == _compact(
        ["6", "7", topic, "phx_reply", {"response": {"postgres_changes": bindings}, "status": "ok"}]
    )
    system = {
        "channel": "x", "extension": "postgres_changes", "message": "Subscribed to PostgreSQL", "status": "ok",
    }  # fmt: skip
    assert socket.text() == _compact(["6", None, topic, "system", system])

    db.execute(f"insert into public.{probe} values ('k', 'A', 2.5, 'h')")
    change = socket.text()
    data = _data(probe, json.loads(change)[4]["data"]["commit_timestamp"])
    assert change == _compact([None, None, topic, "postgres_changes", {"data": data, "ids": [number]}])

    socket.send(None, "8", "phoenix", "heartbeat", {})
    assert socket.text() == _compact([None, "8", "phoenix", "phx_reply", {"response": {}, "status": "ok"}])
    socket.send("6", "9", topic, "phx_leave", {})
    assert socket.text() == _compact(["6", "9", topic, "phx_reply", {"response": {}, "status": "ok"}])
    assert socket.text() == _compact(["6", "6", topic, "phx_close", {}])


def test_version_1(client: Connect, db: Database, probe: str, member: Callable[..., str]) -> None:
    socket, topic = client("1.0.0"), "realtime:room"

    def send(event: str, payload: object, ref: str | None, topic: str = topic, join_ref: str | None = "1") -> None:
        message = {"event": event, "payload": payload, "topic": topic, "ref": ref, "join_ref": join_ref}
        socket.connection.send(json.dumps(message))

    def expected(event: str, payload: object, ref: str | None, topic: str = topic) -> str:
        return _compact({"event": event, "payload": payload, "ref": ref, "topic": topic})

    binding = {"event": "INSERT", "schema": "public", "table": probe}
    send("phx_join", {"config": BROADCAST | {"postgres_changes": [binding]}, "access_token": member("A")}, "1")
    reply = socket.text()
    number = json.loads(reply)["payload"]["response"]["postgres_changes"][0]["id"]
    ok = {"response": {"postgres_changes": [binding | {"id": number}]}, "status": "ok"}
    assert reply == expected("phx_reply", ok, "1")
    system = {
        "channel": "room", "extension": "postgres_changes", "message": "Subscribed to PostgreSQL", "status": "ok",
    }  # fmt: skip
    assert socket.text() == expected("system", system, None)
    db.execute(f"insert into public.{probe} values ('k', 'A', 2.5, 'h')")
    change = socket.text()
    data = _data(probe, json.loads(change)["payload"]["data"]["commit_timestamp"])
    assert change == expected("postgres_changes", {"data": data, "ids": [number]}, None)
    send("heartbeat", {}, None, "phoenix", None)
    assert socket.text() == expected("phx_reply", {"response": {}, "status": "ok"}, None, "phoenix")
    send("phx_leave", {}, "3")
    assert socket.text() == expected("phx_reply", {"response": {}, "status": "ok"}, "3")
    assert socket.text() == expected("phx_close", {}, "1")


def test_broadcast_frames(client: Connect) -> None:
    sender, receiver, old = client(), client(), client("1.0.0")
    for socket in (sender, receiver):
        socket.join("r")
    join = {"event": "phx_join", "payload": {"config": BROADCAST}, "topic": "realtime:r", "ref": "1", "join_ref": "1"}
    old.connection.send(json.dumps(join))
    old.text()
    texts = ("1", "2", "realtime:r", "shout", "")
    lengths = bytes(len(text) for text in texts)
    sender.connection.send(b"\x03" + lengths + b"\x01" + "".join(texts).encode() + b'{"a":"\xc3\xbc"}')
    frame = receiver.connection.recv(timeout=5)
    assert frame == b"\x04" + bytes([10, 5, 0, 1]) + b"realtime:rshout" + b'{"a":"\xc3\xbc"}'
    assert json.loads(old.text()) == {
        "event": "broadcast", "topic": "realtime:r", "ref": None,
        "payload": {"type": "broadcast", "event": "shout", "payload": {"a": "ü"}},
    }  # fmt: skip
    # Bytes have no form in version 1, and an announced length beyond the frame's end is no message.
    sender.connection.send(b"\x03" + lengths + b"\x00" + "".join(texts).encode() + b"\xff\x00")
    assert receiver.connection.recv(timeout=5) == b"\x04" + bytes([10, 5, 0, 0]) + b"realtime:rshout\xff\x00"
    sender.connection.send(b"\x03\xff\xff\xff\xff\xff\x01")
    assert old.is_silent(0.3)


def test_a_second_join_of_a_topic_closes_the_first(client: Connect) -> None:
    socket = client()
    socket.join("x")
    socket.send("5", "5", "realtime:x", "phx_join", {"config": {}})
    assert socket.message() == ["1", "1", "realtime:x", "phx_close", {}]
    assert socket.message()[4]["status"] == "ok"


def test_what_is_no_message_is_ignored(client: Connect) -> None:
    socket = client()
    for frame in ("", "{", "[]", "null", "7", '["1","1",5,"phx_join",{}]', '[1,2,"realtime:x","phx_join",[]]'):
        socket.connection.send(frame)
    socket.connection.send(b"\x00\x01")
    socket.connection.send(b"")
    socket.send(None, "1", "phoenix", "heartbeat", {})
    assert socket.message()[1] == "1"


@pytest.mark.parametrize(
    ("topic", "config", "reason"),
    [
        ("phoenix:x", {}, "unmatched topic"),
        ("realtime:", {}, "TopicNameRequired: You must provide a topic name"),
        (
            "realtime:x", {"private": True},
            "Unauthorized: You do not have permissions to read from this Channel topic: x",
        ),
    ],
)  # fmt: skip
def test_a_join_is_refused(client: Connect, topic: str, config: dict[str, object], reason: str) -> None:
    socket = client()
    socket.send("1", "1", topic, "phx_join", {"config": config})
    assert socket.message() == [
        "1", "1", topic, "phx_reply", {"response": {"reason": reason}, "status": "error"},
    ]  # fmt: skip


def test_a_socket_has_at_most_100_channels(client: Connect) -> None:
    socket = client()
    for number in range(100):
        assert socket.join(f"c{number}")["status"] == "ok"
    assert socket.join("one-more")["response"] == {"reason": "ChannelRateLimitReached: Too many channels"}


@pytest.mark.parametrize(
    ("make_key", "reason"),
    [
        (lambda _: "", "API key is missing"),
        (lambda _: "sb_publishable_of_another_project", "The token provided is not a valid JWT"),
        (lambda _: "a.b.c", "The token provided is not a valid JWT"),
        (lambda _: token("another secret", role="anon"), "Failed to validate JWT signature"),
        (lambda secret: token(secret, valid_s=-5), "Token has expired"),
    ],
)
def test_a_wrong_key_is_refused_before_the_upgrade(stack: Stack, make_key: Callable[[str], str], reason: str) -> None:
    with pytest.raises(InvalidStatus) as refused, open_socket(stack.url, make_key(stack.jwt_secret)):
        pass
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"") == {"error": reason}


def test_both_kinds_of_key_open_a_socket(stack: Stack, client: Connect) -> None:
    for key in (stack.anon_key, stack.anon_jwt, stack.service_role_key, stack.service_role_jwt):
        assert client(key=key).join("x")["status"] == "ok"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _data(table: str, commit_timestamp: str) -> dict[str, Any]:
    """An inserted row's data, members in their order."""
    assert len(commit_timestamp) == len("2026-11-22T09:23:36.863Z")
    return {
        "columns": [
            {"name": "id", "type": "text"}, {"name": "org", "type": "text"}, {"name": "value", "type": "float8"},
        ],
        "commit_timestamp": commit_timestamp,
        "errors": None,
        "record": {"id": "k", "org": "A", "value": 2.5},
        "schema": "public",
        "table": table,
        "type": "INSERT",
    }  # fmt: skip
