"""The running API against its own OpenAPI document: what schemathesis can think of, a bounded number of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from fluxio_api.openapi import document
from fluxio_local.stack import Stack
from support.api_server import ApiServer, running_api

from .conftest import Plant

schema = schemathesis.openapi.from_dict(document())

#: A schema cannot say which bodies are refused: unknown members are kept, and a device may not exist.
NOT_PROMISED: list[CheckFunction] = [negative_data_rejection, positive_data_acceptance]


@pytest.fixture(scope="module")
def unlimited(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running_api(
        stack, tmp_path_factory.mktemp("openapi"), FLUXIO_INGEST_RATE_LIMIT="1000000 per minute",
        FLUXIO_UNKNOWN_KEY_LIMIT="1000000 per minute",
    ) as server:  # fmt: skip
        yield server


@schema.parametrize()
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_documented(case: schemathesis.Case[Any], unlimited: ApiServer, plant: Plant) -> None:
    case.call_and_validate(base_url=unlimited.url, headers=plant.headers, excluded_checks=NOT_PROMISED)
