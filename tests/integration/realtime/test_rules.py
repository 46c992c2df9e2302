"""Who gets what of a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import Connect, Database

Asked = dict[str, Any]
Member = Callable[..., str]


def test_an_update_that_takes_the_row_away_is_not_told_and_its_delete_is_only_the_key(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    a, b = client(), client()
    a.live("x", asked, access_token=member("A"))
    b.live("x", asked, access_token=member("B"))
    db.execute(f"insert into public.{probe} values ('k', 'A', 1)")
    assert a.change()["type"] == "INSERT"
    db.execute(f"update public.{probe} set org = 'B', value = 2")
    change = b.change()
    assert (change["type"], change["old_record"]) == ("UPDATE", {"id": "k"})
    assert change["record"] == {"id": "k", "org": "B", "value": 2}
    db.execute(f"delete from public.{probe}")
    for socket in (a, b):
        change = socket.change()
        assert (change["type"], change["old_record"]) == ("DELETE", {"id": "k"})
        assert "record" not in change
        assert socket.is_silent(0.1)


def test_a_delete_shows_only_the_key_even_with_replica_identity_full(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    db.execute(f"alter table public.{probe} replica identity full")
    db.execute(f"insert into public.{probe} values ('k', 'A', 1, 'h')")
    socket, anonymous = client(), client()
    socket.live("x", asked | {"event": "DELETE"}, access_token=member("A"))
    anonymous.live("x", asked)
    db.execute(f"delete from public.{probe}")
    assert socket.change()["old_record"] == {"id": "k"}
    change = anonymous.change()
    assert (change["old_record"], change["columns"], change["errors"]) == ({}, [], None)


def test_a_role_without_the_key_column_gets_an_error(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    db.execute(f"revoke select on public.{probe} from authenticated")
    db.execute(f"grant select (value) on public.{probe} to authenticated")
    socket = client()
    socket.live("x", asked, access_token=member("A"))
    db.execute(f"insert into public.{probe} values ('k', 'A', 1)")
    unauthorized: dict[str, Any] = {
        "columns": [], "commit_timestamp": None, "errors": ["Error 401: Unauthorized"],
        "record": {}, "schema": "public", "table": probe, "type": "INSERT",
    }  # fmt: skip
    assert socket.change() == unauthorized
    db.execute(f"update public.{probe} set value = 2")
    assert socket.change() == unauthorized | {"type": "UPDATE", "old_record": {}}


def test_a_table_without_a_key_is_an_error_for_inserts(client: Connect, db: Database, probe: str, asked: Asked) -> None:
    db.execute(f"alter table public.{probe} drop constraint {probe}_pkey")
    socket = client()
    socket.live("x", asked)
    db.execute(f"insert into public.{probe} values ('k', 'A', 1)")
    assert socket.change()["errors"] == ["Error 400: Bad Request, no primary key"]


def test_select_narrows_the_record_and_keeps_the_key(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    socket = client()
    socket.live("x", asked | {"select": ["value"]}, access_token=member("A"))
    db.execute(f"insert into public.{probe} values ('k', 'A', 1)")
    change = socket.change()
    assert change["record"] == {"id": "k", "value": 1}
    assert [column["name"] for column in change["columns"]] == ["id", "value"]


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        ({"filter": "hidden=eq.h"}, "invalid column for filter hidden"),
        ({"select": ["hidden"]}, "invalid column for select hidden"),
        ({"table": "*", "select": ["id"]}, "Column selection is not supported for wildcard subscriptions"),
        ({"filter": "value=like.1"}, 'Error parsing `filter` params: ["like","1"]'),
        ({"filter": "value=not.eq.1"}, 'Error parsing `filter` params: ["not","eq.1"]'),
        ({"filter": "value=in.1,2"}, "`in` filter value must be wrapped by parentheses"),
        ({"filter": 5}, "No subscription params provided"),
        ({"table": None}, "No subscription params provided"),
    ],
)
def test_a_binding_is_refused_after_the_join(
    client: Connect, asked: Asked, member: Member, ask: Asked, expected: str
) -> None:
    socket = client()
    assert socket.join("x", asked | ask, access_token=member("A"))["status"] == "ok"
    system = socket.wait_for("system")
    assert (system["status"], system["extension"]) == ("error", "postgres_changes")
    assert expected in system["message"]


def test_a_table_with_a_stored_generated_column_is_refused(client: Connect, db: Database, asked: Asked) -> None:
    # Hosted Realtime sends such columns; pgoutput leaves them out, and a missing value must not pass unnoticed.
    db.execute(f"alter table public.{asked['table']} add twice double precision generated always as (value * 2) stored")
    socket = client()
    socket.join("x", asked)
    assert "has a stored generated column" in socket.wait_for("system")["message"]


def test_filters_take_quoted_values_and_judge_a_delete_by_its_key(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    listed, quoted, other = client(), client(), client()
    listed.live("x", asked | {"filter": 'id=in.("a,b",c),value=gte.1'}, access_token=member("A"))
    quoted.live("x", asked | {"filter": 'id=eq."a,b"'}, access_token=member("A"))
    other.live("x", asked | {"filter": "value=lt.5"}, access_token=member("A"))
    db.execute(f"insert into public.{probe} values ('a', 'A', 9), ('a,b', 'A', 9)")
    for socket in (listed, quoted):
        assert socket.change()["record"]["id"] == "a,b"
    db.execute(f"delete from public.{probe}")
    for socket in (listed, quoted):
        assert socket.change()["old_record"] == {"id": "a,b"}
    assert other.is_silent(0.2)


def test_values_come_as_postgres_renders_them(client: Connect, db: Database, probe: str, asked: Asked) -> None:
    db.execute(f"grant select on public.{probe} to anon")
    db.execute(f"alter table public.{probe} disable row level security")
    db.execute(
        f"alter table public.{probe} add a timestamptz, add b timestamp, add c numeric(20, 4), add d float4,"
        " add e bytea, add f jsonb, add g text[], add h bool, add i int8, add j date,"
        " add k uuid, add l int4range, add m char(3)"
    )
    socket = client()
    socket.live("x", asked)
    db.execute(
        f"insert into public.{probe} values ('k', E'quote\" \\n ü', 'NaN', null, '2026-11-22 10:00:00.25+02',"
        " '2026-11-22 10:00', 1.5, 'infinity', '\\x00ff', '{\"a\": [1, null]}', '{a,\"b c\",null}', true,"
        " 9007199254740993, '2026-11-22', '00000000-0000-0000-0000-0000000000ab', '[1,5)', 'x')"
    )
    frame = socket.text()
    assert '"i":9007199254740993' in frame
    socket.live("y", asked)
    db.execute(f"update public.{probe} set id = 'l'")
    change = socket.change()
    assert change["old_record"] == {"id": "k"}
    assert change["record"] == {
        "id": "l", "org": 'quote" \n ü', "value": None, "hidden": None,
        "a": "2026-11-22T08:00:00.25+00:00", "b": "2026-11-22T10:00:00", "c": 1.5, "d": None, "e": "00ff",
        "f": {"a": [1, None]}, "g": ["a", "b c", None], "h": True, "i": 9007199254740993, "j": "2026-11-22",
        "k": "00000000-0000-0000-0000-0000000000ab", "l": "[1,5)", "m": "x  ",
    }  # fmt: skip


def test_long_values_that_did_not_change_are_left_out_and_a_huge_row_is_cut(
    client: Connect, db: Database, probe: str, asked: Asked
) -> None:
    db.execute(f"grant select on public.{probe} to anon")
    db.execute(f"alter table public.{probe} disable row level security")
    db.execute(f"alter table public.{probe} alter hidden set storage external")
    db.execute(f"insert into public.{probe} values ('k', 'A', 1, repeat('x', 100000))")
    socket = client()
    socket.live("x", asked)
    db.execute(f"update public.{probe} set value = 2")
    assert socket.change()["record"] == {"id": "k", "org": "A", "value": 2}
    db.execute(f"update public.{probe} set hidden = repeat('y', 1100000)")
    change = socket.change()
    assert change["errors"] == ["Error 413: Payload Too Large"]
    assert change["record"] == {"id": "k", "org": "A", "value": 2}


def test_truncate_and_a_row_that_is_gone_are_not_told(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    socket = client()
    socket.live("x", asked, access_token=member("A"))
    with db.transaction():
        db.execute(f"insert into public.{probe} values ('brief', 'A', 1)")
        db.execute(f"delete from public.{probe}")
    assert socket.change()["type"] == "DELETE"
    db.execute(f"truncate public.{probe}")
    db.execute(f"insert into public.{probe} values ('k', 'A', 1)")
    assert socket.change()["record"]["id"] == "k"


def test_what_was_committed_before_the_subscription_is_not_replayed(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    socket = client()
    db.execute(f"insert into public.{probe} values ('early', 'A', 1)")
    socket.live("x", asked, access_token=member("A"))
    db.execute(f"insert into public.{probe} values ('late', 'A', 1)")
    assert socket.change()["record"]["id"] == "late"


def test_a_policy_that_fails_hides_the_row_and_harms_nobody_else(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    db.execute(f"drop policy own on public.{probe}")
    db.execute(
        f"create policy own on public.{probe} for select to authenticated"
        " using (1 / (((current_setting('request.jwt.claims')::jsonb ->> 'org') <> 'zero')::integer) = 1)"
    )
    broken, whole = client(), client()
    broken.live("x", asked, access_token=member("zero"))
    whole.live("x", asked, access_token=member("one"))
    db.execute(f"insert into public.{probe} values ('k', 'A', 1)")
    assert whole.change()["record"]["id"] == "k"
    assert broken.is_silent(0.2)


@pytest.fixture
def partitioned(db: Database) -> Iterator[str]:
    """A published table with one partition, readable by all."""
    db.execute("create table public.parted (id int primary key, v int) partition by range (id)")
    db.execute("create table public.parted_leaf partition of public.parted for values from (0) to (100)")
    db.execute("grant select on public.parted, public.parted_leaf to anon")
    db.execute("alter publication supabase_realtime add table public.parted")
    yield "parted"
    db.execute("alter publication supabase_realtime set (publish_via_partition_root = false)")
    db.execute("drop table public.parted")


def test_a_partitioned_table_has_no_events_of_its_own(client: Connect, db: Database, partitioned: str) -> None:
    socket = client()
    root = {"event": "*", "schema": "public", "table": partitioned}
    leaf = root | {"table": "parted_leaf"}
    assert socket.join("root", root)["status"] == "ok"
    assert socket.wait_for("system")["message"] == (
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given "
        "connect parameters: [event: *, schema: public, table: parted, filters: [], select: nil]"
    )
    socket.live("leaf", leaf)
    db.execute("insert into public.parted values (1, 1)")
    assert socket.change()["table"] == "parted_leaf"

    db.execute("alter publication supabase_realtime set (publish_via_partition_root = true)")
    via_root = client()
    via_root.live("root", root)
    db.execute("insert into public.parted values (2, 2)")
    assert via_root.is_silent()


def test_a_table_that_joins_the_publication_later_is_heard_by_who_asked_for_all(
    client: Connect, db: Database, asked: Asked
) -> None:
    everything, one = client(), client()
    everything.live("x", {"event": "*", "schema": "*", "table": "*"})
    one.live("x", asked)
    db.execute("create table public.newcomer (id int primary key)")
    db.execute("grant select on public.newcomer to anon")
    db.execute("alter publication supabase_realtime add table public.newcomer")
    try:
        assert everything.wait_for("system")["message"] == "Subscribed to PostgreSQL"
        db.execute("insert into public.newcomer values (1)")
        assert everything.change()["table"] == "newcomer"
        assert one.is_silent(0.1)
    finally:
        db.execute("drop table public.newcomer")
