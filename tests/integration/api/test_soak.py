"""Hours of POSTs must not make the API grow; here minutes, or seconds in CI."""

from __future__ import annotations

import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from fluxio_local.stack import Stack
from support import needs
from support.api_server import running_api
from support.soak import short_or_long

from .conftest import Database, MakePlant, Plant

#: Of steady load.
SECONDS = short_or_long(20.0, 600.0)
SENDERS = 8
#: POSTs/s of each sender, so that it is a steady load and no race.
RATE = 15
#: Part of the soak in which threads, pools and caches may still fill.
WARM_UP = 0.3
#: What the second half may hold beyond the first [bytes]: an allocator's noise, not a leak's slope.
TOLERANCE = 4 * 1024 * 1024


def resident_bytes(pid: int) -> int:
    """Memory of the workers of this master."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if fields["PPid"].strip() == str(pid) and "VmRSS" in fields:
            total += int(fields["VmRSS"].split()[0]) * 1024
    return total


def bodies(plant: Plant, number: int) -> tuple[dict[str, str], bytes, set[int]]:
    """The headers and body of the `number`-th POST, and the statuses it may have: all kinds take their turns."""
    now = time.time()
    reading = {"device_id": plant.devices[number % len(plant.devices)], "flow_rate": number % 900 + 0.5}
    kind = number % 16
    if kind == 0:
        return plant.headers, b'{"device_id": ' + str(number).encode(), {400}
    if kind == 1:
        return plant.headers, json.dumps(reading | {"device_id": f"nobody {number}"}).encode(), {422}
    if kind == 2:
        return {"x-api-key": f"flx_{number:032}"}, json.dumps(reading).encode(), {401}
    if kind == 3:
        odd = reading | {"metadata": {"note": "a\0b"}}
        return plant.headers, json.dumps([odd, reading | {"created_at": now}]).encode(), {200}
    if kind == 4:
        return plant.headers, json.dumps(reading).encode(), {200}
    many = [reading | {"created_at": now - index * 1e-3, "metadata": {"n": number}} for index in range(kind * 4)]
    return plant.headers, json.dumps(many).encode(), {200, 422}


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 120)
def test_the_memory_of_the_worker_stays_flat(stack: Stack, tmp_path: Path, db: Database, make_plant: MakePlant) -> None:
    if not Path("/proc/self/status").exists():
        needs.missing("/proc, where memory is read,")
    seconds = SECONDS
    plants = [make_plant(10) for _ in range(SENDERS)]
    with running_api(stack, tmp_path, FLUXIO_LOG_LEVEL="WARNING") as server:
        over = threading.Event()

        def send(plant: Plant) -> int:
            sent = 0
            with httpx.Client(base_url=server.url, timeout=60) as client:
                while not over.wait(1 / RATE):
                    headers, body, expected = bodies(plant, sent)
                    answer = client.post("/api/ingest", content=body, headers=headers)
                    assert answer.status_code in expected, (answer.status_code, answer.text)
                    sent += 1
            return sent

        with ThreadPoolExecutor(SENDERS) as pool:
            sending = [pool.submit(send, plant) for plant in plants]
            memory: list[int] = []
            until = time.monotonic() + seconds
            try:
                while time.monotonic() < until and not any(one.done() for one in sending):
                    memory.append(resident_bytes(server.pid))
                    time.sleep(seconds / 200)
            finally:
                over.set()
            sent = sum(one.result() for one in sending)
    assert sent > seconds
    settled = memory[int(len(memory) * WARM_UP) :]
    half = len(settled) // 2
    first, second = statistics.median(settled[:half]), statistics.median(settled[half:])
    assert second - first < TOLERANCE, f"{first / 2**20:.1f} MiB, then {second / 2**20:.1f} MiB after {sent} POSTs"
