"""The running system, and the page as a person uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.system import System, running_system


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """Stack, API, plant and agent, shared by a module."""
    with running_system() as system:
        yield system
