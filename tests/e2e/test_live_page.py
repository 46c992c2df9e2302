"""From a register in a meter to a browser, without a reload."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from support.dashboard import PATIENCE_MS, Dashboard, open_dashboard
from support.system import System

STRANGER = "operator@south.example"
STRANGER_PASSWORD = "south-water-page"


@pytest.fixture
def dashboard(system: System, chromium: Browser) -> Iterator[Dashboard]:
    env = system.services.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        yield dashboard
        assert dashboard.errors == []


@pytest.fixture(scope="module")
def stranger(system: System) -> None:
    """An operator of another organization."""
    env = os.environ | dict(system.services.env()) | {"FLUXIO_NEW_PASSWORD": STRANGER_PASSWORD}
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "fluxio_api", "create-admin", STRANGER,
         "--organization", "South Water", "--role", "operator"],
        env=env, check=True, capture_output=True,
    )  # fmt: skip


def test_a_changed_register_shows_without_a_reload(system: System, dashboard: Dashboard) -> None:
    dashboard.page.evaluate("globalThis.notReloaded = true")
    for flow in (77.7, 66.6):
        system.set_meter("NIVUS_01", flow_rate=flow)
        expect(dashboard.row("NIVUS_01")).to_contain_text(re.compile(rf"{flow}\d*\s+m³/h"), timeout=PATIENCE_MS)
    assert dashboard.page.evaluate("globalThis.notReloaded")


def test_an_alert_appears_and_is_resolved_only_here(
    system: System, dashboard: Dashboard, stranger: None, chromium: Browser
) -> None:
    with open_dashboard(chromium, system.stack.api_url) as other:
        other.sign_in(STRANGER, STRANGER_PASSWORD)
        system.set_meter("NIVUS_01", flow_rate=120.5)
        alert = dashboard.alerts().filter(has_text="120.5")
        expect(alert).to_be_visible(timeout=PATIENCE_MS)
        expect(alert).to_contain_text("100")

        # The other organization's page is live, and sees neither the meters nor the alert.
        other.expect_live()
        expect(other.alerts()).to_have_count(0)
        expect(other.page.get_by_text("NIVUS_")).to_have_count(0)
        expect(other.page.get_by_text("No devices yet")).to_be_visible()

        system.set_meter("NIVUS_01", flow_rate=50)
        expect(dashboard.row("NIVUS_01")).to_contain_text(re.compile(r"50\.0\d*\s+m³/h"), timeout=PATIENCE_MS)
        expect(dashboard.alerts().filter(has_text="120.5")).to_have_count(0, timeout=PATIENCE_MS)
        assert other.errors == []


def test_resolving_asks_for_a_note_and_keeps_it(system: System, dashboard: Dashboard) -> None:
    system.set_meter("NIVUS_01", flow_rate=130)
    alert = dashboard.alerts().filter(has_text="130")
    alert.get_by_role("button", name="Resolve").click()
    dialog = dashboard.page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("bypass opened by hand")
    dialog.get_by_role("button", name="Resolve alert").click()
    expect(dialog).to_be_hidden(timeout=PATIENCE_MS)
    expect(alert).to_have_count(0)
    expect(dashboard.page.get_by_role("heading", name="Open alerts")).to_be_focused()
    system.set_meter("NIVUS_01", flow_rate=None)

    with psycopg.connect(system.stack.admin_database_url) as connection:
        row = connection.execute(
            "select email, is_resolved from public.alerts join public.users on users.id = resolved_by"
            " where resolution_note = 'bypass opened by hand'"
        ).fetchone()
    assert row == (system.services.env()["FLUXIO_DEMO_EMAIL"], True)


def test_a_flood_of_alerts_leaves_the_devices_in_reach(system: System, dashboard: Dashboard) -> None:
    with psycopg.connect(system.stack.admin_database_url, autocommit=True) as connection:
        connection.execute(
            "insert into public.alerts (organization_id, device_id, alert_type, severity, message, created_at)"
            " select organization_id, device_id, 'flood_' || n, 'warning', 'flood <b>' || n || '</b>',"
            " now() + n * interval '1 ms'"
            " from public.devices, generate_series(1, 150) as n where device_id = 'NIVUS_04'"
        )
        try:
            expect(dashboard.page.get_by_text("and 147 more")).to_be_visible(timeout=PATIENCE_MS)
            expect(dashboard.alerts()).to_have_count(3)
            heading = dashboard.page.get_by_role("heading", name="Devices", exact=True)
            box = heading.bounding_box()
            assert box is not None
            assert box["y"] < 2 * dashboard.page.evaluate("innerHeight")
            expect(dashboard.page.get_by_text("flood <b>150</b>").first).to_be_attached()
        finally:
            connection.execute("delete from public.alerts where alert_type like 'flood_%'")


def test_signing_out_shows_nothing_any_more(system: System, dashboard: Dashboard) -> None:
    expect(dashboard.row("NIVUS_02")).to_be_visible()
    dashboard.page.get_by_role("button", name="Sign out").click()
    expect(dashboard.page.get_by_label("Password")).to_be_visible()
    expect(dashboard.page.get_by_text("NIVUS_")).to_have_count(0)


def test_a_wrong_password_is_said_in_words(system: System, chromium: Browser) -> None:
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        dashboard.page.get_by_label("E-mail").fill("operator@fluxio.example")
        dashboard.page.get_by_label("Password").fill("not the password")
        dashboard.page.get_by_role("button", name="Sign in").click()
        expect(
            dashboard.page.get_by_role("alert").filter(has_text=re.compile("password", re.IGNORECASE))
        ).to_be_visible()


def test_the_chart_and_its_table_show_a_device(system: System, dashboard: Dashboard) -> None:
    dashboard.row("NIVUS_03").get_by_role("link").click()
    expect(dashboard.page.get_by_role("heading", name=re.compile("^Flow of "))).to_be_visible()
    expect(dashboard.page.locator("figure canvas")).to_be_visible()
    dashboard.page.get_by_text("Show the chart as a table").click()
    expect(dashboard.page.locator("#intervals").get_by_role("row").nth(1)).to_be_visible()
