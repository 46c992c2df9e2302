"""People of a plant who may look at it."""

from __future__ import annotations

import secrets

import httpx
import psycopg

from fluxio_local.stack import Stack


def person(stack: Stack, organization_id: str, number: int) -> tuple[str, str]:
    """A new viewer's address and password."""
    email, password = f"viewer{number}-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(18)
    service = {"apikey": stack.service_role_key, "Authorization": f"Bearer {stack.service_role_key}"}
    made = httpx.post(
        f"{stack.url}/auth/v1/admin/users",
        headers=service,
        json={"email": email, "password": password, "email_confirm": True},
        timeout=30,
    ).raise_for_status()
    with psycopg.connect(stack.database_url) as connection:
        connection.execute(
            "update public.users set organization_id = %s, role = 'viewer' where id = %s",
            [organization_id, made.json()["id"]],
        )
    return email, password


def token(stack: Stack, email: str, password: str) -> str:
    """The access token of a sign-in."""
    session = httpx.post(
        f"{stack.url}/auth/v1/token?grant_type=password",
        headers={"apikey": stack.anon_key},
        json={"email": email, "password": password},
        timeout=30,
    ).raise_for_status()
    return str(session.json()["access_token"])
