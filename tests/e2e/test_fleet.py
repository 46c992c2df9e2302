"""A thousand meters: what the page shows, how little of it is drawn and asked for, and that addresses keep it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from fluxio_local.services import Services
from support.dashboard import PATIENCE_MS, Dashboard, open_dashboard
from support.large_plant import LATE, METERS, OFFLINE, VOLUME, VOLUME_OFFLINE

#: Most rows of any test's window: those in sight, and eight beyond each end.
FEW = 45
SAMPLES = 3


@pytest.fixture
def dashboard(large_plant: Services, chromium: Browser) -> Iterator[Dashboard]:
    env = large_plant.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        yield dashboard
        assert dashboard.errors == []


def meters(page: Page) -> Locator:
    """The rows of devices that are in the document."""
    return page.get_by_role("table", name="Devices").get_by_role("row").filter(has=page.get_by_role("link"))


def tile(page: Page, name: str) -> Locator:
    """A total by its name."""
    return page.get_by_role("term").filter(has_text=re.compile(f"^{name}$")).locator("..")


def asked(page: Page) -> list[tuple[str, list[str]]]:
    """What is called for lists of devices from now on: the function and the devices."""
    calls: list[tuple[str, list[str]]] = []

    def note(request: Request) -> None:
        if match := re.search(r"/rpc/(get_flow_sparks|get_volumes_today)", request.url):
            calls.append((match[1], json.loads(request.post_data or "")["device_ids"]))

    page.on("request", note)
    return calls


def insert(large_plant: Services, statement: str) -> None:
    with psycopg.connect(large_plant.stack.admin_database_url) as connection:
        connection.execute(statement)


def test_totals_add_up_and_only_rows_in_sight_are_drawn(large_plant: Services, dashboard: Dashboard) -> None:
    page = dashboard.page
    expect(tile(page, "Devices")).to_contain_text("1,004")
    expect(tile(page, "Online")).to_contain_text(str(METERS - OFFLINE))
    volume = (METERS - OFFLINE) * VOLUME + OFFLINE * VOLUME_OFFLINE
    expect(tile(page, "Volume today")).to_contain_text(f"{volume:,}.0 m³", timeout=PATIENCE_MS)
    table = page.get_by_role("table", name="Devices")
    expect(table).to_have_attribute("aria-rowcount", "1005")
    assert meters(page).count() < FEW

    first = dashboard.row("LARGE_0001")
    expect(first).to_contain_text("8.0 m³")
    expect(first).to_contain_text("0.10 m³/h to 5.10 m³/h")
    expect(first.locator("path")).to_have_attribute("d", re.compile("^M0.0 22.0"))
    none = dashboard.row("NIVUS_01")
    expect(none).to_contain_text("Never seen")
    expect(none).to_contain_text("no reading")


def test_keys_lead_through_every_row(large_plant: Services, dashboard: Dashboard) -> None:
    page = dashboard.page
    calls = asked(page)
    meters(page).first.get_by_role("link").focus()
    page.keyboard.press("End")
    last = page.get_by_role("link", name=re.compile("Recirculation"))
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    expect(dashboard.row("NIVUS_02")).to_have_attribute("aria-rowindex", "1005")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("link", name=re.compile("Overflow"))).to_be_focused()
    assert meters(page).count() < FEW
    page.keyboard.press("Home")
    expect(meters(page).first.get_by_role("link")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
    focused = page.locator("tr:has(a:focus)")
    expect(focused).to_have_attribute("aria-rowindex", "32")
    expect(focused).to_be_in_viewport()

    # The focus stays where it is while its row is scrolled away, and the rows stay in order.
    page.get_by_role("table", name="Devices").locator("..").evaluate("frame => frame.scrollTo(0, 30000)")
    expect(page.get_by_role("row", name=re.compile("LARGE_0520"))).to_be_visible()
    expect(focused).to_have_attribute("aria-rowindex", "32")
    numbers = [int(row.get_attribute("aria-rowindex") or 0) for row in meters(page).all()]
    assert numbers == sorted(numbers)

    expect(dashboard.row("LARGE_0520").locator("path")).to_have_attribute("d", re.compile("^M"))
    lines = [ids for name, ids in calls if name == "get_flow_sparks"]
    assert lines
    assert all(len(ids) < FEW for ids in lines)
    assert all(len(ids) <= 100 for _, ids in calls)


def test_search_state_order_and_groups_are_in_the_address(large_plant: Services, dashboard: Dashboard) -> None:
    page = dashboard.page
    page.get_by_label("Search").press_sequentially("meter 077")
    expect(page.get_by_label("Search")).to_be_focused()
    expect(page.get_by_text("11 of 1,004")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("11 devices found")
    page.get_by_role("button", name="Flow", exact=True).click()
    expect(page).to_have_url(re.compile(r"#/fleet\?q=meter\+077&sort=flow$"))
    expect(page.get_by_role("columnheader", name="Flow")).to_have_attribute("aria-sort", "descending")
    expect(meters(page).first).to_contain_text("LARGE_0779")
    page.get_by_role("button", name="Flow", exact=True).click()
    expect(meters(page).first).to_contain_text("LARGE_0077")

    page.reload()
    expect(page.get_by_label("Search")).to_have_value("meter 077")
    expect(meters(page)).to_have_count(11)
    expect(meters(page).first).to_contain_text("LARGE_0077")

    page.get_by_label("Search").fill("no such meter")
    page.get_by_role("button", name="Show all devices").click()
    expect(page.get_by_label("Search")).to_be_focused()
    page.get_by_label("State").select_option("Late")
    expect(page.get_by_text(f"{LATE} of 1,004")).to_be_visible()
    expect(meters(page).first).to_contain_text("Late")
    expect(meters(page).first).to_contain_text("Stale")
    page.get_by_label("State").select_option("Offline")
    expect(page.get_by_text(f"{OFFLINE + 4} of 1,004")).to_be_visible()
    page.get_by_label("Order").select_option("Name, Z to A")
    page.get_by_label("Group by site").check()
    rows = page.get_by_role("table", name="Devices").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Plant A (4)")
    expect(rows.nth(2)).to_contain_text("Recirculation")
    expect(rows.nth(6)).to_contain_text("Site 01 (2)")
    expect(page).to_have_url(re.compile(r"#/fleet\?state=offline&sort=-name&group=site$"))

    rows.nth(2).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Recirculation")
    page.go_back()
    expect(page.get_by_label("State")).to_have_value("offline")
    expect(rows.nth(1)).to_contain_text("Plant A (4)")


def test_what_is_typed_stays_while_values_arrive(large_plant: Services, dashboard: Dashboard) -> None:
    page = dashboard.page
    page.get_by_label("Search").press_sequentially("LARGE_0500")
    row = dashboard.row("LARGE_0500")
    expect(row).to_contain_text("55.0 m³/h")
    row.get_by_role("link").focus()
    insert(
        large_plant,
        "insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer)"
        " values ('LARGE_0500', now(), now(), 123.4, 1060)",
    )
    expect(row).to_contain_text("123.4 m³/h", timeout=PATIENCE_MS)
    expect(row.get_by_role("link")).to_be_focused()
    expect(page.get_by_label("Search")).to_have_value("LARGE_0500")


def test_the_focus_of_a_row_that_leaves_goes_to_its_neighbour(large_plant: Services, dashboard: Dashboard) -> None:
    page = dashboard.page
    page.get_by_label("Search").fill("LARGE_092")
    page.get_by_label("State").select_option("Late")
    expect(meters(page)).to_have_count(9)
    dashboard.row("LARGE_0925").get_by_role("link").focus()
    insert(
        large_plant,
        "insert into public.flow_data (device_id, created_at, received_at, flow_rate)"
        " values ('LARGE_0925', now(), now(), 1)",
    )
    expect(meters(page)).to_have_count(8, timeout=PATIENCE_MS)
    expect(dashboard.row("LARGE_0926").get_by_role("link")).to_be_focused()


def test_open_alerts_are_short_and_lead_on(large_plant: Services, dashboard: Dashboard) -> None:
    insert(
        large_plant,
        "insert into public.alerts (organization_id, device_id, alert_type, severity, message)"
        " select organization_id, device_id, 'many_' || n, 'critical', 'Alert ' || n"
        " from public.devices, generate_series(1, 12) as n where device_id = 'LARGE_0700'",
    )
    page = dashboard.page
    expect(tile(page, "Critical alerts")).to_contain_text("12", timeout=PATIENCE_MS)
    expect(dashboard.alerts()).to_have_count(3)
    expect(page.get_by_text("and 9 more")).to_be_visible()
    page.get_by_label("State").select_option("With alerts")
    expect(meters(page)).to_have_count(1)
    expect(meters(page)).to_contain_text("12 alerts, worst critical")
    page.get_by_role("link", name="See all").click()
    expect(page.get_by_role("heading", level=1, name="Alerts")).to_be_visible()


def test_a_phone_has_cards_and_nothing_beyond_its_edge(large_plant: Services, dashboard: Dashboard) -> None:
    page = dashboard.page
    page.set_viewport_size({"width": 390, "height": 844})
    expect(dashboard.row("LARGE_0002")).to_contain_text("8.0 m³")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    card = dashboard.row("LARGE_0002")
    for name in ("Today", "Measured", "Last seen"):
        expect(card.locator(f"[data-label='{name}']")).to_be_visible()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    last = dashboard.row("NIVUS_02")
    expect(last).to_be_in_viewport()
    assert meters(page).count() < FEW
    edge = last.evaluate("row => Math.max(...[...row.querySelectorAll('*')].map(n => n.getBoundingClientRect().right))")
    assert edge <= 390


def test_the_first_rows_are_there_soon(
    large_plant: Services, chromium: Browser, record_property: Callable[[str, object], None]
) -> None:
    """Reported, not judged: from the address of a page whose person is signed in to the rows with values."""
    env = large_plant.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        seconds = []
        for _ in range(SAMPLES):
            started = time.monotonic()
            dashboard.page.reload(wait_until="commit")
            dashboard.page.locator("[data-device=LARGE_0001]").wait_for()
            seconds.append(round(time.monotonic() - started, 2))
        record_property("first_rows_s", min(seconds))
        print(f"first rows of {METERS} after {seconds} s")  # noqa: T201
