"""The spool of one app, put together."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ...keyring import ApiKey
from ..intake import Intake
from .background import Background
from .drain import Drain
from .intake import SpooledIntake
from .known_keys import KnownKeys
from .outage import Outage
from .spool import Spool, SpoolState
from .spool_file import SpoolError

#: Name below fluxio_spool_, description, value.
_GAUGES: dict[str, tuple[str, Callable[[SpoolState], float]]] = {
    "bodies": ("Bodies that wait for the database.", lambda state: state.entries),
    "bytes": ("What the spool holds, with what was set aside.", lambda state: state.bytes),
    "set_aside_bodies": ("Bodies that neither ingest nor the dead letters would take.", lambda state: state.set_aside),
    "oldest_age_seconds": (
        "Since the body that waits longest was received; 0 if none waits.",
        lambda state: state.oldest_age_s(datetime.now(UTC)),
    ),
    "spooled_bodies": ("Bodies ever kept.", lambda state: state.spooled),
    "drained_bodies": ("Bodies of the spool that ingest took.", lambda state: state.drained),
    "dead_lettered_bodies": ("Bodies that went to the dead letters whole.", lambda state: state.dead_lettered),
    "refused_bodies": ("POSTs turned away for want of room.", lambda state: state.refused),
}


class Spooling:
    """What the app uses of the spool; nothing is opened and no thread runs before it is used."""

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int,
        intake: Intake,
        find_key: Callable[[str], ApiKey | None],
        shared_key_hash: str | None,
    ) -> None:
        outage = Outage()
        self.spool = Spool(directory, max_bytes=max_bytes)
        self._keys = KnownKeys(find_key, self.spool, outage)
        drain = Drain(self.spool, intake, find_key, outage, shared_key_hash=shared_key_hash)
        self._background = Background(self.spool, drain, self._keys, outage)
        self._outage = outage
        self._max_bytes = max_bytes
        #: Takes the place of the Intake it is given.
        self.intake = SpooledIntake(intake, self.spool, outage)

    @property
    def database_is_away(self) -> bool:
        """Whether this worker sends bodies straight to the spool."""
        return self._outage.lasting

    def find_key(self, key_hash: str) -> ApiKey | None:
        """Takes the place of the lookup it is given; see KnownKeys.find."""
        return self._keys.find(key_hash)

    def state(self) -> SpoolState:
        """What is held and what became of it; raises SpoolError."""
        return self.spool.state()

    def fault(self) -> str | None:
        """A word for what is wrong with the spool, if anything is: `unavailable`, or `full` from nine tenths on."""
        try:
            held = self.spool.state().bytes
        except SpoolError:
            return "unavailable"
        return "full" if held > self._max_bytes * 9 // 10 else None

    def count_in(self, gauge: Callable[[str, str, Callable[[], float]], None]) -> None:
        """Give `gauge` the name, the description and the value of each number of `state`; not a number if it fails."""
        for name, (documentation, read) in _GAUGES.items():
            gauge(f"fluxio_spool_{name}", documentation, partial(self._read, read))

    def _read(self, read: Callable[[SpoolState], float]) -> float:
        try:
            return read(self.spool.state())
        except SpoolError:
            return math.nan

    def check(self) -> None:
        """Open the spool and close it again. Raises SpoolError, for a server that had better not start."""
        self.spool.is_empty()
        self.spool.close()

    def start(self) -> None:
        """Drain in this process from now on."""
        self._background.start()

    def stop(self) -> None:
        """End that after the body in hand, and close the file."""
        self._background.stop()
        self.spool.close()
