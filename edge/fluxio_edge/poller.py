"""Polling one meter: when to read it, and what to make of what it says."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import datetime

from fluxio_edge.backoff import Backoff
from fluxio_edge.condition import Condition
from fluxio_edge.errors import ReadError
from fluxio_edge.modbus import Connection
from fluxio_edge.profiles import plan_reads
from fluxio_edge.progress import MeterState
from fluxio_edge.reading import Clock, Reading, build_reading
from fluxio_edge.registers import Decoded, Metric, Register, decode

_log = logging.getLogger(__name__)

Store = Callable[[Reading], Awaitable[None]]


class Poller:
    """Reads one meter for ever and hands each reading to `store`.

    A meter that does not answer is tried again after 1, 2, 4, ... intervals, at most
    `backoff_max_s` apart; it holds up no other meter but for its own requests on a shared bus.
    """

    def __init__(
        self,
        device_id: str,
        unit: int,
        registers: tuple[Register, ...],
        connection: Connection,
        store: Store,
        *,
        interval_s: float,
        backoff_max_s: float,
        clock: Clock,
        state: MeterState | None = None,
    ) -> None:
        """`interval_s` is from the start of one poll to the start of the next; `state` is kept up to date."""
        self._device_id = device_id
        self._unit = unit
        self._blocks = plan_reads(registers)
        self._connection = connection
        self._store = store
        self._interval = interval_s
        self._backoff = Backoff(interval_s, max(interval_s, backoff_max_s))
        self._clock = clock
        self._state = state or MeterState(device_id)
        self._meter = Condition(f"meter {device_id}", _log)
        self._disk = Condition(f"readings of {device_id}", _log)

    async def run(self) -> None:
        """Poll until cancelled; raises nothing else."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._state.begins()
            if answered := await self._poll_safely():
                self._backoff.reset()
                late = loop.time() - due
                due += self._interval * (1 + late // self._interval)  # polls that were missed are not made up
            else:
                due = loop.time() + self._backoff.next_delay()
            pause = max(0.0, due - loop.time())
            self._state.ended(answered=answered, trouble=self._meter.reason, next_in=pause)
            await asyncio.sleep(pause)

    async def _poll_safely(self) -> bool:
        """_poll, or False and its traceback once: a fault of ours in one meter must not stop the rest."""
        try:
            return await self._poll()
        except Exception as error:  # noqa: BLE001 (told below, with its traceback)
            if self._meter.kind != "fault":
                _log.exception("meter %s", self._device_id)
            self._meter.trouble("fault", f"cannot be polled: {error!r}")
            return False

    async def _poll(self) -> bool:
        """Read once and store; whether the meter answered."""
        try:
            measured_at, values, refusals = await self._read()
        except ReadError as error:
            if error.answered:
                self._meter.trouble("refuses", f"refuses every request: {error}")
            else:
                self._meter.trouble("silent", f"does not answer: {error}")
            return False
        reading = build_reading(self._device_id, measured_at, values, partial=bool(refusals))
        self._say(values, refusals)
        if reading is not None:
            await self._keep(reading, measured_at)
        return True

    async def _read(self) -> tuple[datetime, dict[Metric, Decoded], list[ReadError]]:
        """When the first answer came, what each block that was answered holds, and the refusals of the others.

        The first answer's time, because waiting for a shared bus or a silent try is no measuring.

        Raises ReadError if none was answered. After a silence the rest is not asked for.
        """
        values: dict[Metric, Decoded] = {}
        refusals: list[ReadError] = []
        measured_at: datetime | None = None
        for block in self._blocks:
            try:
                answer = await self._connection.read(self._unit, block)
            except ReadError as error:
                refusals.append(error)
                if not error.answered:
                    break
                continue
            measured_at = measured_at or self._clock()
            for register in block.registers:
                values[register.metric] = decode(register, block.words(register, answer))
        if measured_at is None:
            raise refusals[0]
        return measured_at, values, refusals

    def _say(self, values: dict[Metric, Decoded], refusals: list[ReadError]) -> None:
        """One line for each change of what is wrong with the meter's answers."""
        flawed = sorted(metric for metric, decoded in values.items() if decoded.value is None)
        if refusals:
            self._meter.trouble("partial", f"gives only a part: {refusals[0]}")
        elif flawed:
            reasons = ", ".join(f"{metric} ({values[metric].flag})" for metric in flawed)
            self._meter.trouble(f"no value {reasons}", f"answers without a value for {reasons}")
        else:
            self._meter.well("answers with all its values")

    async def _keep(self, reading: Reading, measured_at: datetime) -> None:
        """Store the reading; a failing disk costs this reading and not the agent."""
        try:
            await self._store(reading)
        except sqlite3.Error as error:
            self._disk.trouble("lost", f"cannot be stored and are lost since {measured_at}: {error}")
        else:
            self._disk.well("are stored again")
