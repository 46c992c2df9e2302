"""One API on the shared stack, and plants of their own for the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from fluxio_local.stack import Stack
from support import contract
from support.api_server import ApiServer, running_api

SHARED_KEY = "shared-key-of-these-tests-0123456789"
DEFAULT_ORGANIZATION = "00000000-0000-0000-0000-000000000001"
#: How long the tests' API remembers a good key [s].
KEY_CACHE_S = 1.0

Database = psycopg.Connection[dict[str, object]]


@pytest.fixture(scope="session")
def api(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running_api(
        stack,
        tmp_path_factory.mktemp("api"),
        API_SECRET_KEY=SHARED_KEY,
        FLUXIO_KEY_CACHE_S=str(KEY_CACHE_S),
        # These tests write past the API too; see test_kept_answers.py.
        FLUXIO_ANSWER_CACHE_S="0",
        CORS_ORIGINS="https://dashboard.example",
        SITE_URL="http://127.0.0.1:8000",
    ) as server:
        yield server


@pytest.fixture
def client(api: ApiServer) -> Iterator[httpx.Client]:
    """Every answer is held to the OpenAPI document."""
    with contract.client(api.url) as client:
        yield client


@pytest.fixture
def db(stack: Stack) -> Iterator[Database]:
    """The database as `postgres`, which sees past row security."""
    with psycopg.connect(stack.database_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@dataclass(frozen=True)
class Plant:
    """An organization with devices and a gateway's key."""

    organization_id: str
    devices: list[str]
    key: str
    api_key_id: str

    @property
    def headers(self) -> dict[str, str]:
        return {"x-api-key": self.key}


MakePlant = Callable[..., Plant]


@pytest.fixture
def make_plant(db: Database) -> MakePlant:
    def make(devices: int = 1, *, organization_id: str | None = None, only: int | None = None) -> Plant:
        """A plant; `only` limits its key to so many of its devices."""
        suffix = uuid4().hex[:12]
        if organization_id is None:
            row = db.execute("insert into public.organizations (name) values (%s) returning id", [f"Org {suffix}"])
            organization_id = str(row.fetchone()["id"])  # type: ignore[index] # insert returns a row
        names = [f"M{number:02d}_{suffix}" for number in range(devices)]
        db.cursor().executemany(
            "insert into public.devices (device_id, organization_id) values (%s, %s)",
            [(name, organization_id) for name in names],
        )
        key = db.execute(
            "select api_key_id::text, api_key from public.create_api_key('Gateway', %s, null, %s)",
            [organization_id, names[:only] if only is not None else None],
        ).fetchone()
        assert key is not None
        return Plant(organization_id, names, str(key["api_key"]), str(key["api_key_id"]))

    return make


@pytest.fixture
def plant(make_plant: MakePlant) -> Plant:
    return make_plant()


SignIn = Callable[[str, str], dict[str, str]]


@pytest.fixture
def sign_in(stack: Stack, db: Database) -> SignIn:
    return lambda organization_id, role: signed_in(stack, db, organization_id, role)


def signed_in(stack: Stack, db: psycopg.Connection[Any], organization_id: str, role: str) -> dict[str, str]:
    """The headers of a new person of an organization."""
    email, password = f"{role}-{uuid4().hex}@example.com", uuid4().hex
    service = {"apikey": stack.service_role_key, "Authorization": f"Bearer {stack.service_role_key}"}
    made = httpx.post(
        f"{stack.url}/auth/v1/admin/users",
        headers=service,
        json={"email": email, "password": password, "email_confirm": True},
    ).raise_for_status()
    db.execute(
        "update public.users set organization_id = %s, role = %s where id = %s",
        [organization_id, role, made.json()["id"]],
    )
    session = httpx.post(
        f"{stack.url}/auth/v1/token?grant_type=password",
        headers={"apikey": stack.anon_key},
        json={"email": email, "password": password},
    ).raise_for_status()
    return {"Authorization": f"Bearer {session.json()['access_token']}"}


@pytest.fixture
def stack_admin(stack: Stack) -> Iterator[psycopg.Connection]:
    """The database as its superuser."""
    with psycopg.connect(stack.admin_database_url, autocommit=True) as connection:
        yield connection


def rows(db: Database, device_id: str) -> list[dict[str, object]]:
    """A device's stored readings, oldest first."""
    return db.execute("select * from public.flow_data where device_id = %s order by created_at", [device_id]).fetchall()


def letters(db: Database, plant: Plant) -> list[dict[str, object]]:
    """The dead letters of a plant's key, oldest first."""
    return db.execute(
        "select reason, detail, content_type, body, reading from public.ingest_dead_letters"
        " where api_key_id = %s order by id",
        [plant.api_key_id],
    ).fetchall()
