"""An agent that stands still is ended, and systemd hears of one that does not."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fluxio_edge.progress import Beat, MeterState
from fluxio_edge.systemd import Systemd
from fluxio_edge.watchdog import STUCK, Watchdog


class Ended:
    """Stands for the end of the process."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.happened = threading.Event()

    def __call__(self, status: int) -> None:
        self.status = status
        self.happened.set()


def test_a_part_that_stands_still_ends_the_agent(caplog: pytest.LogCaptureFixture) -> None:
    now, ended = [0.0], Ended()
    beat = Beat("sending", now=lambda: now[0])
    with Watchdog([beat], 900, end=ended, look_s=0.01):
        beat.expect(300)
        now[0] = 1199
        assert not ended.happened.wait(0.1), "a wait that was told is no standstill"
        now[0] = 1201
        assert ended.happened.wait(10)
    assert ended.status == STUCK
    assert caplog.messages == ["sending stands still for 901 s: the agent ends itself"]


def test_a_poll_that_never_ends_is_noticed_and_a_silent_meter_is_not() -> None:
    meter = MeterState("M1")
    meter.begins()
    meter.ended(answered=False, trouble="does not answer", next_in=60)
    assert meter.beat.late == 0
    meter.begins()
    first = meter.beat.late
    assert 0 <= first < meter.beat.late
    assert (meter.polls, meter.answers, meter.trouble) == (2, 0, "does not answer")


BLOCKED = """
import asyncio, time
from fluxio_edge.systemd import Systemd
from fluxio_edge.watchdog import Watchdog

async def main():
    with Watchdog([], 0.3, look_s=0.05) as watchdog:
        watching = asyncio.create_task(watchdog.run(Systemd({}), str))
        await asyncio.sleep(0.6)
        print("moves", flush=True)
        time.sleep(60)

asyncio.run(main())
"""


def test_a_process_whose_event_loop_stands_still_ends_with_a_status_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stdout) == (STUCK, "moves\n")
    assert "the event loop stands still" in done.stderr
    assert "time.sleep(60)" in done.stderr or "in main" in done.stderr, "and says where"


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_of_start_life_and_end(tmp_path: Path, abstract: bool) -> None:
    name = f"\0fluxio-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        listener.settimeout(10)
        systemd = Systemd({"NOTIFY_SOCKET": name.replace("\0", "@"), "WATCHDOG_USEC": "30000000"})
        assert systemd.watchdog_s == 30
        systemd.ready()
        systemd.alive("well")
        systemd.stopping()
        assert [listener.recv(1000) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1\nSTATUS=well", b"STOPPING=1"]


def test_without_systemd_nothing_happens() -> None:
    systemd = Systemd({})
    systemd.ready()
    assert systemd.watchdog_s is None
    assert Systemd({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog_s is None
    Systemd({"NOTIFY_SOCKET": "/none/none"}).ready()


def test_systemd_hears_nothing_more_from_an_agent_that_is_stuck(tmp_path: Path) -> None:
    """It ends and restarts the agent then, should the agent not manage that itself."""
    now = [0.0]
    beat = Beat("sending", now=lambda: now[0])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)

        async def run() -> tuple[int, int]:
            watchdog = Watchdog([beat], 900, end=lambda _: None, look_s=0.01)
            systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify")})
            running = asyncio.create_task(watchdog.run(systemd, lambda: "well"))
            await asyncio.sleep(0.1)
            alive = drain(listener)
            now[0] = 1000
            await asyncio.sleep(0.05)
            drain(listener)
            await asyncio.sleep(0.1)
            running.cancel()
            return alive, drain(listener)

        alive, stuck = asyncio.run(run())
    assert alive > 0
    assert stuck == 0


def drain(listener: socket.socket) -> int:
    count = 0
    while True:
        try:
            listener.recv(1000)
        except BlockingIOError:
            return count
        count += 1
