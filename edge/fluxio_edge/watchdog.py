"""Ending an agent that no longer moves, so that whoever started it starts it again.

The spool stands a kill at any moment, so nothing is gained by an orderly end of something stuck.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from fluxio_edge.progress import Beat
from fluxio_edge.systemd import Systemd

_log = logging.getLogger(__name__)

#: The exit status of an agent that ended itself (EX_SOFTWARE of sysexits.h).
STUCK: Final = 70
#: Between two looks [s].
_LOOK_S: Final = 1.0


class Watchdog:
    """Watches beats from a thread of its own, which also sees an event loop that stands still.

    A context manager: it watches from entering to leaving.
    """

    def __init__(
        self,
        beats: Sequence[Beat],
        stuck_s: float,
        *,
        end: Callable[[int], object] = os._exit,
        look_s: float = _LOOK_S,
    ) -> None:
        """A beat may be late by `stuck_s`; then `end` is called with STUCK."""
        self._loop_beat = Beat("the event loop")
        self._beats = [*beats, self._loop_beat]
        self._stuck_s = stuck_s
        self._end = end
        self._look_s = look_s
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        """Starts to watch."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Watches no more."""
        self._left.set()
        self._thread.join()

    async def run(self, systemd: Systemd, status: Callable[[], str]) -> None:
        """Show that the event loop moves, to the watching thread and to systemd, until cancelled."""
        interval = min(self._look_s, (systemd.watchdog_s or 3.0) / 3)
        while True:
            self._loop_beat.expect(interval)
            if self._stuck() is None:
                systemd.alive(status())
            await asyncio.sleep(interval)

    def _stuck(self) -> Beat | None:
        return next((beat for beat in self._beats if beat.late > self._stuck_s), None)

    def _watch(self) -> None:
        while not self._left.wait(self._look_s):
            stuck = self._stuck()
            if stuck is not None:
                _log.critical("%s stands still for %.0f s: the agent ends itself", stuck.name, stuck.late)
                faulthandler.dump_traceback()
                logging.shutdown()
                self._end(STUCK)
                return
