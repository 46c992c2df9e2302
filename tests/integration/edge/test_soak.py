"""Fifty meters polled each second through everything that happens to a gateway in the field."""

from __future__ import annotations

import os
import signal
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from fluxio_edge.simulator.answer_log import Answered, read_answers
from fluxio_edge.spool_file import read_counts
from fluxio_local.stack import Stack
from support.api_server import ApiServer, running_api
from support.link import Link, linked
from support.plant import RunningAgent, RunningPlant, running_agent, running_plant, stored_ever, waiting
from support.process_watch import Watch, children
from support.receiver import wait_until
from support.site import make_site
from support.soak import short_or_long
from support.soak_story import METERS, Scene, story, write_agent, write_plant

LENGTH_S = short_or_long(40.0, 1800.0)
SEED = "soak"
INTERVAL_S = 1.0
#: The agent's promise.
MOST_MEMORY_MB = 60
#: In a process that has run for minutes: what is no leak.
MOST_GROWTH_MB = 3
#: A poll is on its way for so long at most, on a machine that does other things as well.
ON_ITS_WAY_S = 5.0


@dataclass
class Soak:
    """Everything that runs, and when the agent was killed."""

    folder: Path
    database: psycopg.Connection[tuple[object, ...]]
    names: list[str]
    plant: RunningPlant
    api: ApiServer
    link: Link
    agent_file: Path
    life: ExitStack
    agent: RunningAgent = field(init=False)
    kills: list[float] = field(default_factory=list)

    def start_agent(self) -> None:
        self.agent = self.life.enter_context(running_agent(self.agent_file))

    def play(self, scene: Scene) -> None:
        time.sleep(scene.wait_s)
        if scene.what == "agent killed":
            self.agent.kill()
            self.kills.append(time.time())
            self.start_agent()
        elif scene.what == "API worker killed":
            for worker in children(self.api.pid):
                os.kill(worker, signal.SIGKILL)
        else:
            self.link.begin("cut" if scene.what == "cut" else "stall")
            time.sleep(scene.lasts_s)
            self.link.end()

    def finish(self) -> None:
        """No more readings; the agent sends what it has and ends."""
        self.plant.set_all(fault="silent", fault_share=None)
        time.sleep(1)  # the slow meter's last answer
        wait_until(lambda: waiting(self.folder) == 0, "the spool to empty", seconds=60 + LENGTH_S / 4)
        self.agent.stop()

    def rows(self) -> dict[str, list[tuple[datetime, float, float]]]:
        """(created_at, totalizer, flow) of each meter, by time."""
        found: dict[str, list[tuple[datetime, float, float]]] = {name: [] for name in self.names}
        for device_id, *row in self.database.execute(
            "select device_id, created_at, totalizer, flow_rate from flow_data"
            " where device_id = any (%s) order by created_at",
            [self.names],
        ):
            found[str(device_id)].append(tuple(row))  # type: ignore[arg-type] # the columns' types
        return found


@pytest.fixture
def soak(stack: Stack, tmp_path: Path) -> Iterator[Soak]:
    tag = uuid4().hex[:12]
    names = [f"S{number:02d}_{tag}" for number in range(1, METERS + 1)]
    with ExitStack() as life:
        database = life.enter_context(psycopg.connect(stack.database_url, autocommit=True))
        (tmp_path / "key").write_text(make_site(database, names))
        plant = life.enter_context(
            running_plant(write_plant(tmp_path, names, SEED), options=("--answers", str(tmp_path / "answers")))
        )
        api = life.enter_context(running_api(stack, tmp_path))
        link = life.enter_context(linked(api.port))
        file = write_agent(tmp_path, names, modbus_port=plant.port, api_port=link.port, interval_s=INTERVAL_S)
        yield Soak(tmp_path, database, names, plant, api, link, file, life)


@pytest.mark.soak
@pytest.mark.timeout(LENGTH_S * 1.5 + 300)
def test_after_everything_the_database_holds_every_reading_once(
    soak: Soak, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    soak.start_agent()
    started = time.monotonic()
    scenes = list(story(SEED, LENGTH_S))
    with Watch(lambda: soak.agent.process.pid) as watch:
        for scene in scenes:
            soak.play(scene)
        time.sleep(max(0.0, started + LENGTH_S - time.monotonic()))
        polled_s = time.monotonic() - started
    soak.finish()

    rows = soak.rows()
    stored = sum(map(len, rows.values()))
    served = served_by_meter(read_answers(soak.folder / "answers"), soak.names)
    kinds = [scene.what for scene in scenes]
    last = [each.memory_mb for each in watch.samples if each.pid == soak.agent.process.pid]
    figures = {
        "seconds": round(polled_s),
        "readings": stored,
        "served": sum(map(len, served.values())),
        "scenes": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        "connections broken off": soak.link.broken,
        "memory_mb": {
            "most": round(max(each.memory_mb for each in watch.samples), 1),
            "second quarter": round(quarter(last, 1), 1),
            "last quarter": round(quarter(last, 3), 1),
        },
        "cpu_percent": round(100 * watch.cpu_s / polled_s, 1),
    }
    record_property("soak", str(figures))
    with capsys.disabled():
        print("\nsoak:", figures)  # noqa: T201 (they are what a soak is run for)

    counts = read_counts(soak.folder / "spool.sqlite3")
    assert (counts.quarantined, counts.dropped_readings) == (0, 0)
    assert stored == stored_ever(soak.folder), "what was on the gateway's disk is in the database, once"
    for name in soak.names:
        assert_each_served_poll_once(rows[name], served[name], soak.kills)
    assert stored > 0.6 * METERS * polled_s / INTERVAL_S, "it was polled all the time"
    assert set(kinds) == {"agent killed", "cut", "API worker killed", "stall"}
    assert soak.link.broken > 0
    assert max(each.memory_mb for each in watch.samples) < MOST_MEMORY_MB
    if LENGTH_S >= 300:
        assert quarter(last, 3) - quarter(last, 1) < MOST_GROWTH_MB


def served_by_meter(answers: list[Answered], names: list[str]) -> dict[str, list[tuple[datetime, float, float]]]:
    """(when, totalizer, flow) of every poll that the plant answered, from the words themselves."""
    found: dict[str, list[tuple[datetime, float, float]]] = {name: [] for name in names}
    for each in answers:
        flow, totalizer, _level = struct.unpack(">3d", struct.pack(">12H", *each.words))
        found[each.meter].append((each.at, totalizer, flow))
    return found


def assert_each_served_poll_once(
    rows: list[tuple[datetime, float, float]], served: list[tuple[datetime, float, float]], kills: list[float]
) -> None:
    """The rows are the polls in their order, but for at most the one that each kill met."""
    values = [row[1:] for row in rows]
    assert values == sorted(set(values)), "each once, in the order of its time"
    known = set(values)
    assert known <= {poll[1:] for poll in served}, "nothing that the meter did not say"
    lost = [at.timestamp() for at, *value in served if tuple(value) not in known]
    for kill in kills:
        met = [at for at in lost if -ON_ITS_WAY_S < at - kill < ON_ITS_WAY_S]
        assert len(met) <= 1, "a kill costs at most the reading being taken"
        lost = [at for at in lost if at not in met]
    assert lost == [], "a poll that no kill met is in the database"


def quarter(samples: list[float], number: int) -> float:
    """The median of a quarter of the samples, 0 to 3."""
    size = max(1, len(samples) // 4)
    return statistics.median(samples[number * size : (number + 1) * size] or samples)
