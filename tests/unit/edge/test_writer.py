"""Readings on their way to the disk, and a disk that fails."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fluxio_edge.clock import GatewayClock
from fluxio_edge.forward_settings import ClockSettings, SpoolSettings
from fluxio_edge.hindsight import Held
from fluxio_edge.reading import Reading, iso_utc, utc_now
from fluxio_edge.spool import Spool
from fluxio_edge.writer import Writer

TRUSTED = GatewayClock(ClockSettings(trust="always"))


class Disk(Spool):
    """A spool that counts its writes and fails on demand, as a full disk does."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.writes = 0
        self.full = False

    def add_all(self, readings: Sequence[tuple[Reading, Held | None]]) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        self.writes += 1
        super().add_all(readings)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with Disk(tmp_path / "spool.sqlite3") as disk:
        yield disk


def reading(number: int) -> Reading:
    return Reading("M1", iso_utc(utc_now()), f'{{"n":{number}}}')


def test_readings_that_come_close_together_are_one_write(disk: Disk) -> None:
    stored = []

    async def work() -> None:
        writer = Writer(disk, SpoolSettings(gather_s=0.2), TRUSTED, lambda: stored.append(disk.waiting))
        running = asyncio.create_task(writer.run())
        for number in range(50):
            await writer.store(reading(number))
        writer.finish()
        await running

    asyncio.run(work())
    assert (disk.writes, disk.waiting, stored) == (1, 50, [50])


def test_what_a_full_disk_does_not_take_waits_in_memory(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> Writer:
        writer = Writer(disk, SpoolSettings(gather_s=0.0), TRUSTED, lambda: None)
        running = asyncio.create_task(writer.run())
        disk.full = True
        await writer.store(reading(0))
        while writer.trouble is None:
            await asyncio.sleep(0.01)
        await writer.store(reading(1))
        disk.full = False
        while disk.waiting < 2:
            await asyncio.sleep(0.01)
        writer.finish()
        await running
        return writer

    with caplog.at_level(logging.INFO, "fluxio_edge"):
        writer = asyncio.run(work())
    assert [each.reading.body for each in disk.oldest(10)] == ['{"n":0}', '{"n":1}']
    assert (writer.lost, writer.trouble) == (0, None)
    assert [message for message in caplog.messages if message.startswith("spool")] == [
        "spool: readings cannot be stored, they wait in memory: database or disk is full",
        "spool: readings are stored again, 0 were lost",
    ]


def test_what_memory_does_not_hold_is_lost_and_counted(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> Writer:
        writer = Writer(disk, SpoolSettings(gather_s=0.0), TRUSTED, lambda: None)
        disk.full = True
        for number in range(1005):
            await writer.store(reading(number))
        running = asyncio.create_task(writer.run())
        while writer.lost == 0:
            await asyncio.sleep(0.01)
        writer.finish()
        await running
        return writer

    assert asyncio.run(work()).lost == 1005, "those in memory too, as the agent ends"
    assert caplog.messages[-1] == "spool: 1000 reading(s) could not be stored and are lost"


def test_readings_that_are_too_old_are_dropped(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        writer = Writer(disk, SpoolSettings(max_age_days=30.0), TRUSTED, lambda: None)
        running = asyncio.create_task(writer.run())
        while disk.waiting == 2:
            await asyncio.sleep(0.01)
        writer.finish()
        await running

    disk.add(Reading("M1", "2020-01-01T00:00:00.000Z", "{}"))
    disk.add(reading(1))
    asyncio.run(work())
    assert (disk.waiting, disk.counts().dropped_old) == (1, 1)
    assert "spool: 1 reading(s) from before" in caplog.messages[0]
