"""The edge agent: reads meters over Modbus and forwards their readings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

#: When this code was written, or before: a clock that says less is not set. Raised with each release.
RELEASED: Final = datetime(2026, 11, 1, tzinfo=UTC)
