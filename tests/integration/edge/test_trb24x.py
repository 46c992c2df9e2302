"""The played TRB24x gateway in front of a server that answers in every way."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from click.testing import CliRunner

from fluxio_edge.cli import main
from fluxio_edge.simulator.command import Command
from fluxio_edge.simulator.plant import Plant
from fluxio_edge.simulator.plant_file import PlantFile
from fluxio_edge.simulator.trb24x.gateway import Gateway, Target
from fluxio_edge.simulator.trb24x.shapes import SHAPES
from fluxio_local.stack import Stack
from support.api_server import running_api
from support.hand_clock import HandClock
from support.plant import EXAMPLES
from support.receiver import wait_until
from support.recorder import Recorder, recording
from support.site import make_site

METERS = [{"name": "M1", "unit": 1, "mean_flow": 58}, {"name": "M2", "unit": 2, "mean_flow": 80}]
#: A poll of the two meters is so many records: five quantities each.
POLL = 10


@pytest.fixture
def server() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


class Field:
    """A gateway beside its plant; `waits` are the pauses that it made."""

    def __init__(self, client: httpx.AsyncClient, url: str, shape: str, segments: int | None, tries: int) -> None:
        self.clock = HandClock()
        self.plant = Plant(PlantFile.model_validate({"meters": METERS, "utc_offset_h": 5.5}), clock=self.clock)
        self.waits: list[float] = []
        self.gateway = Gateway(
            self.plant,
            SHAPES[shape],
            Target(f"{url}/api/ingest", "flx_test", tries, 2.0),
            client,
            segments=segments,
            clock=self.clock,
            pause=self._pause,
        )

    async def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)

    def poll(self) -> None:
        """A poll, and five minutes pass."""
        self.gateway.poll()
        self.clock.forward(minutes=5)


def play(
    server: Recorder,
    story: Callable[[Field], Awaitable[None]],
    *,
    shape: str = "array",
    segments: int | None = None,
    tries: int = 0,
) -> Field:
    async def played() -> Field:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            field = Field(client, server.url, shape, segments, tries)
            await story(field)
            return field

    return asyncio.run(played())


async def once(field: Field) -> None:
    field.poll()
    await field.gateway.collect()


async def until_empty(field: Field) -> None:
    for _ in range(3):
        field.poll()
    while field.gateway.waiting:
        await field.gateway.collect()


def sent_times(server: Recorder) -> list[str]:
    return [each["date_iso_8601"] for body in server.bodies for each in next(iter(json.loads(body).values()))]


def test_a_body_goes_to_the_address_with_the_key(server: Recorder) -> None:
    play(server, once)
    ((path, content_type, key, body),) = server.posted
    assert (path, content_type, key) == ("/api/ingest", "application/json", "flx_test")
    assert [each["name"] for each in json.loads(body)["pipe1"]] == [
        "flow_rate", "level", "velocity", "temperature", "totalizer",
    ]  # fmt: skip


def test_a_backlog_goes_out_the_oldest_first_and_once(server: Recorder) -> None:
    field = play(server, until_empty)
    assert len(server.bodies) == field.gateway.posts == 6
    times = sent_times(server)
    assert times == sorted(times)
    assert times[0] == "2026-11-22T17:30:00+0530"
    assert len(times) == 3 * POLL


def test_fewer_segments_than_requests_fall_ever_further_behind(server: Recorder) -> None:
    async def hour(field: Field) -> None:
        for _ in range(12):
            field.poll()
            await field.gateway.collect()

    field = play(server, hour, shape="object")
    assert field.gateway.waiting == 12 * POLL - 12


def test_without_repeats_nobody_looks_at_the_answer_and_what_was_not_taken_is_lost(server: Recorder) -> None:
    server.statuses = [503, 401, 0, 400, 500]
    field = play(server, until_empty)
    assert len(server.bodies) == 6
    assert len(set(server.bodies)) == 6
    assert (field.gateway.waiting, field.waits) == (0, [])


def test_with_repeats_a_body_is_sent_again_as_it_was_until_it_is_taken(server: Recorder) -> None:
    server.statuses = [503, 0, 429]
    field = play(server, once, tries=10)
    assert server.bodies == [server.bodies[0]] * 4
    assert field.waits == [2.0, 2.0, 2.0]


def test_after_the_last_repeat_the_next_records_are_sent(server: Recorder) -> None:
    server.statuses = [503, 503, 503]
    play(server, until_empty, tries=2)
    assert server.bodies[0] == server.bodies[1] == server.bodies[2] != server.bodies[3]
    assert len(server.bodies) == 8


@pytest.mark.parametrize("tries", [0, 3])
def test_a_redirect_is_not_followed_and_counts_as_sent(server: Recorder, tries: int) -> None:
    server.statuses = [308]
    play(server, once, tries=tries)
    assert [each.path for each in server.posted] == ["/api/ingest"]


def test_a_meter_that_does_not_answer_leaves_nothing_not_zeros(server: Recorder) -> None:
    async def story(field: Field) -> None:
        for fault in ("silent", "busy", "illegal", "drop", "slow"):
            field.plant.meters["M1"].apply(Command(fault=fault, delay_s=6))
            field.poll()
        field.plant.meters["M1"].apply(Command(fault="slow", delay_s=4))
        field.poll()
        await field.gateway.collect()

    play(server, story, segments=64)
    (body,) = map(json.loads, server.bodies)
    assert (len(body["pipe1"]), len(body["pipe2"])) == (5, 30)


def test_a_script_sends_each_meters_last_poll_and_keeps_no_backlog(server: Recorder) -> None:
    async def story(field: Field) -> None:
        field.poll()
        field.plant.meters["M1"].apply(Command(flow_rate=450))
        field.poll()
        await field.gateway.collect()
        field.plant.meters["M2"].apply(Command(fault="silent"))
        field.poll()
        await field.gateway.collect()

    play(server, story, shape="lua")
    sent = [json.loads(body) for body in server.bodies]
    assert [each["device_id"] for each in sent] == ["M1", "M2", "M1"]
    assert sent[0]["flow_rate"] == 450.0


def test_a_gateway_with_the_same_seed_sends_the_same(server: Recorder) -> None:
    play(server, until_empty, shape="siblings")
    first = list(server.bodies)
    play(server, until_empty, shape="siblings")
    assert server.bodies == first + first
    assert json.loads(first[0])["gw"]["mac"].startswith("001e42")


def test_the_command_plays_until_it_is_stopped(server: Recorder) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLUXIO_")}
    command = [sys.executable, "-m", "fluxio_edge", "trb24x", str(EXAMPLES / "plant.toml"), "--shape", "history"]
    with subprocess.Popen(
        [*command, "--poll", "0.1", "--period", "0.05", "--control-port", "0"],
        env={**kept, "FLUXIO_API_URL": server.url, "FLUXIO_API_KEY": "flx_test"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        for _ in range(2):
            httpx.post(f"{ready['control']}/meters", json={"flow_rate": 450}, trust_env=False).raise_for_status()
            wait_until(lambda: any(b'"[0.125000]"' in body for body in server.bodies), "the flow that was set")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        ended = json.loads(process.stdout.read())
    assert ended["posts"] - len(server.posted) in (0, 1), "the last may have been cut short"
    assert {each.path for each in server.posted} == {"/api/ingest"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--shape", "object", "--segments", "2"), "shape object takes at most 1 segments"),
        (("--shape", "lua", "--segments", "2"), "shape lua takes no segments"),
        (("--key-file", "/there-is-none"), "key file /there-is-none cannot be read"),
        ((), "no key: give --key-file"),
    ],
)
def test_a_wrong_option_is_told_in_words(options: tuple[str, ...], said: str) -> None:
    settings = dict.fromkeys(("FLUXIO_API_KEY", "FLUXIO_API_KEY_FILE", "FLUXIO_API_URL"))
    done = CliRunner().invoke(
        main, ["trb24x", str(EXAMPLES / "plant.toml"), "--url", "http://127.0.0.1:9", *options], env=settings
    )
    assert done.exit_code != 0
    assert said in done.stderr


def test_what_a_script_sends_is_in_the_database(stack: Stack, tmp_path: Path) -> None:
    tag = uuid4().hex[:12]
    names = (f"T1_{tag}", f"T2_{tag}")
    with (
        psycopg.connect(stack.database_url, autocommit=True) as database,
        running_api(stack, tmp_path) as api,
    ):
        key = make_site(database, names)
        meters = [{"name": name, "unit": unit, "mean_flow": 58} for unit, name in enumerate(names, 1)]
        plant = Plant(PlantFile.model_validate({"meters": meters}))
        plant.meters[names[0]].apply(Command(flow_rate=450))
        plant.meters[names[1]].apply(Command(fault="ghost"))

        async def send() -> None:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
                gateway = Gateway(plant, SHAPES["lua"], Target(f"{api.url}/api/ingest", key), client)
                gateway.poll()
                await gateway.collect()

        asyncio.run(send())
        rows = database.execute(
            "select device_id, flow_rate, quality from flow_data where device_id = any (%s) order by device_id",
            [list(names)],
        ).fetchall()
    assert rows == [(names[0], 450.0, "good"), (names[1], 0.0, "bad")]


@pytest.mark.parametrize(
    "shape",
    ["object", "array", "history", "siblings", "raw_words", "no_brackets", "template", "legacy", "full", "base64"],
)
def test_every_shape_is_the_same_reading_in_the_database(stack: Stack, tmp_path: Path, shape: str) -> None:
    name = f"T1_{uuid4().hex[:12]}"
    with (
        psycopg.connect(stack.database_url, autocommit=True) as database,
        running_api(stack, tmp_path) as api,
    ):
        key = make_site(database, [name])
        database.execute("update devices set profile = 'nivus_750' where device_id = %s", [name])
        database.execute(
            "insert into device_aliases (organization_id, kind, alias, device_id)"
            " select organization_id, alias.kind, alias.name, device_id from devices,"
            " (values ('server_id', '1'), ('input_name', 'pipe1')) as alias (kind, name) where device_id = %s",
            [name],
        )
        plant = Plant(PlantFile.model_validate({"meters": [{"name": name, "unit": 1, "mean_flow": 58}]}))
        plant.meters[name].apply(Command(flow_rate=450))

        async def send() -> None:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
                gateway = Gateway(plant, SHAPES[shape], Target(f"{api.url}/api/ingest", key), client)
                gateway.poll()
                await gateway.collect()
                while gateway.waiting:
                    await gateway.collect()

        asyncio.run(send())
        rows = database.execute(
            "select flow_rate, level is not null, totalizer is not null, quality from flow_data where device_id = %s",
            [name],
        ).fetchall()
        letters = database.execute(
            "select reason, detail from ingest_dead_letters where organization_id ="
            " (select organization_id from devices where device_id = %s)",
            [name],
        ).fetchall()
    assert letters == []
    assert rows == [(450.0, True, True, "good")]
