"""The running system, and the page as a person uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from fluxio_local.services import Services
from support.dashboard import PATIENCE_MS
from support.large_plant import make_large_plant
from support.stacks import throwaway_stack
from support.system import System, running_system

# Two tests run at once, and the machine may be busy with others.
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """Stack, API, plant and agent, shared by a module."""
    with running_system() as system:
        yield system


@pytest.fixture(scope="module")
def large_plant() -> Iterator[Services]:
    """Stack and API with a large plant beside the four meters of the demo."""
    with throwaway_stack() as stack:
        services = Services(stack)
        try:
            services.up()
            make_large_plant(stack)
            yield services
        finally:
            services.down()
