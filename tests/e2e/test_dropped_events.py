"""Realtime promises nothing: an event that never comes must not leave an old value on the page past a minute."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from support.dashboard import PATIENCE_MS, Dashboard, open_dashboard
from support.system import System, wait_until

#: The meter whose events get lost; NIVUS_01 stays live beside it.
MUTE, HEARD = "NIVUS_03", "NIVUS_01"
#: After which the page has read everything anew [s].
PROMISED_S = 60

READ = re.compile(r"/rest/v1/latest_readings")


class Wire:
    """What Realtime sends to a page, of which some can get lost on the way; nobody is told so."""

    def __init__(self, page: Page) -> None:
        self._is_losing = False
        self.lost = 0
        page.route_web_socket(re.compile("/realtime/"), self._route)

    @contextmanager
    def events_lost(self) -> Iterator[None]:
        """Within, no alert comes and no reading of MUTE; all else does."""
        self._is_losing = True
        try:
            yield
        finally:
            self._is_losing = False

    def _route(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def deliver(message: str | bytes) -> None:
            text = message if isinstance(message, str) else message.decode(errors="replace")
            if self._is_losing and "postgres_changes" in text and (MUTE in text or '"alerts"' in text):
                self.lost += 1
            else:
                socket.send(message)

        server.on_message(deliver)


@pytest.fixture
def dashboard(system: System, chromium: Browser) -> Iterator[Dashboard]:
    """A page whose clock can be put forward, and which takes no silence for unusual."""
    env = system.services.env()
    with psycopg.connect(system.stack.admin_database_url, autocommit=True) as connection:
        connection.execute("update public.devices set expected_interval_s = 900")
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        yield dashboard


@pytest.fixture
def wire(dashboard: Dashboard) -> Wire:
    wire = Wire(dashboard.page)
    dashboard.page.clock.install()
    dashboard.page.reload()
    dashboard.expect_live()
    return wire


def is_stored(system: System, flow: float) -> Callable[[], bool]:
    """Whether MUTE's latest flow is `flow` in the database."""

    def ask() -> bool:
        with psycopg.connect(system.stack.admin_database_url) as connection:
            row = connection.execute(
                "select abs(flow_rate - %s) < 0.5 from public.latest_readings where device_id = %s", [flow, MUTE]
            ).fetchone()
        return row == (True,)

    return ask


def flow(dashboard: Dashboard, device_id: str, value: int) -> Locator:
    """A meter's row, if it shows this flow."""
    return dashboard.row(device_id).filter(has_text=re.compile(rf"(?<!\d){value}\.\d+\s+m³/h"))


def seconds(age: Locator) -> int:
    """What "12 s ago" or "1 min 12 s ago" says."""
    parts = dict(reversed(part) for part in re.findall(r"(\d+) (min|s)\b", age.inner_text()))
    return 60 * int(parts.get("min", 0)) + int(parts.get("s", 0))


def read_anew(page: Page) -> None:
    """Put the page's clock forward, second by second, until it has just read the state anew, within a minute."""
    asked: list[str] = []
    page.on("response", lambda answer: asked.append(answer.url) if READ.search(answer.url) else None)
    for _ in range(PROMISED_S):
        page.clock.fast_forward(1000)
        page.wait_for_timeout(50)
        if asked:
            return
    raise AssertionError("the page did not read the state anew")


def shown(dashboard: Dashboard) -> list[str]:
    """The flow of each meter, and the open alerts; no ages, which differ by the second."""
    flows = dashboard.page.locator("td[data-label=Flow]").all_inner_texts()
    assert len(flows) == 4
    return flows + [alert.locator("p").last.inner_text() for alert in dashboard.alerts().all()]


def test_a_page_that_is_not_told_is_right_a_minute_later(
    system: System, dashboard: Dashboard, wire: Wire, chromium: Browser
) -> None:
    page = dashboard.page
    system.set_meter(MUTE, flow_rate=44)
    expect(flow(dashboard, MUTE, 44)).to_be_visible(timeout=PATIENCE_MS)
    read_anew(page)
    with wire.events_lost():
        system.set_meter(MUTE, flow_rate=300)
        wait_until("the reading is stored", is_stored(system, 300))
        system.set_meter(HEARD, flow_rate=66)
        expect(flow(dashboard, HEARD, 66)).to_be_visible(timeout=PATIENCE_MS)

        # The page is live and cannot know; it says how old its value is, and older with every second.
        dashboard.expect_live()
        measured = flow(dashboard, MUTE, 44).locator("[data-label=Measured]")
        expect(measured).to_have_text(re.compile(r"^(\d+ s|\d min) ago"))
        age_s = seconds(measured)
        page.clock.fast_forward(10_000)
        wait_until("the age has grown", lambda: seconds(measured) >= age_s + 10)
        expect(dashboard.alerts()).to_have_count(0)
        assert wire.lost > 0

        system.agent.stop()
        read_anew(page)
        expect(flow(dashboard, MUTE, 300)).to_be_visible(timeout=PATIENCE_MS)
        expect(dashboard.alerts()).to_have_count(1)
        assert_equal_to_a_fresh_load(system, dashboard, chromium)

        # What ended unheard ends on the page too.
        system.set_meter(MUTE, flow_rate=45)
        system.start_agent()
        wait_until("the reading is stored", is_stored(system, 45))
        system.agent.stop()
        read_anew(page)
        expect(dashboard.alerts()).to_have_count(0, timeout=PATIENCE_MS)
        assert_equal_to_a_fresh_load(system, dashboard, chromium)
    system.start_agent()


def test_what_came_while_the_channels_were_away_is_there_after_the_rejoin(
    system: System, dashboard: Dashboard, chromium: Browser
) -> None:
    system.set_meter(MUTE, flow_rate=46)
    expect(flow(dashboard, MUTE, 46)).to_be_visible(timeout=PATIENCE_MS)
    system.agent.stop()
    system.stack.kill_gateway()
    dashboard.expect_lost()
    with psycopg.connect(system.stack.admin_database_url) as connection:
        connection.execute(
            "insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer)"
            " select device_id, now(), now(), 301.5, totalizer from public.latest_readings where device_id = %s",
            [MUTE],
        )
    expect(flow(dashboard, MUTE, 46)).to_be_visible()
    system.stack.restart_gateway()
    expect(flow(dashboard, MUTE, 301)).to_be_visible(timeout=PATIENCE_MS)
    dashboard.expect_live()
    expect(dashboard.alerts()).to_have_count(1)
    assert_equal_to_a_fresh_load(system, dashboard, chromium)


def assert_equal_to_a_fresh_load(system: System, dashboard: Dashboard, chromium: Browser) -> None:
    env = system.services.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as fresh:
        fresh.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        expect(flow(fresh, HEARD, 66)).to_be_visible(timeout=PATIENCE_MS)
        assert shown(dashboard) == shown(fresh)
