"""Turns on what carries one request at a time, so that dead meters do not use it up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

from fluxio_edge.errors import ReadError, UnreachableError

#: How a meter behaved so far: nothing is known yet, it answered last time, or it did not.
Standing = Literal["new", "alive", "silent"]

#: Meters known to be silent may use so much of a line's time, all together.
SILENT_SHARE: Final = 0.1

#: How often a trial looks whether the line is free long enough [s].
_LOOK_S: Final = 0.05


class Line:
    """A serial line, a converter, or a connection of a meter's own.

    Meters that answer take turns in the order of their asking. Asking one that may well not answer is
    a trial, which costs the line a whole timeout. Trials are made one at a time, so that between two
    of them everybody else has a turn; those of silent meters take at most SILENT_SHARE of the line's
    time, and wait for a moment at which no poll is due before they would end, if one comes soon.
    """

    def __init__(self, *, pause_s: float, timeout_s: float, shared: bool) -> None:
        """`pause_s` is kept between the end of a turn and the next; `timeout_s` is what a trial can take."""
        self._shared = shared
        self._pause = pause_s
        self._timeout = timeout_s
        self._turn = asyncio.Lock()
        self._trial = asyncio.Lock()
        self._quiet_from = 0.0
        #: Before, silent meters have had their share.
        self._trials_from = 0.0
        #: Who waits for a trial since when, in the order of coming.
        self._queue: dict[object, float] = {}
        #: When those that answer are polled next.
        self._due: dict[object, float] = {}

    def expect(self, meter: object, due: float | None) -> None:
        """`meter` answers and will be polled at `due` on the loop's clock; None if it does not answer."""
        if due is None:
            self._due.pop(meter, None)
        else:
            self._due[meter] = due

    def postponed(self, meter: object, standing: Standing) -> float:
        """How long `meter` must not be asked yet [s]; then it is to call again. 0: now."""
        if standing == "alive" or not self._shared:
            return 0.0
        now = asyncio.get_running_loop().time()
        since = self._queue.setdefault(meter, now)
        if self._trial.locked() or next(iter(self._queue)) is not meter:
            return self._timeout / 2
        if standing == "silent" and self._due:
            if now < self._trials_from:
                return self._trials_from - now
            first, patience = min(self._due.values()), self._timeout / SILENT_SHARE
            if first < now + self._timeout and now < max(self._trials_from, since) + patience:
                return max(first - now, 0.0) + _LOOK_S
        del self._queue[meter]
        return 0.0

    @asynccontextmanager
    async def turn(self, standing: Standing) -> AsyncIterator[None]:
        """The line for one request; a ReadError of silence that passes through is charged to the silent."""
        if standing == "alive" or not self._shared:
            async with self._one_request():
                yield
        else:
            async with self._trial, self._one_request():
                yield

    @asynccontextmanager
    async def _one_request(self) -> AsyncIterator[None]:
        clock = asyncio.get_running_loop().time
        async with self._turn:
            await asyncio.sleep(max(0.0, self._quiet_from + self._pause - clock()))
            started = clock()
            try:
                yield
            except ReadError as error:
                if not error.answered and not isinstance(error, UnreachableError):
                    self._trials_from = clock() + (clock() - started) * (1 / SILENT_SHARE - 1)
                raise
            finally:
                self._quiet_from = clock()
