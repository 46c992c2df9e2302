"""A device's page: windows, chart, marks, tables, downloads, live points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from supabase import Client, ClientOptions, create_client

from support.dashboard import Dashboard, open_dashboard
from support.system import System
from support.tenants import Tenant, send, tenant

#: A reading a minute for two days up to ten minutes ago, none for three hours, and a counter that began anew.
HISTORY = """
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer, level)
select %(device_id)s, at, at, 20 + n %% 5, case when n < 300 then 1000 - n else 5000 - n end, 1.5
from generate_series(10, 2880) as n
cross join lateral (select date_trunc('minute', now()) - n * interval '1 minute') as told (at)
where n not between 600 and 780
"""

ALERT = """
insert into public.alerts (organization_id, device_id, alert_type, severity, message, created_at,
  is_resolved, resolved_at)
values (%(organization_id)s, %(device_id)s, 'high_flow', 'warning', 'Flow above 24',
  now() - interval '4 hours', true, now() - interval '3 hours')
"""


@pytest.fixture(scope="module")
def service(system: System) -> Iterator[Client]:
    """Supabase with the secret key."""
    with httpx.Client(timeout=30) as http:
        options = ClientOptions(httpx_client=http, auto_refresh_token=False)
        yield create_client(system.services.env()["SUPABASE_URL"], system.stack.service_role_key, options)


@pytest.fixture(scope="module")
def north(system: System, service: Client) -> Iterator[Tenant]:
    """An organization whose meter has a history."""
    with tenant(service) as made:
        with psycopg.connect(system.stack.admin_database_url, autocommit=True) as connection:
            connection.execute("select private.create_flow_data_months(now() - interval '3 days', now())")
            connection.execute(
                "update public.devices set expected_interval_s = 60 where device_id = %s", [made.device_id]
            )
            values = {"device_id": made.device_id, "organization_id": made.organization_id}
            connection.execute(HISTORY, values)
            connection.execute(ALERT, values)
        yield made


@pytest.fixture
def dashboard(system: System, chromium: Browser, north: Tenant) -> Iterator[Dashboard]:
    """The page of the meter's last six hours."""
    address = f"{system.services.env()['FLUXIO_DASHBOARD_URL']}#/devices/{north.device_id}?last=6h"
    with open_dashboard(chromium, address) as dashboard:
        dashboard.sign_in(north.email, north.password)
        expect(chart(dashboard.page)).to_have_attribute("aria-valuetext", re.compile("m³/h"))
        yield dashboard
        assert dashboard.errors == []


def chart(page: Page) -> Locator:
    return page.get_by_role("slider", name=re.compile("^Chart: "))


def fact(page: Page, label: str) -> Locator:
    """The value beside a label."""
    return page.locator("dl > div").filter(has=page.get_by_text(label, exact=True)).get_by_role("definition")


def test_the_window_is_in_the_address_and_stays_over_a_reload(dashboard: Dashboard, north: Tenant) -> None:
    page = dashboard.page
    page.get_by_role("button", name="Last 7 days").click()
    page.get_by_label("Quantity").select_option("Level")
    expect(page).to_have_url(re.compile(rf"#/devices/{north.device_id}\?last=7d&show=level$"))
    page.reload()
    expect(chart(page)).to_have_attribute("aria-valuetext", re.compile(r"1\.500\sm$"))
    expect(page.get_by_role("button", name="Last 7 days")).to_have_attribute("aria-pressed", "true")

    page.get_by_role("button", name="Earlier").click()
    expect(page).to_have_url(re.compile(r"\?from=20\S+&to=20\S+&show=level$"))
    expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "false")
    expect(chart(page)).to_have_attribute("aria-valuetext", "Nothing was measured in this time window.")
    page.get_by_role("button", name="Live").click()
    expect(page).to_have_url(re.compile(r"\?last=7d&show=level$"))
    page.get_by_label("Quantity").select_option("Volume")
    expect(chart(page)).to_have_attribute("aria-valuetext", re.compile(r"[\d,.]+\sm³$"))


def test_the_chart_is_read_and_zoomed_with_the_keyboard(dashboard: Dashboard) -> None:
    page = dashboard.page
    slider = chart(page)
    slider.focus()
    last = slider.get_attribute("aria-valuenow")
    assert last is not None
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("Shift+ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "10")
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuenow", "9")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^\d+ \w+ \d{4}, [\d:]+ UTC: 2\d\.\d\sm³/h$"))
    expect(page.locator("#readout")).to_have_text(slider.get_attribute("aria-valuetext") or "")
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuenow", last)
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile(r"\?from="))
    page.keyboard.press("-")
    page.keyboard.press("PageUp")
    expect(slider).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("Flow, ")

    # A drag with the mouse takes the part that it covers.
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    before = page.url
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(page).not_to_have_url(before)
    page.go_back()
    expect(page).to_have_url(before)


def test_alerts_and_resets_are_listed_and_found_in_the_chart(dashboard: Dashboard) -> None:
    page = dashboard.page
    marks = page.get_by_role("region", name="Alerts and resets").get_by_role("listitem")
    expect(marks).to_have_count(2)
    reset = marks.filter(has_text="Counter reset")
    expect(marks.filter(has_text="Flow above 24").get_by_role("link")).to_be_visible()
    expect(fact(page, "Counter resets")).to_have_text("1")
    expect(reset).to_contain_text("from 4,700.0 m³ to 701.0 m³")
    reset.get_by_role("button", name=re.compile(r"^Show \d in the chart")).click()
    expect(chart(page)).to_be_focused()
    at = reset.get_by_text(re.compile(r"^\d+ \w+ \d{4}, ")).text_content()
    expect(chart(page)).to_have_attribute("aria-valuetext", re.compile(f"^{at} UTC: "))


def test_the_tables_hold_what_the_chart_shows(dashboard: Dashboard) -> None:
    page = dashboard.page
    page.get_by_text("Show the chart as a table").click()
    expect(page.locator("#intervals").get_by_role("row").nth(1)).to_contain_text(re.compile(r"2\d\.\d$"))
    page.get_by_text("Show the readings of this window").click()
    readings = page.locator("#readings").get_by_role("row")
    expect(readings).to_have_count(51)
    first = readings.nth(1).get_by_role("rowheader").text_content()
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_role("caption").filter(has_text="Page 2:")).to_be_visible()
    expect(readings.nth(1).get_by_role("rowheader")).not_to_have_text(first or "")
    page.get_by_role("button", name="Newer", exact=True).click()
    expect(readings.nth(1).get_by_role("rowheader")).to_have_text(first or "")


def test_the_window_is_downloaded(dashboard: Dashboard, north: Tenant, tmp_path: Path) -> None:
    page = dashboard.page
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the readings as CSV").click()
    assert waiting.value.suggested_filename.startswith(north.device_id)
    waiting.value.save_as(tmp_path / "window.csv")
    lines = (tmp_path / "window.csv").read_text().splitlines()
    assert lines[0].startswith("device_id,created_at")
    # Six hours of minutes, but for the ten newest.
    assert 345 <= len(lines) - 1 <= 351
    expect(page.get_by_role("main").get_by_text("The CSV file is ready.")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the readings as Excel").click()
    waiting.value.save_as(tmp_path / "window.xlsx")
    assert "xl/workbook.xml" in ZipFile(tmp_path / "window.xlsx").namelist()

    page.route("**/api/flow-data?*", lambda route: route.abort())
    page.get_by_role("button", name="Download the readings as CSV").click()
    expect(page.get_by_role("main").get_by_text("The download failed. The server cannot be reached.")).to_be_visible()
    dashboard.errors.clear()


def test_last_months_statement_is_issued_and_downloaded(dashboard: Dashboard, tmp_path: Path) -> None:
    page = dashboard.page
    page.get_by_text("Monthly statements").click()
    expect(page.get_by_role("main").get_by_text("None was issued yet.")).to_be_visible()
    page.get_by_role("button", name="Issue ").click()
    expect(page.get_by_role("main").get_by_text(re.compile("^The statement of .* is issued"))).to_be_visible()
    expect(page.get_by_role("button", name="Issue ")).to_be_hidden()
    row = page.locator("#statements").get_by_role("row").nth(1)
    expect(row).to_contain_text("valid")
    with page.expect_download() as waiting:
        row.get_by_role("button").click()
    waiting.value.save_as(tmp_path / "statement.csv")
    assert "inputs_sha256" in (tmp_path / "statement.csv").read_text()


def test_a_live_reading_is_added_without_a_reload(dashboard: Dashboard, service: Client, north: Tenant) -> None:
    page = dashboard.page
    page.evaluate("globalThis.notReloaded = true")
    chart(page).focus()
    page.keyboard.press("End")
    send(service, north, flow_rate=87.5)
    expect(fact(page, "Flow")).to_have_text(re.compile(r"87\.5"))
    page.keyboard.press("End")
    expect(chart(page)).to_have_attribute("aria-valuetext", re.compile(r"87\.5\sm³/h$"))
    assert page.evaluate("globalThis.notReloaded")


def test_an_outage_is_said_and_mended_by_a_retry(dashboard: Dashboard) -> None:
    page = dashboard.page
    refused = re.compile(r"/rest/v1/rpc/get_flow_series")
    page.route(refused, lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_role("button", name="Last 7 days").click()
    figure = page.get_by_role("figure")
    expect(figure).to_contain_text("The database is not available (503)")
    page.unroute(refused)
    page.get_by_role("main").get_by_role("button", name="Try again").click()
    expect(figure).not_to_contain_text("not available")
    expect(page.get_by_role("status")).to_contain_text("The history is up to date again.")
    expect(chart(page)).to_have_attribute("aria-valuetext", re.compile("m³/h"))
    expect(figure).to_contain_text("Band: lowest to highest")
    dashboard.errors.clear()


def test_a_chart_that_cannot_be_read_again_is_marked_as_old(dashboard: Dashboard) -> None:
    page = dashboard.page
    figure = page.get_by_role("figure")
    value = chart(page).get_attribute("aria-valuetext")
    database = re.compile(r"/rest/v1/")
    page.route(database, lambda route: route.fulfill(status=503, body="{}"))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(figure).to_contain_text("The history could not be read again. What is shown is of ")
    expect(chart(page)).to_have_attribute("aria-valuetext", value or "")
    page.unroute(database)
    figure.get_by_role("button", name="Try again").click()
    expect(figure).not_to_contain_text("could not be read")
    expect(chart(page)).to_be_focused()
    dashboard.errors.clear()


def test_a_viewer_reads_in_german_and_may_not_issue(system: System, dashboard: Dashboard, north: Tenant) -> None:
    page = dashboard.page
    role = "update public.users set role = %s where id = %s"
    with psycopg.connect(system.stack.admin_database_url, autocommit=True) as connection:
        connection.execute(role, ["viewer", north.user_id])
        try:
            page.get_by_label("Language").select_option("de")
            expect(page.get_by_role("slider", name="Diagramm: Durchfluss")).to_have_attribute(
                "aria-valuetext", re.compile(r"\d,\d\sm³/h$")
            )
            page.get_by_text("Monatsabrechnungen").click()
            expect(page.locator("#statements")).to_be_visible()
            expect(page.get_by_role("button", name="ausstellen")).to_have_count(0)
        finally:
            connection.execute(role, ["operator", north.user_id])
    page.get_by_label("Sprache").select_option("en")


def test_another_organization_sees_no_such_device(
    system: System, chromium: Browser, service: Client, north: Tenant
) -> None:
    with tenant(service) as south:
        address = f"{system.services.env()['FLUXIO_DASHBOARD_URL']}#/devices/{north.device_id}"
        with open_dashboard(chromium, address) as dashboard:
            dashboard.sign_in(south.email, south.password)
            expect(dashboard.page.get_by_text(f"There is no device {north.device_id}")).to_be_visible()
            expect(dashboard.page.get_by_role("slider")).to_have_count(0)
