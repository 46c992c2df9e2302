"""A page hangs on a wall for weeks: fifty readings a second must not make it grow; here minutes, or seconds in CI."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from fluxio_local.services import Services
from support.dashboard import PATIENCE_MS, open_dashboard
from support.soak import short_or_long

#: Of load.
SECONDS = short_or_long(20, 600)
#: Readings a second, in batches as gateways send them; WATCHED has one in each.
BATCHES, BATCH = 5, 10
WATCHED = "LARGE_0001"
#: Looks at what the page holds.
SAMPLES = short_or_long(8, 60)
#: Part of the looks during which lists and charts may still fill.
WARM_UP = 0.25
#: What the second half may hold beyond the first: rows that come and go, noise of the collector.
MORE_NODES, MORE_LISTENERS, MORE_BYTES = 60, 20, 1024 * 1024

_STORE = """
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer)
select 'LARGE_' || lpad(meter::text, 4, '0'), clock_timestamp(), clock_timestamp(), %s + meter / 1000.0, 5000 + %s
from unnest(%s::integer[]) as meter
"""

_ALERT = """
with ended as (
  update public.alerts set is_resolved = true where alert_type = 'soak' and not is_resolved
)
insert into public.alerts (organization_id, device_id, alert_type, severity, message)
select organization_id, device_id, 'soak', 'warning', 'Soak ' || %s
from public.devices where device_id = 'LARGE_' || lpad((2 + %s %% 2)::text, 4, '0')
"""


@dataclass(frozen=True)
class Held:
    """What a page holds once its garbage is collected."""

    bytes: int
    nodes: int
    listeners: int


def looker(page: Page) -> Callable[[], Held]:
    """Asks Chromium what `page` holds."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.enable")

    def look() -> Held:
        session.send("HeapProfiler.collectGarbage")
        told = {each["name"]: int(each["value"]) for each in session.send("Performance.getMetrics")["metrics"]}
        return Held(told["JSHeapUsedSize"], told["Nodes"], told["JSEventListeners"])

    return look


@contextmanager
def load(services: Services) -> Iterator[Callable[[], int]]:
    """Within, readings and alerts come; gives how many readings there were."""
    over = threading.Event()
    stored = [0]

    def send() -> None:
        started = time.monotonic()
        with psycopg.connect(services.stack.admin_database_url, autocommit=True) as connection:
            for number in itertools.count():
                if over.wait(max(0, started + number / BATCHES - time.monotonic())):
                    return
                others = [2 + (number * (BATCH - 1) + each) % 900 for each in range(BATCH - 1)]
                connection.execute(_STORE, [number % 40, number, [1, *others]])
                if number % BATCHES == 0:
                    connection.execute(_ALERT, [number, number])
                stored[0] += BATCH

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        try:
            yield lambda: stored[0]
        finally:
            over.set()
        sending.result()


def growth(samples: list[Held], of: Callable[[Held], int]) -> float:
    """What the middle of the second half is above the middle of the first, after the warm-up."""
    settled = [of(held) for held in samples[int(len(samples) * WARM_UP) :]]
    half = len(settled) // 2
    return statistics.median(settled[half:]) - statistics.median(settled[:half])


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 180)
def test_fifty_readings_a_second_do_not_make_the_page_grow(
    large_plant: Services,
    chromium: Browser,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    env = large_plant.env()
    url = env["FLUXIO_DASHBOARD_URL"]
    with (
        open_dashboard(chromium, url) as fleet,
        open_dashboard(chromium, f"{url}#/devices/{WATCHED}?last=1h") as device,
    ):
        for each in (fleet, device):
            each.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        expect(device.page.locator("figure canvas")).to_be_visible()
        looks = {"fleet": looker(fleet.page), "device": looker(device.page)}
        held: dict[str, list[Held]] = {name: [] for name in looks}
        with load(large_plant) as stored:
            started = time.monotonic()
            for _ in range(SAMPLES):
                fleet.page.wait_for_timeout(SECONDS * 1000 / SAMPLES)
                for name, look in looks.items():
                    held[name].append(look())
            rate = stored() / (time.monotonic() - started)
        # They heard it all: the last of each is shown.
        with psycopg.connect(large_plant.stack.admin_database_url, autocommit=True) as connection:
            connection.execute(_STORE, [777, 1, [1]])
        expect(fleet.row(WATCHED)).to_contain_text("777.0 m³/h", timeout=PATIENCE_MS)
        expect(device.page.get_by_text("777.0").first).to_be_visible(timeout=PATIENCE_MS)
        for each in (fleet, device):
            each.expect_live()
            assert each.errors == []

    figures = {name: (samples[len(samples) // 4], samples[-1]) for name, samples in held.items()}
    # As text: other objects do not reach the process that gathers the results.
    record_property("page_soak", str(figures))
    with capsys.disabled():
        print(f"\npage soak: {rate:.0f} readings/s; {figures}")  # noqa: T201 (they are what a soak is run for)
    for name, samples in held.items():
        assert growth(samples, lambda each: each.nodes) <= MORE_NODES, (name, samples)
        assert growth(samples, lambda each: each.listeners) <= MORE_LISTENERS, (name, samples)
        assert growth(samples, lambda each: each.bytes) <= MORE_BYTES, (name, samples)
