"""Keys of both kinds, CORS (P8), and who may call the admin part of Auth."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import httpx
import jwt
import pytest

from fluxio_local.stack import Stack

Call = Callable[..., httpx.Response]
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)"}
PASSWORD = "correct horse battery"


@pytest.fixture
def person(call: Call) -> Iterator[dict[str, str]]:
    """A confirmed user: id and email."""
    email = f"{uuid.uuid4()}@fluxio.test"
    body = {"email": email, "password": PASSWORD, "email_confirm": True}
    made = call("POST", "/auth/v1/admin/users", json=body).json()
    yield {"id": made["id"], "email": email}
    call("DELETE", f"/auth/v1/admin/users/{made['id']}")


def sign_in(stack: Stack, call: Call, email: str, password: str = PASSWORD) -> httpx.Response:
    body = {"email": email, "password": password}
    return call("POST", "/auth/v1/token?grant_type=password", key=stack.anon_key, json=body)


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("anon_key", "anon"),
        ("anon_jwt", "anon"),
        ("service_role_key", "service_role"),
        ("service_role_jwt", "service_role"),
    ],
)
def test_every_kind_of_key_is_accepted_wherever_it_is_sent(probe: Stack, kind: str, role: str) -> None:
    key = getattr(probe, kind)
    url = f"{probe.url}/rest/v1/rpc/probe_request"
    ways: list[dict[str, dict[str, str]]] = [
        {"headers": {"apikey": key}},
        {"headers": {"apikey": key, "authorization": f"Bearer {key}"}},
        {"params": {"apikey": key}},
    ]
    for way in ways:
        answer = httpx.get(url, **way)  # type: ignore[arg-type]  # headers or params
        assert answer.status_code == httpx.codes.OK, answer.text
        assert answer.json()["role"] == role


def test_another_kind_of_key_may_be_the_bearer(probe: Stack, call: Call) -> None:
    answer = call("GET", "/rest/v1/rpc/probe_request", key=probe.service_role_key, bearer=probe.service_role_jwt)
    assert answer.json()["role"] == "service_role"


def test_a_request_without_a_key_is_refused(probe: Stack) -> None:
    for path in ("/rest/v1/probe", "/auth/v1/settings", "/auth/v1/admin/users"):
        assert httpx.get(probe.url + path).status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize("forged", ["nope", "sb_secret_nope", "a.b.c", "x" * 10_000])
def test_a_key_that_is_none_is_refused(probe: Stack, call: Call, forged: str) -> None:
    assert call("GET", "/rest/v1/probe", key=forged).status_code == httpx.codes.UNAUTHORIZED
    assert call("GET", "/auth/v1/admin/users", key=forged).status_code == httpx.codes.UNAUTHORIZED


def test_a_key_signed_by_others_or_expired_is_refused(probe: Stack, call: Call) -> None:
    other = jwt.encode({"role": "service_role"}, "0" * 40, algorithm="HS256")
    expired = jwt.encode({"role": "service_role", "exp": 1}, probe.jwt_secret, algorithm="HS256")
    unsigned = jwt.encode({"role": "service_role"}, "", algorithm="none")
    for key in (other, expired, unsigned):
        assert call("GET", "/rest/v1/probe", key=key).status_code == httpx.codes.UNAUTHORIZED
        assert call("GET", "/auth/v1/admin/users", key=key).status_code == httpx.codes.UNAUTHORIZED


def test_a_persons_token_is_no_key(probe: Stack, call: Call, person: dict[str, str]) -> None:
    token = sign_in(probe, call, person["email"]).json()["access_token"]
    assert call("GET", "/rest/v1/probe", key=token).status_code == httpx.codes.UNAUTHORIZED


def test_a_person_keeps_their_role_under_either_kind_of_key(probe: Stack, call: Call, person: dict[str, str]) -> None:
    token = sign_in(probe, call, person["email"]).json()["access_token"]
    for key in (probe.anon_key, probe.anon_jwt, probe.service_role_key):
        seen = call("POST", "/rest/v1/rpc/probe_request", key=key, bearer=token, json={}).json()
        assert (seen["role"], seen["uid"]) == ("authenticated", person["id"])


@pytest.mark.parametrize("path", ["/auth/v1/token?grant_type=password", "/rest/v1/probe", "/auth/v1/admin/users"])
def test_a_preflight_allows_what_it_is_asked_for(probe: Stack, path: str) -> None:
    answer = httpx.options(
        probe.url + path,
        headers={
            "origin": "http://dashboard.test",
            "access-control-request-method": "POST",
            "access-control-request-headers": "apikey,authorization,content-type,x-client-info",
        },
    )
    assert answer.status_code == httpx.codes.NO_CONTENT
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "apikey,authorization,content-type,x-client-info"


def test_every_answer_may_be_read_by_a_page_of_another_origin(probe: Stack, call: Call) -> None:
    origin = {"origin": "http://dashboard.test"}
    for method, path in [("GET", "/rest/v1/probe"), ("POST", "/auth/v1/token"), ("GET", "/nowhere")]:
        assert call(method, path, headers=origin).headers["access-control-allow-origin"] == "*"
    assert httpx.get(f"{probe.url}/rest/v1/probe").headers["access-control-allow-origin"] == "*"


def test_a_browser_may_not_use_the_secret_key(probe: Stack, call: Call) -> None:
    for path in ("/rest/v1/probe", "/auth/v1/admin/users"):
        for key in (probe.service_role_key, probe.service_role_jwt):
            assert call("GET", path, key=key, headers=BROWSER).status_code == httpx.codes.UNAUTHORIZED


def test_only_the_secret_key_administers_users(probe: Stack, call: Call, person: dict[str, str]) -> None:
    token = sign_in(probe, call, person["email"]).json()["access_token"]
    for key, bearer in [
        (probe.anon_key, None),
        (probe.anon_jwt, None),
        (probe.anon_key, token),
        (probe.service_role_key, token),
    ]:
        answer = call("GET", "/auth/v1/admin/users", key=key, bearer=bearer)
        assert (answer.status_code, answer.json()["error_code"]) == (403, "not_admin")


def test_a_banned_person_is_out_until_the_ban_is_lifted(probe: Stack, call: Call, person: dict[str, str]) -> None:
    session = sign_in(probe, call, person["email"]).json()
    path = f"/auth/v1/admin/users/{person['id']}"
    banned = call("PUT", path, json={"ban_duration": "1h30m"}).json()
    assert banned["banned_until"] > banned["updated_at"]
    refreshed = call(
        "POST", "/auth/v1/token?grant_type=refresh_token", json={"refresh_token": session["refresh_token"]}
    )
    assert refreshed.status_code == httpx.codes.BAD_REQUEST
    answer = sign_in(probe, call, person["email"])
    assert (answer.status_code, answer.json()["error_code"]) == (400, "user_banned")
    assert "banned_until" not in call("PUT", path, json={"ban_duration": "none"}).json()
    assert sign_in(probe, call, person["email"]).status_code == httpx.codes.OK


def test_a_softly_deleted_person_leaves_their_address_free(probe: Stack, call: Call, person: dict[str, str]) -> None:
    path = f"/auth/v1/admin/users/{person['id']}"
    assert call("DELETE", path, json={"should_soft_delete": True}).status_code == httpx.codes.OK
    assert sign_in(probe, call, person["email"]).status_code == httpx.codes.BAD_REQUEST
    assert call("GET", path).json()["deleted_at"]
    again = call("POST", "/auth/v1/admin/users", json={"email": person["email"]}).json()
    assert call("DELETE", f"/auth/v1/admin/users/{again['id']}").status_code == httpx.codes.OK


def test_a_password_counts_to_its_72nd_byte(probe: Stack, call: Call) -> None:
    email = f"{uuid.uuid4()}@fluxio.test"
    made = call(
        "POST", "/auth/v1/admin/users", json={"email": email, "password": "\u00e9" * 50, "email_confirm": True}
    ).json()
    assert sign_in(probe, call, email, "\u00e9" * 50).status_code == httpx.codes.OK
    assert sign_in(probe, call, email, "\u00e9" * 36 + "anything").status_code == httpx.codes.OK
    assert sign_in(probe, call, email, "\u00e9" * 35 + "e").status_code == httpx.codes.BAD_REQUEST
    call("DELETE", f"/auth/v1/admin/users/{made['id']}")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "validation_failed"),
        ({"email": "no address"}, 400, "validation_failed"),
        ({"email": 5}, 400, "bad_json"),
        ({"email": "a@fluxio.test", "ban_duration": "soon"}, 400, "validation_failed"),
        ({"email": "a@fluxio.test", "password_hash": "md5"}, 400, "validation_failed"),
        ([], 400, "validation_failed"),
        ({"email": "a@fluxio.test", "user_metadata": {"name": "\u0000"}}, 400, "validation_failed"),
    ],
)
def test_a_wrong_attribute_is_named(probe: Stack, call: Call, body: object, status: int, code: str) -> None:
    answer = call("POST", "/auth/v1/admin/users", json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


def test_strangers_cannot_sign_up(probe: Stack, call: Call) -> None:
    answer = call("POST", "/auth/v1/signup", key=probe.anon_key, json={"email": "x@fluxio.test", "password": PASSWORD})
    assert (answer.status_code, answer.json()["error_code"]) == (422, "signup_disabled")


def test_a_login_code_makes_no_account(probe: Stack, call: Call) -> None:
    email = f"{uuid.uuid4()}@fluxio.test"
    answer = call("POST", "/auth/v1/otp", key=probe.anon_key, json={"email": email, "create_user": True})
    assert (answer.status_code, answer.json()["error_code"]) == (422, "otp_disabled")
    users = call("GET", "/auth/v1/admin/users?per_page=1000").json()["users"]
    assert email not in {user["email"] for user in users}


@pytest.mark.parametrize("path", ["/auth/v1/%6ftp", "/auth/v1/%74oken?grant_type=password"])
def test_an_encoded_address_gets_round_no_rule_of_auth(probe: Stack, call: Call, path: str) -> None:
    email = f"{uuid.uuid4()}@fluxio.test"
    body = {"email": email, "password": PASSWORD, "create_user": True}
    assert call("POST", path, key=probe.anon_key, json=body).status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        {"email": 5, "password": "x"},
        {"email": "a@b.test", "password": {}},
        {"email": "a\u0000@b.test", "password": "x"},
    ],
)
def test_a_sign_in_that_is_no_text_is_the_clients_fault(probe: Stack, call: Call, body: dict[str, object]) -> None:
    answer = call("POST", "/auth/v1/token?grant_type=password", key=probe.anon_key, json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "bad_json")
