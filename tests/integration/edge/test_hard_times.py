"""Kills at random moments, a link that comes and goes, a clock that nobody has set: each reading once."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fluxio_edge.spool import Spool
from fluxio_edge.spool_file import read_counts
from support.gateway import Clocks, eventually, live
from support.plant import RunningPlant, agent_file, running_agent, running_plant, stored_ever, waiting
from support.receiver import Mood, Receiver, listening, wait_until

TWO = {"NIVUS_01": 1, "NIVUS_02": 2}

#: Of the kills; a failure is told with it.
SEED = 20261201


@pytest.fixture(scope="module")
def plant() -> Iterator[RunningPlant]:
    with running_plant() as plant:
        yield plant


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with listening(receiver):
        yield receiver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("flx_test")
    return tmp_path


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_killed_at_random_moments_of_polling_and_sending_nothing_is_lost(
    plant: RunningPlant, receiver: Receiver, folder: Path, order: str
) -> None:
    """As shipped: accepted readings stay in the file for a while, so a kill makes repeats and no losses."""
    config = agent_file(folder, plant, receiver.url, meters=TWO)
    config.write_text(
        config.read_text()
        .replace("settle_s = 0", "settle_s = 1.0")
        .replace("[sending]", f'[sending]\norder = "{order}"\nbatch = 20')
    )
    chance = random.Random(SEED)  # noqa: S311 (no secret)
    moods: tuple[Mood, ...] = ("ok", "lose", "busy", "drop")
    for _ in range(8):
        with running_agent(config) as agent:
            receiver.mood = chance.choice(moods)
            wait_until(lambda: agent.is_polling, "the start")
            time.sleep(chance.uniform(0.0, 1.0))
            agent.kill()
        with Spool(folder / "spool.sqlite3") as spool:
            stored = [each.seq for each in spool.oldest(100_000)]
            assert spool.counts().damaged == 0, SEED
        assert stored == sorted(set(stored))
    receiver.mood = "ok"
    with running_agent(config) as agent:
        wait_until(lambda: agent.is_polling and waiting(folder) < 10, "the backlog to go")
        agent.stop()
    counts = read_counts(folder / "spool.sqlite3")
    assert (counts.waiting, counts.quarantined, counts.dropped_readings) == (0, 0, 0)
    assert len(receiver.taken) == stored_ever(folder), SEED
    assert receiver.conflicts == 0


def test_readings_of_a_gateway_in_1970_arrive_once_and_at_their_times(
    plant: RunningPlant, receiver: Receiver, folder: Path
) -> None:
    clocks = Clocks()

    async def story(spool: Spool) -> None:
        await eventually(lambda: spool.held > 6, "readings that are held back")
        assert receiver.taken == {}
        clocks.set()
        await eventually(lambda: len(receiver.taken) > 12, "readings at their times")

    started = datetime.now(UTC)
    live(story, clocks, agent_file(folder, plant, receiver.url, meters=TWO), wait_s=600.0)
    times = sorted(datetime.fromisoformat(created_at) for _, created_at in receiver.taken)
    assert started <= times[0]
    assert times[-1] <= datetime.now(UTC)
    assert len(receiver.taken) == stored_ever(folder)
    corrected = [body for body in receiver.taken.values() if "metadata" in body]
    assert len(corrected) > 6
    assert {body["quality"] for body in receiver.taken.values()} == {"good"}


def test_a_gateway_without_ntp_whose_clock_is_right_sends_at_once(
    plant: RunningPlant, receiver: Receiver, folder: Path
) -> None:
    """Such as a container: the kernel calls the clock unsynchronized for ever, the API's first answer confirms it."""
    clocks = Clocks()
    clocks.behind = 0.0

    async def story(spool: Spool) -> None:
        await eventually(lambda: len(receiver.taken) > 6, "readings")

    live(story, clocks, agent_file(folder, plant, receiver.url, meters=TWO), wait_s=600.0)
    assert {body["quality"] for body in receiver.taken.values()} == {"good"}
    assert all("metadata" not in body for body in receiver.taken.values())
    assert len(receiver.taken) == stored_ever(folder)


def test_after_the_wait_they_arrive_once_as_suspect_and_never_corrected_too(
    plant: RunningPlant, receiver: Receiver, folder: Path
) -> None:
    clocks = Clocks()

    async def story(spool: Spool) -> None:
        await eventually(lambda: len(receiver.taken) > 6, "suspect readings")
        clocks.set()
        await eventually(lambda: any(body["quality"] == "good" for body in receiver.taken.values()), "good readings")

    started = time.time()
    live(story, clocks, agent_file(folder, plant, receiver.url, meters=TWO), wait_s=1.0)
    suspect = [body for body in receiver.taken.values() if body["quality"] == "suspect"]
    assert len(suspect) > 6
    assert all(body["flags"] == ["clock_suspect"] for body in suspect)
    for body in suspect:
        taken = datetime.fromisoformat(str(body["created_at"])).timestamp()
        assert started - 2 < taken < time.time() + 2, "at the API's time, which it tells in whole seconds"
    assert len(receiver.taken) == stored_ever(folder)
    assert receiver.repeats == 0
