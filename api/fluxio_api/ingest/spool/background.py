"""The thread of a worker that asks for the database and drains the spool."""

from __future__ import annotations

import atexit
import logging
import threading
from contextlib import suppress

from .drain import Drain
from .known_keys import KnownKeys
from .outage import Outage
from .spool import Spool
from .spool_file import SpoolError, draining

_log = logging.getLogger(__name__)

#: How long it sleeps between two rounds [s].
_ROUND_S = 0.25
#: How often it looks for what another worker left, and tidies up [rounds].
_ROUNDS_TO_LOOK = 4
#: How long the end of the process waits for the entry in hand [s]; killed in it, it is taken again.
_STOP_S = 20.0


class Background:
    """At most one thread a process; `start` may be called at any time and often."""

    def __init__(self, spool: Spool, drain: Drain, keys: KnownKeys, outage: Outage) -> None:
        self._spool = spool
        self._drain = drain
        self._keys = keys
        self._outage = outage
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run in this process, if it does not; after a fork it does not."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._stop.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            # A daemon, because Python waits for any other before it calls what ends it.
            self._thread = threading.Thread(target=self._run, name="fluxio-spool", daemon=True)
            self._thread.start()
            atexit.register(self.stop)

    def stop(self) -> None:
        """End after the entry in hand, for good."""
        self._stop.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(_STOP_S)
        with suppress(SpoolError):
            self._keys.save(at_once=True)
            self._spool.tidy()
        atexit.unregister(self.stop)

    def _run(self) -> None:
        rounds, failing = 0, False
        while not self._stop.is_set():
            try:
                if self._outage.is_time_to_ask():
                    self._drain.database_answers()
                if rounds % _ROUNDS_TO_LOOK == 0:
                    self._look()
                failing = False
            except (SpoolError, OSError) as error:
                if not failing:
                    _log.error("the spool cannot be drained: %s", error)
                failing = True
            except Exception:  # noqa: BLE001 - the thread must outlive a bug
                # Whatever it is, the bodies are on disk, and the next round is the next chance.
                _log.exception("a round of the spool failed")
            rounds += 1
            self._stop.wait(_ROUND_S)

    def _look(self) -> None:
        self._keys.save()
        if not self._outage.lasting and not self._spool.is_empty():
            with draining(self._spool.directory) as turn:
                if turn is not None:
                    self._drain.run(turn, self._stop)
        self._spool.tidy()
