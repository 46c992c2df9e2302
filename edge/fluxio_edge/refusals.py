"""Telling of refused readings once for each meter and code, however many there are."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fluxio_edge.api import Settled
from fluxio_edge.spool import Spooled

_log = logging.getLogger(__name__)


class Refusals:
    """Remembers, for each meter, the code that was told last."""

    def __init__(self) -> None:
        """Nothing was told yet."""
        self._told: dict[str, str] = {}

    def tell(self, batch: Sequence[Spooled], outcome: Settled) -> None:
        """Log what is new in the outcome of `batch`."""
        meters = {each.seq: each.reading.device_id for each in batch}
        for refused in outcome.refused:
            meter = meters[refused.seq]
            if self._told.get(meter) != refused.code:
                reason = f"{refused.code} {refused.detail}".strip()
                _log.warning("readings of %s: the API refuses them (%s); they are set aside", meter, reason)
            self._told[meter] = refused.code
        refused_meters = {meters[refused.seq] for refused in outcome.refused}
        for meter in {meters[seq] for seq in outcome.accepted} - refused_meters:
            if self._told.pop(meter, None) is not None:
                _log.info("readings of %s: the API takes them again", meter)
