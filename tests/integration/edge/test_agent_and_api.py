"""Plant -> agent -> API -> database, all of them real, with the API and the gateway killed on the way."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from fluxio_edge.spool import Spool
from fluxio_edge.spool_file import read_counts
from fluxio_local.stack import Stack
from support.api_server import running_api
from support.gateway import Clocks, eventually, live
from support.plant import RunningPlant, agent_file, running_agent, running_plant, stored_ever, waiting
from support.receiver import wait_until


@dataclass
class Site:
    """An organization's two meters as they are in the plant and in the database, and its gateway's key."""

    plant: RunningPlant
    names: tuple[str, str]
    key: str
    database: psycopg.Connection[tuple[object, ...]]

    def rows(self, name: str) -> list[tuple[object, ...]]:
        """(created_at, flow_rate, quality, flags) of one meter, by time."""
        return self.database.execute(
            "select created_at, flow_rate, quality, flags from flow_data where device_id = %s order by created_at",
            [name],
        ).fetchall()


@pytest.fixture
def site(stack: Stack, tmp_path: Path) -> Iterator[Site]:
    tag = uuid4().hex[:12]
    names = (f"N1_{tag}", f"N2_{tag}")
    plant_file = tmp_path / "plant.toml"
    plant_file.write_text(
        "\n".join(f'[[meters]]\nname = "{name}"\nunit = {unit}\nmean_flow = 58' for unit, name in enumerate(names, 1))
    )
    with (
        psycopg.connect(stack.database_url, autocommit=True) as database,
        running_plant(plant_file) as plant,
    ):
        made = database.execute("insert into organizations (name) values (%s) returning id", [f"Org {tag}"]).fetchone()
        assert made is not None
        for name in names:
            database.execute("insert into devices (device_id, organization_id) values (%s, %s)", [name, made[0]])
        key = database.execute("select api_key from create_api_key(%s, %s)", [f"Key {tag}", made[0]]).fetchone()
        assert key is not None
        (tmp_path / "key").write_text(str(key[0]))
        yield Site(plant, names, str(key[0]), database)


def test_a_steered_flow_is_in_the_database_in_cubic_metres_per_hour(stack: Stack, site: Site, tmp_path: Path) -> None:
    first, second = site.names
    site.plant.set(first, flow_rate=450)
    site.plant.set(second, fault="nan")
    with running_api(stack, tmp_path) as api:
        config = agent_file(tmp_path, site.plant, api.url, meters={first: 1, second: 2})
        with running_agent(config) as agent:
            wait_until(lambda: site.rows(first) and site.rows(second), "rows")
            agent.stop()
    assert site.rows(first)[0][1:] == (450.0, "good", [])
    assert site.rows(second)[0][1:] == (None, "suspect", ["invalid_float"])
    assert read_counts(tmp_path / "spool.sqlite3").quarantined == 0


def test_an_api_that_is_killed_and_comes_back_costs_no_reading(stack: Stack, site: Site, tmp_path: Path) -> None:
    first, second = site.names
    with running_api(stack, tmp_path) as api:
        config = agent_file(tmp_path, site.plant, api.url, meters={first: 1, second: 2})
        with running_agent(config) as agent:
            for _ in range(2):
                wait_until(lambda: len(site.rows(first)) > 3 and waiting(tmp_path) < 3, "readings in the database")
                api.stop(signal.SIGKILL)
                wait_until(lambda: waiting(tmp_path) > 10, "a backlog")
                api.start()
            wait_until(lambda: waiting(tmp_path) < 3, "the spool to empty")
            agent.stop()
    assert waiting(tmp_path) == read_counts(tmp_path / "spool.sqlite3").quarantined == 0
    assert len(site.rows(first)) + len(site.rows(second)) == stored_ever(tmp_path)


def test_readings_of_an_unknown_meter_are_set_aside_and_hold_up_no_other(
    stack: Stack, site: Site, tmp_path: Path
) -> None:
    first, _ = site.names
    with running_api(stack, tmp_path) as api:
        config = agent_file(tmp_path, site.plant, api.url, meters={first: 1, f"unknown {first}": 2})
        with running_agent(config) as agent:
            wait_until(lambda: len(site.rows(first)) > 10, "rows of the known meter")
            agent.stop()
    assert read_counts(tmp_path / "spool.sqlite3").quarantined > 5
    assert agent.log.count("the API refuses them (unknown_device") == 1
    assert site.key not in agent.log


def test_readings_that_waited_for_the_clock_in_vain_are_suspect_at_the_apis_time(
    stack: Stack, site: Site, tmp_path: Path
) -> None:
    first, _ = site.names
    clocks = Clocks()

    async def story(spool: Spool) -> None:
        await eventually(lambda: len(site.rows(first)) > 3, "suspect rows")
        clocks.set()
        await eventually(lambda: site.rows(first)[-1][2] == "good", "good rows")

    with running_api(stack, tmp_path) as api:
        started = datetime.now(UTC)
        live(story, clocks, agent_file(tmp_path, site.plant, api.url, meters={first: 1}), wait_s=0.5)
    rows = site.rows(first)
    assert len(rows) == stored_ever(tmp_path), "each once"
    assert {(str(quality), str(flags)) for _, _, quality, flags in rows} == {
        ("suspect", "['clock_suspect']"),
        ("good", "[]"),
    }
    assert all(
        started - timedelta(seconds=2) < created_at < datetime.now(UTC) + timedelta(seconds=2)
        for created_at, *_ in rows
        if isinstance(created_at, datetime)
    )
    told = site.database.execute(
        "select count(*) from flow_data where device_id = %s and quality = 'suspect'"
        " and metadata ->> 'reported_at' like '1970-01-01T%%'",
        [first],
    ).fetchone()
    # A good one may tell it too: it was still held when the clock was set.
    assert told == (sum(quality == "suspect" for _, _, quality, _ in rows),)
