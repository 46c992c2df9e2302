"""Values reach the database and come back as through PostgREST: JSON (P3), times (P4), numbers and bytes (P6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import psycopg
import pytest

from fluxio_local.stack import Stack

Call = Callable[..., httpx.Response]


@pytest.fixture
def stored(probe: Stack, call: Call, admin: psycopg.Connection) -> Callable[..., dict[str, Any]]:
    """Insert a row through REST and return what REST answers."""
    admin.execute("truncate public.probe")

    def insert(**values: object) -> dict[str, Any]:
        answer = call("POST", "/rest/v1/probe", json={"id": 1, **values}, headers={"prefer": "return=representation"})
        assert answer.status_code == httpx.codes.CREATED, answer.text
        [row] = answer.json()
        return dict(row)

    return insert


def test_a_jsonb_argument_arrives_as_an_array(probe: Stack, call: Call) -> None:
    answer = call("POST", "/rest/v1/rpc/probe_elements", json={"items": [{"v": "a"}, {"v": 2}]})
    assert answer.json() == [{"i": 1, "value": "a", "kind": "array"}, {"i": 2, "value": "2", "kind": "array"}]


def test_five_thousand_elements_fit_into_one_call(probe: Stack, call: Call) -> None:
    # P11: a table insert is limited by its number of parameters, a call with one argument is not.
    items = [{"v": "x" * 200} for _ in range(5_000)]
    last = "/rest/v1/rpc/probe_elements?select=i&order=i.desc&limit=1"
    assert call("POST", last, json={"items": items}).json() == [{"i": 5_000}]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"a": [1, None]}, "object"),
        ([1, {"b": True}], "array"),
        ([True, False], "array"),
        (True, "boolean"),
        (12.5, "number"),
        ("plain", "string"),
    ],
)
def test_json_is_stored_once_encoded(
    stored: Callable[..., dict[str, Any]], admin: psycopg.Connection, value: object, kind: str
) -> None:
    assert stored(body=value)["body"] == value
    assert admin.execute("select jsonb_typeof(body) from public.probe").fetchone() == (kind,)


def test_auths_own_json_is_stored_once_encoded(probe: Stack, call: Call, admin: psycopg.Connection) -> None:
    made = call(
        "POST", "/auth/v1/admin/users", json={"email": "json@fluxio.test", "user_metadata": {"name": "J"}}
    ).json()
    try:
        found = admin.execute(
            "select raw_user_meta_data ->> 'name', i.email from auth.users u join auth.identities i on i.user_id = u.id"
            " where u.id = %s",
            [made["id"]],
        ).fetchone()
        assert found == ("J", "json@fluxio.test")
    finally:
        call("DELETE", f"/auth/v1/admin/users/{made['id']}")


def test_an_array_keeps_its_elements(stored: Callable[..., dict[str, Any]]) -> None:
    tags = ["ghost_zero", "two words", 'a "quote"', ""]
    assert stored(tags=tags)["tags"] == tags


def test_a_null_in_an_array_stays_null(probe: Stack, call: Call) -> None:
    assert call("POST", "/rest/v1/rpc/probe_gaps", json={}).json() == [
        {
            "floats": [1.5, None],
            "counts": [None, 7],
            "numerics": [None, 0.25],
            "times": [None, "2026-11-22T08:22:50+00:00"],
        }
    ]


def test_an_object_for_a_text_column_is_its_json(stored: Callable[..., dict[str, Any]]) -> None:
    assert stored(note={"a": 1})["note"] == '{"a":1}'


def test_times_have_an_offset_with_minutes(stored: Callable[..., dict[str, Any]]) -> None:
    row = stored(at="2026-11-22T10:22:50.07+02:00", local_at="2026-11-22 08:22:50")
    assert row["at"] == "2026-11-22T08:22:50.07+00:00"
    assert row["local_at"] == "2026-11-22T08:22:50"
    assert datetime.fromisoformat(row["at"]).tzinfo is not None


def test_infinity_is_a_time_too(stored: Callable[..., dict[str, Any]]) -> None:
    assert stored(at="infinity")["at"] == "infinity"


def test_numeric_is_a_number(stored: Callable[..., dict[str, Any]]) -> None:
    row = stored(amount=1.5, ratio=1e300, big=9007199254740991)
    assert (row["amount"], row["ratio"], row["big"]) == (1.5, 1e300, 9007199254740991)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_json_has_no_number_for_is_text(stored: Callable[..., dict[str, Any]], value: str) -> None:
    assert stored(ratio=value)["ratio"] == value


def test_bytes_keep_their_form(stored: Callable[..., dict[str, Any]], admin: psycopg.Connection) -> None:
    assert stored(bytes="\\x00ff")["bytes"] == "\\x00ff"
    assert admin.execute("select bytes from public.probe").fetchone() == (b"\x00\xff",)
