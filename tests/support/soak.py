"""Tests that have a short form, for everybody's run, and a long one for `make soak`."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

IS_LONG = bool(os.environ.get("FLUXIO_TEST_SOAK"))


def short_or_long(short: T, long: T) -> T:
    """What this run takes."""
    return long if IS_LONG else short
