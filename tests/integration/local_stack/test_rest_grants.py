"""REST grants nothing by itself (P1) and runs no request as the database's superuser (P2)."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import psycopg
import pytest

from fluxio_local.stack import Stack

GRANTS = """
select 'default' as kind, defaclrole::regrole::text, defaclnamespace::regnamespace::text, defaclobjtype::text,
  defaclacl::text
from pg_default_acl
union all
select 'relation', relname, relnamespace::regnamespace::text, relkind::text, relacl::text
from pg_class where relnamespace in ('public'::regnamespace, 'auth'::regnamespace)
order by 1, 2, 3, 4, 5
"""


def test_requests_change_no_grant(probe: Stack, call: Callable[..., httpx.Response], admin: psycopg.Connection) -> None:
    before = admin.execute(GRANTS).fetchall()
    probe.restart_gateway()
    for key in (probe.anon_key, probe.service_role_key):
        call("GET", "/rest/v1/probe", key=key)
        call("POST", "/rest/v1/rpc/probe_request", key=key, json={})
        call("GET", "/rest/v1/devices", key=key)
    assert admin.execute(GRANTS).fetchall() == before
    assert len(before) > 10


@pytest.mark.parametrize(("kind", "role"), [("anon_key", "anon"), ("service_role_key", "service_role")])
def test_a_key_runs_as_its_role(probe: Stack, call: Callable[..., httpx.Response], kind: str, role: str) -> None:
    seen = call("POST", "/rest/v1/rpc/probe_request", key=getattr(probe, kind), json={}).json()
    assert (seen["role"], seen["auth_role"], seen["session"]) == (role, role, "authenticator")


def test_a_signed_token_cannot_become_the_superuser(probe: Stack, call: Callable[..., httpx.Response]) -> None:
    import jwt

    token = jwt.encode({"role": "supabase_admin", "sub": "x"}, probe.jwt_secret, algorithm="HS256")
    answer = call("POST", "/rest/v1/rpc/probe_request", key=probe.anon_key, bearer=token, json={})
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert answer.json()["code"] == "42501"


def test_row_security_holds_for_anon_and_not_for_the_secret_key(
    probe: Stack, call: Callable[..., httpx.Response], admin: psycopg.Connection
) -> None:
    admin.execute("insert into public.probe (id) values (100) on conflict do nothing")
    assert call("GET", "/rest/v1/probe?id=eq.100&select=id", key=probe.anon_key).json() == []
    assert call("GET", "/rest/v1/probe?id=eq.100&select=id").json() == [{"id": 100}]
