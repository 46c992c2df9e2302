"""Accounts as Auth makes them and people as REST sees them, from nowhere into an organization and out again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from fluxio_local.stack import Stack

from .conftest import Database

Rows = list[dict[str, Any]]
#: A request as one person: method, path below /rest/v1/, body.
Person = Callable[..., Rows]

PASSWORD = "correct horse battery"


class Supabase:
    """The stack over HTTP: Auth's administration, and REST as one person."""

    def __init__(self, stack: Stack) -> None:
        self._url = stack.url
        self._anon_key = stack.anon_key
        self._service = {"apikey": stack.service_role_key, "Authorization": f"Bearer {stack.service_role_key}"}

    def make_account(self, email: str, *, is_confirmed: bool) -> str:
        body = {"email": email, "password": PASSWORD, "email_confirm": is_confirmed}
        return str(self._administer("POST", "/auth/v1/admin/users", body)["id"])

    def confirm(self, account: str) -> None:
        self._administer("PUT", f"/auth/v1/admin/users/{account}", {"email_confirm": True})

    def as_person(self, email: str) -> Person:
        """Calls REST with the person's token; the rows of the answer."""
        signed_in = httpx.post(
            f"{self._url}/auth/v1/token?grant_type=password",
            headers={"apikey": self._anon_key},
            json={"email": email, "password": PASSWORD},
        ).raise_for_status()
        headers = {"apikey": self._anon_key, "Authorization": f"Bearer {signed_in.json()['access_token']}"}

        def call(method: str, path: str, body: object = None) -> Rows:
            answer = httpx.request(method, f"{self._url}/rest/v1/{path}", headers=headers, json=body)
            rows: Rows | None = answer.raise_for_status().json() if answer.content else None
            return rows or []

        return call

    def _administer(self, method: str, path: str, body: object) -> dict[str, Any]:
        answer = httpx.request(method, self._url + path, headers=self._service, json=body)
        made: dict[str, Any] = answer.raise_for_status().json()
        return made


@pytest.fixture
def supabase(stack: Stack) -> Supabase:
    return Supabase(stack)


@pytest.fixture
def admin(database: Database, supabase: Supabase) -> Person:
    """The admin of an organization that has one device."""
    organization, email = uuid.uuid4(), f"admin-{uuid.uuid4()}@example.com"
    account = supabase.make_account(email, is_confirmed=True)
    database.owner.execute(
        "insert into public.organizations (id, name) values (%s, %s)", [organization, f"Works {organization}"]
    )
    database.owner.execute(
        "update public.users set organization_id = %s, role = 'admin' where id = %s", [organization, account]
    )
    database.owner.execute(
        "insert into public.devices (device_id, organization_id) values (%s, %s)", [f"D-{organization}", organization]
    )
    return supabase.as_person(email)


def test_a_self_made_account_sees_itself_until_it_is_invited_and_confirmed(supabase: Supabase, admin: Person) -> None:
    email = f"new-{uuid.uuid4()}@example.com"
    account = supabase.make_account(email, is_confirmed=False)
    [invited] = admin("POST", "rpc/invite_person", {"email": email.upper(), "role": "operator"})
    assert invited["accepted_at"] is None
    assert [person["email"] for person in admin("GET", "users?role=eq.operator")] == []

    supabase.confirm(account)
    person = supabase.as_person(email)
    assert [known["role"] for known in person("GET", f"users?id=eq.{account}")] == ["operator"]
    assert [device["device_id"] for device in person("GET", "devices")] == [
        device["device_id"] for device in admin("GET", "devices")
    ]

    admin("POST", "rpc/remove_person", {"person_id": account})
    assert person("GET", "users?select=id,organization_id,role") == [
        {"id": account, "organization_id": None, "role": "viewer"}
    ]
    assert person("GET", "devices") == []
    assert person("GET", "organizations") == []


def test_an_account_that_is_there_joins_at_once(supabase: Supabase, admin: Person) -> None:
    email = f"waiting-{uuid.uuid4()}@example.com"
    supabase.make_account(email, is_confirmed=True)
    person = supabase.as_person(email)
    assert person("GET", "devices") == []
    [invited] = admin("POST", "rpc/invite_person", {"email": email})
    assert invited["accepted_at"] is not None
    assert len(person("GET", "devices")) == 1


@pytest.mark.parametrize(
    "statement",
    ["update public.audit_logs set user_id = null", "delete from public.audit_logs", "truncate public.audit_logs"],
)
def test_the_log_is_append_only_for_a_superuser_too(stack: Stack, statement: str) -> None:
    with psycopg.connect(stack.admin_database_url) as superuser:
        with pytest.raises(psycopg.Error) as refused:
            superuser.execute(statement.encode())
        superuser.rollback()
    assert refused.value.sqlstate == "AUDRO"
