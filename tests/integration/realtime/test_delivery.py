"""Nothing is lost, nothing goes to the wrong person, also when much happens at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from .conftest import Connect, Database

Member = Callable[..., str]


def test_500_commits_reach_20_subscribers(
    client: Connect, db: Database, probe: str, asked: dict[str, Any], member: Member
) -> None:
    sockets = [client() for _ in range(20)]
    for number, socket in enumerate(sockets):
        socket.live("x", asked, access_token=member("A", sub=str(number)))
    for number in range(500):
        db.execute(f"insert into public.{probe} values (%s, 'A', 1)", [str(number)])
    for socket in sockets:
        assert [socket.change()["record"]["id"] for _ in range(500)] == [str(number) for number in range(500)]


def test_50_people_hear_50_changes_a_second_of_their_own_organization(
    client: Connect, db: Database, probe: str, asked: dict[str, Any], member: Member
) -> None:
    seconds, a_second = 3, 50
    sockets = {(number, number % 5): client() for number in range(50)}
    for (number, org), socket in sockets.items():
        socket.live("x", asked, access_token=member(str(org), sub=str(number)))
    begin = time.monotonic()
    for number in range(seconds * a_second):
        time.sleep(max(0.0, begin + number / a_second - time.monotonic()))
        db.execute(f"insert into public.{probe} values (%s, %s, 1)", [str(number), str(number % 5)])
    for (_, org), socket in sockets.items():
        heard = [socket.change()["record"]["id"] for _ in range(seconds * a_second // 5)]
        assert heard == [str(number) for number in range(org, seconds * a_second, 5)]
    for socket in sockets.values():
        assert socket.is_silent(0.01)


def test_a_large_transaction_arrives_whole(
    client: Connect, db: Database, probe: str, asked: dict[str, Any], member: Member
) -> None:
    socket = client()
    socket.live("x", asked, access_token=member("A"))
    db.execute(f"insert into public.{probe} select n, 'A', n from generate_series(1, 3000) as n")
    assert [socket.change()["record"]["value"] for _ in range(3000)] == list(range(1, 3001))


def test_a_transaction_beyond_the_bound_tells_every_channel_to_read_again(
    client: Connect, db: Database, probe: str, asked: dict[str, Any], member: Member
) -> None:
    socket = client()
    socket.live("x", asked | {"filter": "id=eq.none"}, access_token=member("A"))
    db.execute(f"insert into public.{probe} select n, 'A', n from generate_series(1, 25000) as n")
    assert socket.wait_for("system")["message"] == "Subscribed to PostgreSQL"


def test_a_client_that_does_not_read_is_cut_off_and_others_are_served(
    client: Connect, db: Database, probe: str, asked: dict[str, Any], member: Member
) -> None:
    db.execute(f"grant select on public.{probe} to authenticated")
    reader, sleeper = client(), client(max_queue=1)
    for socket in (reader, sleeper):
        socket.live("x", asked, access_token=member("A"))
    for number in range(30):
        db.execute(f"insert into public.{probe} values (%s, 'A', 1, repeat('x', 900000))", [str(number)])
        assert reader.change()["record"]["id"] == str(number)
    with pytest.raises(ConnectionClosedError):
        sleeper.wait_for("never")
