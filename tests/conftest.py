"""What every test may use: one local Supabase for the whole run, thrown away at its end, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

# Before pytest imports supabase/tests/conftest.py, for which it would make a module `supabase` of that folder.
import supabase as _supabase  # noqa: F401
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from fluxio_local.stack import Stack
from support import needs
from support.stacks import throwaway_stack

# No example has a deadline: the machine may be busy.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A local Supabase on free ports with every migration and no seed.

    FLUXIO_LOCAL_PG_BIN chooses the PostgreSQL, as for `fluxio-local`.
    """
    with throwaway_stack() as stack:
        stack.start()
        yield stack


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Headless Chromium. Per module: Playwright's loop would get in the way of asyncio tests."""
    executable = needs.chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        )  # fmt: skip
        yield browser
        browser.close()
