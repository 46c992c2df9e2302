"""Each test twice: with the project's new keys (sb_...) and with its old ones (JWTs)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from supabase import Client, ClientOptions, create_client

from support.projects import Kind, Project, project_under_test
from support.tenants import Tenant, tenant

Connect = Callable[[str], Client]


@pytest.fixture(scope="session", params=["new", "old"])
def project(request: pytest.FixtureRequest) -> Project:
    kind: Kind = request.param
    return project_under_test(request, kind)


@pytest.fixture(scope="session")
def connect(project: Project) -> Iterator[Connect]:
    """connect(key): a client of its own, so that a sign-in in one leaves the others alone."""
    with httpx.Client(timeout=30) as http:

        def client(key: str) -> Client:
            options = ClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False)
            return create_client(project.url, key, options)

        yield client


@pytest.fixture(scope="session")
def service(connect: Connect, project: Project) -> Client:
    return connect(project.service_role_key)


@pytest.fixture(scope="session")
def north(service: Client) -> Iterator[Tenant]:
    with tenant(service) as made:
        yield made


@pytest.fixture(scope="session")
def south(service: Client) -> Iterator[Tenant]:
    with tenant(service) as made:
        yield made


@pytest.fixture
def stranger(connect: Connect, project: Project) -> Client:
    """Nobody signed in."""
    return connect(project.anon_key)


@pytest.fixture
def member(connect: Connect, project: Project, north: Tenant) -> Client:
    """North's operator, signed in."""
    client = connect(project.anon_key)
    client.auth.sign_in_with_password({"email": north.email, "password": north.password})
    return client
