"""API, gateway and PostgreSQL die in turn while the agent runs: no reading is lost, the page comes back by itself."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import psycopg
from playwright.sync_api import Browser, expect

from support.dashboard import PATIENCE_MS, open_dashboard
from support.system import System, wait_until


def kill_api(system: System) -> Callable[[], None]:
    system.services.api.stop(kill=True)
    return system.services.up


def kill_gateway(system: System) -> Callable[[], None]:
    system.stack.kill_gateway()
    return system.stack.restart_gateway


def crash_postgres(system: System) -> Callable[[], None]:
    system.stack.stop_postgres("immediate")
    return system.stack.start_postgres


#: What the page says of each.
WORDS = {
    kill_api: "The API is not available",
    kill_gateway: "The data service cannot be reached",
    crash_postgres: "The database is not available",
}


def test_silence_is_told_and_a_page_opened_in_an_outage_recovers(system: System, chromium: Browser) -> None:
    """PostgreSQL is gone while Realtime keeps its sockets and sends nothing."""
    env = system.services.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        expect(dashboard.row("NIVUS_02")).to_contain_text("m³/h", timeout=PATIENCE_MS)
        recover = crash_postgres(system)
        stopped = time.monotonic()
        try:
            dashboard.expect_lost()
            assert time.monotonic() - stopped < 15
            dashboard.page.reload()
            expect(dashboard.page.get_by_role("alert")).to_contain_text("not available", timeout=PATIENCE_MS)
            assert "Live" not in dashboard.page.get_by_role("status").inner_text()
        finally:
            recover()
        dashboard.expect_live()
        expect(dashboard.row("NIVUS_02")).to_contain_text("m³/h", timeout=PATIENCE_MS)
        expect(dashboard.page.get_by_role("alert").filter(has_text="not available")).to_have_count(0)


def test_a_page_without_a_network_says_so_and_how_old_its_values_are(system: System, chromium: Browser) -> None:
    env = system.services.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        expect(dashboard.row("NIVUS_02")).to_contain_text("m³/h", timeout=PATIENCE_MS)
        dashboard.page.context.set_offline(True)
        alert = dashboard.page.get_by_role("alert")
        expect(alert).to_contain_text(
            re.compile(r"no connection to the server\. Values are from .*\d"), timeout=PATIENCE_MS
        )
        expect(dashboard.row("NIVUS_02")).to_contain_text("m³/h")
        dashboard.page.context.set_offline(False)
        dashboard.expect_live()
        expect(alert).to_have_count(0, timeout=PATIENCE_MS)


def test_nothing_is_lost_and_the_page_recovers(system: System, chromium: Browser) -> None:
    env = system.services.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        dashboard.page.evaluate("globalThis.notReloaded = true")
        wait_until("readings arrive", lambda: system.stored() > 0)

        for number, outage in enumerate((kill_api, kill_gateway, crash_postgres)):
            before = system.taken()
            recover = outage(system)
            wait_until("the agent goes on reading", lambda at=before: system.taken() >= at + 8)  # type: ignore[misc]
            if outage is kill_gateway:
                dashboard.expect_lost()
            # A page that is looked at again asks at once, not within the minute.
            dashboard.page.evaluate("dispatchEvent(new Event('online'))")
            expect(dashboard.page.get_by_role("alert")).to_contain_text(WORDS[outage], timeout=PATIENCE_MS)
            recover()
            value = 31 + number
            system.set_meter("NIVUS_02", flow_rate=value)
            dashboard.expect_live()
            expect(dashboard.page.get_by_role("alert")).to_have_count(0, timeout=PATIENCE_MS)
            expect(dashboard.row("NIVUS_02")).to_contain_text(re.compile(rf"{value}\.0\d*\s+m³/h"), timeout=PATIENCE_MS)
            wait_until("the backlog is sent", lambda: system.waiting() == 0)
        assert dashboard.page.evaluate("globalThis.notReloaded")

    system.agent.stop()
    taken = system.taken()
    system.start_agent()
    wait_until("the last readings are sent", lambda: system.stored() >= taken)
    system.agent.stop()
    wait_until("everything is stored once", lambda: system.stored() == system.taken())
    with psycopg.connect(system.stack.admin_database_url) as connection:
        assert connection.execute("select count(*) from public.ingest_dead_letters").fetchone() == (0,)
