"""The spool of one app, put together."""

from __future__ import annotations

from collections.abc import Callable
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
