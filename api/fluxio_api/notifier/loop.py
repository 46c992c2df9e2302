"""The loop that empties the outbox."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from ..problems import Unavailable
from .ports import Bundle, Notification, Outbox, Route, Sender, SendError

_log = logging.getLogger(__name__)

#: Between two looks [s]: what many devices do at once gathers into one message meanwhile.
_LOOK_S = 5.0
_AT_ONCE = 8
#: Most notifications of one look.
_TAKE = 500
#: First and longest wait after a failure [s], and after how long it is given up.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 30.0, 3600.0
_GIVE_UP = timedelta(hours=24)


def _now() -> datetime:
    return datetime.now(UTC)


class Notifier:
    """Sends what is due until it is told to stop; many may run beside each other.

    At least once: a notification is settled after it was sent, so one whose
    settling was lost goes out again. One channel that fails keeps no other.
    """

    def __init__(self, outbox: Outbox, senders: Mapping[str, Sender], *, clock: Callable[[], datetime] = _now) -> None:
        """`senders` by kind of channel."""
        self._outbox = outbox
        self._senders = senders
        self._clock = clock
        self._stop = threading.Event()

    def run(self) -> None:
        """Go on until `stop`; what is being sent then is still sent and settled."""
        _log.info("notifier started")
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="notify") as pool:
            while not self._stop.is_set():
                taken = self.look(pool)
                if taken < _TAKE:
                    self._stop.wait(_LOOK_S)
        _log.info("notifier stopped")

    def stop(self) -> None:
        """Make `run` return; safe in a signal handler."""
        self._stop.set()

    def look(self, pool: ThreadPoolExecutor) -> int:
        """Send what is due now; how many notifications that were."""
        try:
            bundles = self._outbox.take(_TAKE)
        except Unavailable:
            return 0
        for done in [pool.submit(self._deliver, bundle) for bundle in bundles]:
            done.result()
        return sum(len(notifications) for _, notifications in bundles)

    def _deliver(self, bundle: Bundle) -> None:
        route, notifications = bundle
        try:
            self._send(route, notifications)
            error = None
        except SendError as failure:
            error = failure
            _log.warning("channel %s (%s) failed: %s", route.channel_id or "unknown", len(notifications), failure)
        except Exception as failure:  # noqa: BLE001 - a library's fault must not keep the other channels
            # Only its kind: its words may hold an address.
            _log.error("channel %s failed with %s", route.channel_id, type(failure).__name__)
            error = SendError(f"failed with {type(failure).__name__}")
        try:
            for one in notifications:
                self._outbox.settle(one.id, str(error) if error else None, self._retry_at(one, error))
        except Unavailable:
            _log.warning("what was sent could not be settled; it will be sent again")

    def _send(self, route: Route, notifications: list[Notification]) -> None:
        if route.channel_id is None or route.kind is None:
            raise SendError("the organization has no channel of this name", is_final=True)
        if not route.is_enabled:
            raise SendError("the channel is disabled", is_final=True)
        self._senders[route.kind].send(route, notifications)

    def _retry_at(self, one: Notification, error: SendError | None) -> datetime | None:
        # Somebody waits for a test, and presses again.
        if error is None or error.is_final or one.event == "test":
            return None
        now = self._clock()
        wait = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(one.attempts - 1, 12))
        at = now + timedelta(seconds=wait * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads attempts
        return at if at < one.created_at + _GIVE_UP else None
