"""The running system, and the page as a person uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from support.dashboard import PATIENCE_MS
from support.system import System, running_system

# Two tests run at once, and the machine may be busy with others.
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """Stack, API, plant and agent, shared by a module."""
    with running_system() as system:
        yield system
