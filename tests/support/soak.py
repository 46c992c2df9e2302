"""How long a soak lasts: `make soak` sets FLUXIO_SOAK_S, CI runs the short form."""

from __future__ import annotations

import os

SHORT_S = 20.0


def soak_s() -> float:
    """Seconds of steady load."""
    return float(os.environ.get("FLUXIO_SOAK_S") or SHORT_S)
