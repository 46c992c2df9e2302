"""The project under test: SUPABASE_URL with its keys if they are set, else the local stack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from supabase import Client, ClientOptions, create_client

from support.tenants import Tenant, tenant


@dataclass(frozen=True)
class Project:
    """A Supabase project with FluxIO's migrations. The keys are of either kind."""

    url: str
    anon_key: str
    service_role_key: str


@pytest.fixture(scope="session")
def project(request: pytest.FixtureRequest) -> Project:
    if url := os.environ.get("SUPABASE_URL"):
        return Project(url, os.environ["SUPABASE_ANON_KEY"], os.environ["SUPABASE_SERVICE_ROLE_KEY"])
    stack = request.getfixturevalue("stack")
    return Project(stack.url, stack.anon_key, stack.service_role_key)


@pytest.fixture(scope="session")
def other_keys(request: pytest.FixtureRequest, project: Project) -> Project:
    """The same project by its keys of the old kind, where they are known."""
    if os.environ.get("SUPABASE_URL"):
        return project
    stack = request.getfixturevalue("stack")
    return Project(stack.url, stack.anon_jwt, stack.service_role_jwt)


@pytest.fixture(scope="session")
def service(project: Project) -> Iterator[Client]:
    with httpx.Client(timeout=30) as http:
        yield create_client(
            project.url, project.service_role_key, ClientOptions(httpx_client=http, auto_refresh_token=False)
        )


@pytest.fixture
def north(service: Client) -> Iterator[Tenant]:
    with tenant(service) as made:
        yield made


@pytest.fixture
def south(service: Client) -> Iterator[Tenant]:
    with tenant(service) as made:
        yield made
