"""Supabase's Python client: tables and functions over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

import pytest
from postgrest import APIError, APIResponse
from supabase import Client

from support.tenants import Tenant, send

EMPTY_UUID = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def rule(north: Tenant) -> dict[str, Any]:
    return {
        "device_id": north.device_id, "rule_name": f"Rule {uuid4().hex[:8]}", "rule_type": "high_flow",
        "threshold_value": 100.5, "severity": "warning",
    }  # fmt: skip


@pytest.fixture
def stored_rules(member: Client, north: Tenant) -> Iterator[Callable[[int], list[dict[str, Any]]]]:
    def store(count: int) -> list[dict[str, Any]]:
        rows: list[Any] = [
            {"device_id": north.device_id, "rule_name": f"R{number}", "rule_type": "low_flow",
             "threshold_value": number, "severity": "info", "is_enabled": False}
            for number in range(count)
        ]  # fmt: skip
        return list(member.table("alert_rules").insert(rows).execute().data)  # type: ignore[arg-type]  # JSON rows

    yield store
    member.table("alert_rules").delete().eq("device_id", north.device_id).execute()


def test_an_insert_answers_the_stored_row(member: Client, rule: dict[str, Any], north: Tenant) -> None:
    [row] = rows(member.table("alert_rules").insert(rule).execute())
    assert row["organization_id"] == north.organization_id
    assert row["threshold_value"] == 100.5
    assert datetime.fromisoformat(row["created_at"]).utcoffset() is not None
    [gone] = rows(member.table("alert_rules").delete().eq("id", row["id"]).execute())
    assert gone["id"] == row["id"]


def test_an_update_changes_what_the_filter_meets(
    member: Client, stored_rules: Callable[[int], list[dict[str, Any]]]
) -> None:
    stored_rules(4)
    changed = member.table("alert_rules").update({"severity": "critical"}).gte("threshold_value", 2).execute()
    assert {row["rule_name"] for row in rows(changed)} == {"R2", "R3"}
    info = member.table("alert_rules").select("rule_name").eq("severity", "info").order("rule_name").execute()
    assert info.data == [{"rule_name": "R0"}, {"rule_name": "R1"}]


def test_json_and_arrays_keep_their_shape(member: Client, rule: dict[str, Any], service: Client, north: Tenant) -> None:
    channels = [{"type": "email", "to": ["a@example.com"]}, "page"]
    [row] = rows(member.table("alert_rules").insert(rule | {"notification_channels": channels}).execute())
    assert row["notification_channels"] == channels
    member.table("alert_rules").delete().eq("id", row["id"]).execute()
    [device] = rows(
        service.table("devices")
        .update({"metadata": {"a": {"b": [1, None]}}})
        .eq("device_id", north.device_id)
        .execute()
    )
    assert device["metadata"] == {"a": {"b": [1, None]}}


def test_an_upsert_merges_or_ignores(service: Client, north: Tenant) -> None:
    device: dict[str, Any] = {
        "device_id": north.device_id,
        "organization_id": north.organization_id,
        "device_name": "Renamed",
    }
    [row] = rows(service.table("devices").upsert(device, on_conflict="device_id").execute())
    assert row["device_name"] == "Renamed"
    again = device | {"device_name": "Not this"}
    ignored = service.table("devices").upsert(again, on_conflict="device_id", ignore_duplicates=True).execute()
    assert ignored.data == []


def test_a_range_counts_and_cuts(member: Client, stored_rules: Callable[[int], list[dict[str, Any]]]) -> None:
    stored_rules(7)
    page = (
        member.table("alert_rules").select("rule_name", count="exact")  # type: ignore[arg-type]  # a str enum
        .order("threshold_value", desc=True).range(2, 4).execute()
    )  # fmt: skip
    assert [row["rule_name"] for row in rows(page)] == ["R4", "R3", "R2"]
    assert page.count == 7


def test_filters_combine(member: Client, stored_rules: Callable[[int], list[dict[str, Any]]]) -> None:
    stored_rules(6)
    found = (
        member.table("alert_rules").select("rule_name")
        .in_("rule_name", ["R1", "R3", "R5"]).or_("threshold_value.lt.2,threshold_value.gt.4").execute()
    )  # fmt: skip
    assert {row["rule_name"] for row in rows(found)} == {"R1", "R5"}
    missing = member.table("alert_rules").select("id").is_("duration_minutes", "null").like("rule_name", "Q%").execute()
    assert missing.data == []


def test_a_parent_is_embedded(member: Client, north: Tenant) -> None:
    found = member.table("devices").select("device_id, organizations!devices_organization_id_fkey(id, name)").execute()
    [device] = rows(found)
    assert device["organizations"]["id"] == north.organization_id


def test_children_are_embedded(member: Client, stored_rules: Callable[[int], list[dict[str, Any]]]) -> None:
    stored_rules(2)
    [device] = rows(member.table("devices").select("device_id, alert_rules(rule_name)").execute())
    assert {rule["rule_name"] for rule in device["alert_rules"]} == {"R0", "R1"}


def test_a_single_row_is_an_object_and_none_an_error(member: Client, north: Tenant) -> None:
    found = member.table("devices").select("device_id").eq("device_id", north.device_id).single().execute()
    assert found.data == {"device_id": north.device_id}
    with pytest.raises(APIError) as raised:
        member.table("devices").select("device_id").eq("id", EMPTY_UUID).single().execute()
    assert raised.value.code == "PGRST116"


def test_a_jsonb_argument_is_an_array_in_the_database(service: Client, north: Tenant) -> None:
    reading = {
        "device_id": north.device_id, "created_at": "2026-11-22T08:00:00+00:00",
        "received_at": "2026-11-22T08:00:00+00:00", "api_key_id": north.api_key_id,
    }  # fmt: skip
    # The times lie back; what matters here is that each element gets its own answer.
    readings = [reading | {"flow_rate": 1.5}, reading, reading | {"device_id": "unknown", "flow_rate": 1}]
    answers = rows(service.rpc("ingest_readings", {"readings": readings}).execute())
    assert {answer["index"]: answer["code"] for answer in answers}.items() >= {
        (1, "no_measurement"), (2, "unknown_device")
    }  # fmt: skip


def test_a_new_reading_is_read_back_through_the_partitioned_table(
    service: Client, member: Client, north: Tenant
) -> None:
    send(service, north, flow_rate=42.25)
    newest = member.table("flow_data").select("*").order("created_at", desc=True).limit(1).execute()
    [reading] = rows(newest)
    assert (reading["device_id"], reading["flow_rate"], reading["totalizer"]) == (north.device_id, 42.25, None)
    assert isinstance(reading["flags"], list)
    [latest] = rows(member.rpc("get_latest_flow_data").execute())
    assert latest["device_id"] == north.device_id


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"severity": "loud"}, "23514", 400),
        ({"rule_name": None}, "23502", 400),
        ({"threshold_value": "much"}, "22P02", 400),
        ({"device_id": "no such meter"}, "UNKDV", 400),
        ({"no_such_column": 1}, "PGRST204", 400),
    ],
)
def test_an_error_names_its_code(
    member: Client, rule: dict[str, Any], change: dict[str, Any], code: str, status: int
) -> None:
    with pytest.raises(APIError) as raised:
        member.table("alert_rules").insert(rule | change).execute()
    assert raised.value.code == code
    assert raised.value.message


def test_a_taken_name_is_a_conflict(service: Client) -> None:
    with pytest.raises(APIError) as raised:
        service.table("organizations").insert({"name": "Default"}).execute()
    assert raised.value.code == "23505"
    assert raised.value.details == "Key (name)=(Default) already exists."


@pytest.mark.parametrize(("relation", "code"), [("no_such_table", "PGRST205"), ("flow_data_2026", "PGRST205")])
def test_an_unknown_table_is_named(service: Client, relation: str, code: str) -> None:
    with pytest.raises(APIError) as raised:
        service.table(relation).select("*").execute()
    assert raised.value.code == code


def test_an_unknown_function_is_named(service: Client) -> None:
    with pytest.raises(APIError) as raised:
        service.rpc("no_such_function", {"a": 1}).execute()
    assert raised.value.code == "PGRST202"


def test_a_member_sees_their_organization_only(service: Client, member: Client, north: Tenant, south: Tenant) -> None:
    send(service, south, flow_rate=1)
    assert [row["device_id"] for row in rows(member.table("devices").select("device_id").execute())] == [
        north.device_id
    ]
    assert member.table("flow_data").select("device_id").eq("device_id", south.device_id).execute().data == []
    renamed = member.table("alert_rules").update({"severity": "info"}).eq("device_id", south.device_id).execute()
    assert renamed.data == []


def test_a_member_may_not_write_what_is_the_services(member: Client, north: Tenant) -> None:
    reading = {"device_id": north.device_id, "created_at": "2026-11-22T08:00:00Z", "flow_rate": 1}
    for attempt in (
        member.table("flow_data").insert(reading),
        member.table("organizations").insert({"name": "Mine"}),
        member.rpc("ingest_readings", {"readings": [reading]}),
    ):
        with pytest.raises(APIError) as raised:
            attempt.execute()
        assert raised.value.code == "42501"


@pytest.mark.parametrize("table", ["devices", "flow_data", "latest_readings", "alerts", "users", "organizations"])
def test_a_stranger_may_read_nothing(stranger: Client, table: str) -> None:
    with pytest.raises(APIError) as raised:
        stranger.table(table).select("*").execute()
    assert raised.value.code == "42501"


def test_the_private_schema_is_not_served(service: Client) -> None:
    with pytest.raises(APIError) as raised:
        service.schema("private").table("anything").select("*").execute()
    assert raised.value.code == "PGRST106"


def rows(answer: APIResponse) -> list[dict[str, Any]]:
    """The rows of an answer, which the client types as any JSON."""
    assert isinstance(answer.data, list), answer
    return cast("list[dict[str, Any]]", answer.data)
