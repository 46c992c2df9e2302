"""Supabase's Python client: signing in, and the administration of users."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from supabase import AuthApiError, Client
from supabase_auth.types import User

from support.projects import Project
from support.tenants import Tenant

from .conftest import Connect

PASSWORD = "correct horse battery"


@pytest.fixture
def account(service: Client) -> Iterator[User]:
    """A confirmed account that belongs to nobody's organization."""
    made = service.auth.admin.create_user({
        "email": f"{uuid4()}@example.com", "password": PASSWORD, "email_confirm": True,
        "user_metadata": {"name": "Ada"},
    }).user  # fmt: skip
    yield made
    service.auth.admin.delete_user(made.id)


def sign_in(client: Client, email: str | None, password: str = PASSWORD) -> None:
    assert email is not None
    client.auth.sign_in_with_password({"email": email, "password": password})


def test_a_person_signs_in_and_is_known(member: Client, north: Tenant) -> None:
    answer = member.auth.get_user()
    assert answer is not None
    user = answer.user
    assert (user.id, user.email, user.role) == (north.user_id, north.email, "authenticated")
    assert user.identities is not None
    assert [identity.provider for identity in user.identities] == ["email"]
    assert user.created_at < datetime.now(UTC)


def test_the_address_counts_in_any_case(stranger: Client, account: User) -> None:
    assert account.email is not None
    sign_in(stranger, account.email.upper())
    assert stranger.auth.get_session() is not None


@pytest.mark.parametrize("password", ["wrong", PASSWORD + "x", PASSWORD.upper()])
def test_a_wrong_password_is_refused(stranger: Client, account: User, password: str) -> None:
    with pytest.raises(AuthApiError) as raised:
        sign_in(stranger, account.email, password)
    assert (raised.value.status, raised.value.code) == (400, "invalid_credentials")


def test_a_session_is_refreshed(stranger: Client, account: User) -> None:
    sign_in(stranger, account.email)
    before = stranger.auth.get_session()
    assert before is not None
    after = stranger.auth.refresh_session().session
    assert after is not None
    assert after.refresh_token != before.refresh_token
    assert after.expires_in > 0
    found = stranger.auth.get_user(after.access_token)
    assert found is not None
    assert found.user.id == account.id


def test_after_signing_out_the_session_is_over(stranger: Client, account: User) -> None:
    sign_in(stranger, account.email)
    session = stranger.auth.get_session()
    assert session is not None
    stranger.auth.sign_out()
    assert stranger.auth.get_session() is None
    with pytest.raises(AuthApiError):
        stranger.auth.refresh_session(session.refresh_token)
    with pytest.raises(AuthApiError) as raised:
        stranger.auth.get_user(session.access_token)
    assert raised.value.code == "session_not_found"


def test_a_token_of_nobody_is_refused(stranger: Client) -> None:
    with pytest.raises(AuthApiError) as raised:
        stranger.auth.get_user("a.b.c")
    assert raised.value.code == "bad_jwt"


def test_a_person_changes_their_password_and_name(
    stranger: Client, connect: Connect, project: Project, account: User
) -> None:
    sign_in(stranger, account.email)
    changed = stranger.auth.update_user({"password": "another horse battery", "data": {"name": "Grace"}}).user
    assert changed.user_metadata["name"] == "Grace"
    sign_in(connect(project.anon_key), account.email, "another horse battery")
    with pytest.raises(AuthApiError):
        sign_in(connect(project.anon_key), account.email)


def test_a_persons_token_reaches_the_database(stranger: Client, account: User) -> None:
    sign_in(stranger, account.email)
    # In no organization: allowed to ask, and nothing to see.
    assert stranger.table("devices").select("device_id").execute().data == []


def test_an_administrator_makes_a_user(account: User, service: Client) -> None:
    assert account.user_metadata == {"name": "Ada"}
    assert account.email_confirmed_at is not None
    assert service.auth.admin.get_user_by_id(account.id).user.email == account.email


def test_an_address_is_registered_once(account: User, service: Client) -> None:
    assert account.email is not None
    with pytest.raises(AuthApiError) as raised:
        service.auth.admin.create_user({"email": account.email, "password": PASSWORD})
    assert (raised.value.status, raised.value.code) == (422, "email_exists")


def test_an_unconfirmed_user_cannot_sign_in(service: Client, stranger: Client) -> None:
    user = service.auth.admin.create_user({"email": f"{uuid4()}@example.com", "password": PASSWORD}).user
    try:
        with pytest.raises(AuthApiError) as raised:
            sign_in(stranger, user.email)
        assert raised.value.code == "email_not_confirmed"
    finally:
        service.auth.admin.delete_user(user.id)


def test_users_are_listed_in_pages(service: Client) -> None:
    made = [service.auth.admin.create_user({"email": f"{uuid4()}@example.com"}).user for _ in range(3)]
    try:
        pages = [service.auth.admin.list_users(page=page, per_page=2) for page in (1, 2)]
        assert [len(page) for page in pages] == [2, 2]
        listed = [user.id for page in pages for user in page]
        assert len(set(listed)) == 4
        assert set(listed) >= {user.id for user in made}  # the newest come first
    finally:
        for user in made:
            service.auth.admin.delete_user(user.id)


def test_an_administrator_changes_a_user(service: Client, stranger: Client, account: User) -> None:
    email = f"{uuid4()}@example.com"
    changed = service.auth.admin.update_user_by_id(
        account.id, {"email": email, "password": "another horse battery", "user_metadata": {"shift": "night"}}
    ).user
    assert changed.email == email
    assert changed.user_metadata == {"name": "Ada", "shift": "night"}
    sign_in(stranger, email, "another horse battery")


def test_a_banned_user_cannot_sign_in(service: Client, stranger: Client, account: User) -> None:
    service.auth.admin.update_user_by_id(account.id, {"ban_duration": "1h"})
    with pytest.raises(AuthApiError) as raised:
        sign_in(stranger, account.email)
    assert raised.value.code == "user_banned"
    service.auth.admin.update_user_by_id(account.id, {"ban_duration": "none"})
    sign_in(stranger, account.email)


def test_a_deleted_user_is_gone(service: Client, stranger: Client) -> None:
    user = service.auth.admin.create_user(
        {"email": f"{uuid4()}@example.com", "password": PASSWORD, "email_confirm": True}
    ).user
    service.auth.admin.delete_user(user.id)
    with pytest.raises(AuthApiError) as raised:
        service.auth.admin.get_user_by_id(user.id)
    assert (raised.value.status, raised.value.code) == (404, "user_not_found")
    with pytest.raises(AuthApiError) as raised:
        sign_in(stranger, user.email)
    assert raised.value.code == "invalid_credentials"


def test_only_the_secret_key_administers(member: Client, stranger: Client) -> None:
    for client in (stranger, member):
        with pytest.raises(AuthApiError) as raised:
            client.auth.admin.list_users()
        assert raised.value.status in (401, 403)
