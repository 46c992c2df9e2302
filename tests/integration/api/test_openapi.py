"""The running API against its own OpenAPI document: what schemathesis can think of, a bounded number of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from fluxio_api.described import described_app
from fluxio_api.openapi import document
from fluxio_local.stack import Stack
from support.api_server import ApiServer, running_api

from .conftest import Plant, SignIn

DOCUMENT = document(described_app())
schema = schemathesis.openapi.from_dict(DOCUMENT)
#: What people's queries refuse is tried by hand in test_people.py: so much text takes long to think of.
for_people = schemathesis.openapi.from_dict(DOCUMENT)
for_people.config.generation.update(modes=[schemathesis.GenerationMode.POSITIVE])

#: A schema cannot say which bodies are refused: unknown members are kept, and a device may not exist.
NOT_PROMISED: list[CheckFunction] = [negative_data_rejection, positive_data_acceptance]
#: A device_id may have slashes, so that PATCH /api/devices/A/daily changes the device `A/daily`.
ELSEWHERE: list[CheckFunction] = [*NOT_PROMISED, unsupported_method, allow_header_conformance]


@pytest.fixture(scope="module")
def unlimited(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running_api(
        stack, tmp_path_factory.mktemp("openapi"), FLUXIO_INGEST_RATE_LIMIT="1000000 per minute",
        FLUXIO_UNKNOWN_KEY_LIMIT="1000000 per minute",
    ) as server:  # fmt: skip
        yield server


def tried(examples: int) -> settings:
    return settings(
        max_examples=examples, derandomize=True, deadline=None, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@schema.include(path_regex="^/(api/ingest|healthz|readyz|openapi|config)").parametrize()
@tried(60)
def test_answers_are_as_documented(case: schemathesis.Case[Any], unlimited: ApiServer, plant: Plant) -> None:
    case.call_and_validate(base_url=unlimited.url, headers=plant.headers, excluded_checks=NOT_PROMISED)


@pytest.fixture
def admin(plant: Plant, sign_in: SignIn) -> dict[str, str]:
    return sign_in(plant.organization_id, "admin")


@for_people.include(method="GET", path_regex="^/api/(?!ingest)").parametrize()
@tried(15)
def test_what_people_read_is_as_documented(
    case: schemathesis.Case[Any], unlimited: ApiServer, admin: dict[str, str]
) -> None:
    case.call_and_validate(base_url=unlimited.url, headers=admin, excluded_checks=ELSEWHERE)
