"""The alerts: what people do to them, what became of them, and how the browser tells of new ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from support.accounts import PASSWORD, create_account
from support.dashboard import Dashboard, open_dashboard
from support.system import System


@pytest.fixture
def database(system: System) -> Iterator[psycopg.Connection]:
    with psycopg.connect(system.stack.admin_database_url, autocommit=True) as connection:
        yield connection
        connection.execute("delete from public.alerts where alert_type like 'test_%'")


def open_alerts(database: psycopg.Connection, names: list[str], severity: str = "warning") -> None:
    """An open alert of each name on NIVUS_04, all at once."""
    database.execute(
        "insert into public.alerts (organization_id, device_id, alert_type, severity, message)"
        " select organization_id, device_id, 'test_' || name, %s, 'finding ' || name"
        " from public.devices, unnest(%s::text[]) as name where device_id = 'NIVUS_04'",
        (severity, names),
    )


@pytest.fixture
def operator(system: System, chromium: Browser) -> Iterator[Dashboard]:
    env = system.services.env()
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        go(dashboard.page, "#/alerts")
        yield dashboard


def go(page: Page, address: str) -> None:
    page.goto(page.url.split("#")[0] + address)
    expect(page.get_by_role("heading", level=1, name="Alerts")).to_be_visible()


def test_several_are_acknowledged_at_once_and_others_see_who_did(
    system: System, database: psycopg.Connection, operator: Dashboard, chromium: Browser
) -> None:
    open_alerts(database, ["one", "two"])
    viewer = create_account(system, "viewer", "onlooker")
    with open_dashboard(chromium, system.stack.api_url) as other:
        other.sign_in(viewer, PASSWORD)
        go(other.page, "#/alerts")
        expect(other.alerts().filter(has_text="finding one")).to_be_visible()
        expect(
            other.page.get_by_role("main").get_by_role("button", name=re.compile("Acknowledge|Resolve"))
        ).to_have_count(0)
        expect(other.alerts().get_by_role("checkbox")).to_have_count(0)

        page = operator.page
        for name in ("one", "two"):
            page.get_by_role("checkbox", name=f"Select: finding {name}").check()
        expect(page.get_by_text("2 selected")).to_be_visible()
        page.get_by_role("group", name="Open alerts").get_by_role("button", name="Acknowledge").click()
        dialog = page.get_by_role("dialog", name="Acknowledge 2 alerts")
        dialog.get_by_label("Note").fill("looking into it")
        dialog.get_by_role("button", name="Acknowledge 2 alerts").click()
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("heading", name="Open alerts")).to_be_focused()
        expect(page.get_by_role("status")).to_contain_text("2 alerts acknowledged")

        row = other.alerts().filter(has_text="finding one")
        expect(row).to_contain_text(f"Acknowledged by {system.services.env()['FLUXIO_DEMO_EMAIL']}")
        row.get_by_role("link", name="finding one").click()
        history = other.page.get_by_role("region", name="Alert").get_by_role("listitem")
        expect(history).to_have_count(2)
        expect(history.nth(1)).to_contain_text("looking into it")

        page.get_by_role("button", name="Resolve: finding one").click()
        dialog = page.get_by_role("dialog", name="Resolve alert")
        dialog.get_by_label("Note").fill("cleaned the sensor")
        dialog.get_by_role("button", name="Resolve alert").click()
        expect(history.nth(2)).to_contain_text(re.compile("Resolved by .*cleaned the sensor", re.DOTALL))
        expect(page.get_by_role("region", name="Past alerts").get_by_text("finding one")).to_be_visible()
        assert other.errors == operator.errors == []


def test_who_was_slower_is_told_and_changes_nothing(database: psycopg.Connection, operator: Dashboard) -> None:
    open_alerts(database, ["race"])
    page = operator.page
    page.get_by_role("button", name="Acknowledge: finding race").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("me first")
    database.execute(
        "update public.alerts set acknowledged_at = now(), acknowledgement_note = 'no, me'"
        " where alert_type = 'test_race'"
    )
    dialog.get_by_role("button", name="Acknowledge alert").click()
    expect(dialog.get_by_role("alert")).to_contain_text("somebody was quicker")
    row = database.execute("select acknowledgement_note from public.alerts where alert_type = 'test_race'").fetchone()
    assert row == ("no, me",)


def test_the_past_is_filtered_by_the_address_and_read_page_by_page(
    database: psycopg.Connection, operator: Dashboard
) -> None:
    database.execute(
        "insert into public.alerts (organization_id, device_id, alert_type, severity, message, created_at,"
        " is_resolved, resolved_at) select organization_id, device_id, 'test_past',"
        " case when n = 7 then 'critical' else 'info' end, 'past ' || n,"
        " '2026-03-29 00:30+01'::timestamptz + (n / 3) * interval '1 minute', true, now()"
        " from public.devices, generate_series(0, 119) as n where device_id = 'NIVUS_03'"
    )
    page = operator.page
    past = page.get_by_role("region", name="Past alerts")
    go(page, "#/alerts?device=NIVUS_03&type=test_past")
    expect(past.get_by_role("listitem")).to_have_count(50)
    for count in (100, 120):
        past.get_by_role("button", name="Show older").click()
        expect(past.get_by_role("listitem")).to_have_count(count)
    texts = past.get_by_role("listitem").get_by_role("link", name=re.compile("^past ")).all_inner_texts()
    assert len(set(texts)) == 120
    expect(past.get_by_role("button", name="Show older")).to_be_hidden()

    page.get_by_label("Severity").select_option("Critical")
    expect(past.get_by_role("listitem")).to_have_count(1)
    expect(page).to_have_url(re.compile("severity=critical"))
    page.reload()
    expect(past.get_by_role("listitem")).to_have_count(1)
    page.get_by_label("Opened from").fill("2026-03-30")
    page.get_by_label("Severity").focus()
    expect(past.get_by_text("No past alerts.")).to_be_visible()
    assert operator.errors == []


def test_a_past_that_cannot_be_read_says_so_and_comes_back(operator: Dashboard) -> None:
    page = operator.page
    page.route("**/rest/v1/alerts?*is_resolved=eq.true*", lambda route: route.abort())
    page.get_by_label("Device ID").fill("NIVUS_02")
    page.get_by_label("Severity").focus()
    past = page.get_by_role("region", name="Past alerts")
    expect(past.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/rest/v1/alerts?*is_resolved=eq.true*")
    past.get_by_role("button", name="Try again").click()
    expect(past.get_by_role("alert")).to_be_hidden()
    expect(past.get_by_role("heading", name="Past alerts")).to_be_focused()


def test_an_address_of_no_alert_says_so(operator: Dashboard) -> None:
    for address in ("#/alerts/nonsense", "#/alerts/00000000-0000-0000-0000-0000000000ff"):
        go(operator.page, address)
        expect(operator.page.get_by_text("There is no such alert")).to_be_visible()
    assert operator.errors == []


COUNTED = """
globalThis.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { globalThis.tones += 1; return start.apply(this, when); };
globalThis.notices = [];
const Real = globalThis.Notification;
globalThis.Notification = class extends Real {
  constructor(title, options) { super(title, options); globalThis.notices.push(options.body); }
};
"""


def test_new_alerts_are_heard_once_a_burst_and_shown_by_choice(
    database: psycopg.Connection, operator: Dashboard
) -> None:
    page = operator.page
    page.context.grant_permissions(["notifications"])
    page.add_init_script(COUNTED)
    open_alerts(database, ["old"], "critical")
    page.reload()
    expect(operator.alerts().filter(has_text="finding old")).to_be_visible()
    page.get_by_text("Sound and desktop notifications").click()
    sound = page.get_by_role("group", name="Sound")
    sound.get_by_role("checkbox", name="Critical").check()
    expect(page.get_by_text("Sound is ready.")).to_be_visible()
    notices = page.get_by_role("group", name="Desktop notification")
    notices.get_by_role("checkbox", name="Critical").check()
    assert page.evaluate("[tones, notices.length]") == [0, 0]

    open_alerts(database, ["quiet"], "info")
    expect(operator.alerts().filter(has_text="finding quiet")).to_be_visible()
    assert page.evaluate("[tones, notices.length]") == [0, 0]
    open_alerts(database, ["loud", "louder", "loudest"], "critical")
    expect(operator.alerts().filter(has_text="finding loud")).to_have_count(3)
    page.wait_for_function("notices.length === 3")
    assert page.evaluate("tones") == 2
    assert "3 new alerts" in page.evaluate("notices.at(-1)")

    page.reload()
    page.get_by_text("Sound and desktop notifications").click()
    expect(sound.get_by_role("checkbox", name="Critical")).to_be_checked()
    expect(sound.get_by_role("checkbox", name="Info")).not_to_be_checked()
    assert operator.errors == []


def test_refused_notifications_are_shown_as_refused(system: System, chromium: Browser) -> None:
    env = system.services.env()
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        go(dashboard.page, "#/alerts")
        page = dashboard.page
        page.context.grant_permissions([])
        assert page.evaluate("Notification.permission") == "denied"
        page.get_by_text("Sound and desktop notifications").click()
        expect(page.get_by_text("This browser refuses notifications")).to_be_visible()
        notices = page.get_by_role("group", name="Desktop notification")
        expect(notices.get_by_role("checkbox", name="Critical")).to_be_disabled()
