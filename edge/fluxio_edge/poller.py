"""Polling one meter: when to read it, and what to make of what it says."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from fluxio_edge.answers import Answers
from fluxio_edge.backoff import Backoff
from fluxio_edge.condition import Condition
from fluxio_edge.diagnosis import WRONGLY_ASKED, examine
from fluxio_edge.errors import ReadError, UnreachableError
from fluxio_edge.link import Link
from fluxio_edge.profile_file import Profile
from fluxio_edge.progress import MeterState
from fluxio_edge.read_plan import TOO_LARGE, ReadPlan
from fluxio_edge.reading import Clock, Reading, build_reading
from fluxio_edge.registers import Decoded, Metric, Register
from fluxio_edge.status_words import judge

_log = logging.getLogger(__name__)

Store = Callable[[Reading], Awaitable[None]]


class Poller:
    """Reads one meter for ever and hands each reading to `store`.

    A meter that does not answer is tried again after 1, 2, 4, ... intervals, at most `backoff_max_s`
    apart. While there is no connection the polls go on at their interval and cost nothing: the
    connection has a backoff of its own.
    """

    def __init__(
        self,
        device_id: str,
        profile: Profile,
        link: Link,
        store: Store,
        *,
        interval_s: float,
        backoff_max_s: float,
        clock: Clock,
        state: MeterState | None = None,
    ) -> None:
        """`interval_s` is from the start of one poll to the start of the next; `state` is kept up to date."""
        self._device_id = device_id
        self._registers = profile.decoders()
        self._meanings = profile.meanings()
        self._plan = ReadPlan(profile.blocks())
        self._link = link
        self._store = store
        self._interval = interval_s
        self._backoff = Backoff(interval_s, max(interval_s, backoff_max_s))
        self._clock = clock
        self._state = state or MeterState(device_id)
        self._answered = False
        self._away: str | None = None
        self._meter = Condition(f"meter {device_id}", _log)
        self._is_examined = False
        self._disk = Condition(f"readings of {device_id}", _log)

    async def run(self) -> None:
        """Poll until cancelled; raises nothing else."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if wait := self._link.postponed():
                self._state.beat.expect(wait)
                await asyncio.sleep(wait)
                continue
            self._state.begins()
            if await self._poll_safely():
                self._backoff.reset()
                late = loop.time() - due
                due += self._interval * (1 + late // self._interval)  # polls that were missed are not made up
            else:
                due = loop.time() + self._backoff.next_delay()
            self._link.expect(due)
            pause = max(0.0, due - loop.time())
            self._state.ended(answered=self._answered, trouble=self._away or self._meter.reason, next_in=pause)
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
        """Read once and store; whether the next poll is due as usual."""
        self._answered, self._away = False, None
        answers = await self._read()
        self._answered = answers.measured_at is not None
        if answers.measured_at is None:
            if answers.refusals[0].code in WRONGLY_ASKED:
                await self._examine(answers, self._registers, {})
            return self._nothing(answers.refusals[0])
        values = answers.decode(self._registers)
        judged = judge(values, self._meanings, answers.words)
        reading = build_reading(
            self._device_id,
            answers.measured_at,
            judged.values,
            partial=bool(answers.refusals),
            told=judged.flags,
            quality=judged.quality,
        )
        invalid = values.keys() - judged.values.keys()
        self._say(judged.values, answers.refusals, sorted(invalid))
        if reading is not None:
            await self._keep(reading, answers.measured_at)
        if judged.values:
            rest = tuple(register for register in self._registers if register.metric not in invalid)
            await self._examine(answers, rest, judged.values)
        return True

    async def _read(self) -> Answers:
        """Every block, in smaller requests where the meter refuses a larger one; after a silence no more."""
        answers = Answers()
        blocks = deque(self._plan.blocks)
        while blocks:
            block = blocks.popleft()
            try:
                words = await self._link.read(block)
            except ReadError as error:
                parts = self._plan.split(block) if error.code in TOO_LARGE else ()
                if parts:
                    blocks.extendleft(reversed(parts))
                    continue
                answers.refusals.append(error)
                if not error.answered:
                    break
                continue
            answers.measured_at = answers.measured_at or self._clock()
            answers.add(block, words)
        if answers.measured_at is None:
            self._plan.start_over()
        return answers

    async def _examine(self, answers: Answers, registers: tuple[Register, ...], values: dict[Metric, Decoded]) -> None:
        """At the first answer, say what mistake the values look like; what is stored stays as it is."""
        if self._is_examined:
            return
        self._is_examined = True
        told = await examine(self._link, registers, self._plan.blocks, answers.words, values)
        if told is not None:
            _log.warning("meter %s: %s", self._device_id, told)

    def _nothing(self, error: ReadError) -> bool:
        """Say why no register was read; whether the next poll is due as usual."""
        if isinstance(error, UnreachableError):
            if error.told:
                self._away = str(error)
            else:
                self._meter.trouble("unreachable", f"does not answer: {error}")
            return True
        if error.answered:
            self._meter.trouble("refuses", f"refuses every request: {error}")
        else:
            self._meter.trouble("silent", f"does not answer: {error}")
        return False

    def _say(self, values: dict[Metric, Decoded], refusals: list[ReadError], invalid: list[Metric]) -> None:
        """One line for each change of what is wrong with the meter's answers."""
        flawed = [f"{metric} ({values[metric].flag})" for metric in sorted(values) if values[metric].value is None]
        flawed += [f"{metric} (by its status)" for metric in invalid]
        odd = [metric for metric in sorted(values) if values[metric].flag == "out_of_range"]
        if refusals:
            self._meter.trouble("partial", f"gives only a part: {refusals[0]}")
        elif flawed:
            reasons = ", ".join(flawed)
            self._meter.trouble(f"no value {reasons}", f"answers without a value for {reasons}")
        elif odd:
            self._meter.trouble(f"odd {odd}", f"measures what it cannot: {', '.join(odd)} out of range")
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
