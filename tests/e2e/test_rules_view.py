"""The alert rules: list, form, preview."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, expect
from supabase import Client, ClientOptions, create_client

from support.dashboard import Dashboard, open_dashboard
from support.system import System
from support.tenants import Tenant, tenant

#: Ten days of readings every ten minutes, at 20 but for two excursions to 80: of two hours and of one.
HISTORY = """
insert into public.flow_data (device_id, created_at, received_at, flow_rate)
select %(device_id)s, at, at, case when n between 300 and 311 or n between 900 and 905 then 80 else 20 end
from generate_series(1, 1440) as n
cross join lateral (select date_trunc('minute', now()) - n * interval '10 minutes') as told (at)
"""

RULES = """
insert into public.alert_rules (
  organization_id, device_id, rule_name, rule_type, threshold_value, severity, notification_channels
)
values
  (%(organization_id)s, %(device_id)s, 'Own', 'high_flow', 50, 'warning',
    '[{"channel": "duty", "to": ["a@b.example"]}]'),
  (%(organization_id)s, null, 'Common', 'no_data', null, 'critical', '[]')
"""


@pytest.fixture(scope="module")
def service(system: System) -> Iterator[Client]:
    """Supabase with the secret key."""
    with httpx.Client(timeout=30) as http:
        options = ClientOptions(httpx_client=http, auto_refresh_token=False)
        yield create_client(system.services.env()["SUPABASE_URL"], system.stack.service_role_key, options)


@pytest.fixture
def north(system: System, service: Client) -> Iterator[Tenant]:
    """An organization whose meter has a history, with a rule of its own and one for every device."""
    with tenant(service) as made:
        with psycopg.connect(system.stack.admin_database_url, autocommit=True) as connection:
            connection.execute("select private.create_flow_data_months(now() - interval '11 days', now())")
            values = {"device_id": made.device_id, "organization_id": made.organization_id}
            connection.execute(
                "update public.devices set expected_interval_s = 600 where device_id = %(device_id)s", values
            )
            connection.execute(HISTORY, values)
            connection.execute(RULES, values)
        yield made


def stored(system: System, organization_id: str) -> list[tuple[object, ...]]:
    """The organization's rules, by name."""
    with psycopg.connect(system.stack.admin_database_url) as connection:
        return connection.execute(
            "select rule_name, device_id, rule_type, threshold_value, deadband, duration_minutes, is_enabled,"
            " notification_channels from public.alert_rules where organization_id = %s order by rule_name",
            [organization_id],
        ).fetchall()


@pytest.fixture
def dashboard(system: System, chromium: Browser, north: Tenant) -> Iterator[Dashboard]:
    """The list of rules, as an operator."""
    with open_dashboard(chromium, f"{system.services.env()['FLUXIO_DASHBOARD_URL']}#/rules") as dashboard:
        dashboard.sign_in(north.email, north.password)
        yield dashboard
        assert dashboard.errors == []


def test_a_rule_is_made_with_a_preview_of_the_past_days(system: System, dashboard: Dashboard, north: Tenant) -> None:
    page = dashboard.page
    page.get_by_role("link", name="New rule").click()
    expect(page.get_by_role("heading", level=1, name="New rule")).to_be_focused()
    past = page.get_by_role("region", name="The past 30 days")
    expect(past).to_contain_text("Fill in the form")
    # For every device: the preview is of the one that is chosen there.
    page.get_by_role("textbox", name="Threshold").fill("50")
    expect(past.get_by_label("Try it on")).to_have_value(north.device_id)
    expect(past).to_contain_text("The rule would have opened 2 alerts. The longest lasted 2 h.")
    expect(past.get_by_role("img", name=re.compile("^Flow of Meter. The rule would"))).to_be_visible()
    expect(past.locator("canvas")).to_be_visible()
    expect(past.get_by_role("listitem")).to_have_count(2)
    expect(past.get_by_role("listitem").first).to_contain_text("peak 80\u00a0m³/h")

    page.get_by_role("textbox", name="Duration").fill("90")
    expect(past).to_contain_text("The rule would have opened 1 alert.")
    page.get_by_role("textbox", name="Threshold").fill("1,5")
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("textbox", name="Threshold")).to_be_focused()
    expect(page.get_by_role("form")).to_contain_text("Write a number without thousands separators")
    page.get_by_role("textbox", name="Threshold").fill("50.5")
    page.get_by_role("textbox", name="Name").fill("Burst")
    page.get_by_role("form").get_by_label("Device", exact=True).select_option(north.device_id)
    page.get_by_label("duty").check()
    expect(past.get_by_label("Try it on")).to_be_hidden()
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("link", name="Burst")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("Burst is saved.")
    assert stored(system, north.organization_id)[0] == (
        "Burst", north.device_id, "high_flow", 50.5, 0, 90, True, ["duty"],
    )  # fmt: skip


def test_rules_are_switched_changed_and_deleted(system: System, dashboard: Dashboard, north: Tenant) -> None:
    page = dashboard.page
    groups = page.get_by_role("main").get_by_role("heading", level=2)
    expect(groups).to_have_text(["Every device", f"Meter ({north.device_id})"])
    own = page.get_by_role("switch", name="Enabled: Own")
    own.click()
    expect(own).to_have_attribute("aria-checked", "false")
    expect(own).to_be_focused()

    page.get_by_role("link", name="Own").click()
    page.get_by_role("textbox", name="Deadband").fill("2")
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("link", name="Own")).to_be_focused()
    entry = {"channel": "duty", "to": ["a@b.example"]}
    assert stored(system, north.organization_id)[1] == (
        "Own", north.device_id, "high_flow", 50, 2, 0, False, [entry],
    )  # fmt: skip

    page.get_by_role("button", name="Delete: Common").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Delete: Common")).to_be_focused()
    page.get_by_role("button", name="Delete: Common").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Common")).to_have_count(0)
    expect(page.get_by_role("link", name="Own")).to_be_focused()
    assert [name for name, *_ in stored(system, north.organization_id)] == ["Own"]


def test_what_fails_is_said_and_typed_text_stays(dashboard: Dashboard) -> None:
    page = dashboard.page
    page.get_by_role("link", name="Own").click()
    past = page.get_by_role("region", name="The past 30 days")
    expect(past).to_contain_text("2 alerts")
    refused = re.compile(r"/rest/v1/rpc/backtest_alert_rule|/api/alert-rules/")
    page.route(refused, lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_role("textbox", name="Threshold").fill("60")
    expect(past).to_contain_text("The preview could not be made. The database is not available (503).")
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("form").get_by_role("alert")).to_contain_text("The API is not available (503).")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("textbox", name="Threshold")).to_have_value("60")
    page.unroute(refused)
    past.get_by_role("button", name="Try again").click()
    expect(past).to_contain_text("2 alerts")
    dashboard.errors.clear()

    page.route("**/rest/v1/alert_rules?*", lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_role("link", name="All rules").click()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("main")).to_contain_text("The rules could not be read again. What is shown is of ")
    expect(page.get_by_role("link", name="Own")).to_be_visible()
    with page.expect_request("**/rest/v1/alert_rules?*"):
        page.get_by_role("main").get_by_role("button", name="Try again").click()
    page.unroute("**/rest/v1/alert_rules?*")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("The rules could not be read again.")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    dashboard.errors.clear()


def test_a_rule_saved_before_the_list_was_read_is_not_shown_as_the_only_one(dashboard: Dashboard) -> None:
    page = dashboard.page
    refused = "**/rest/v1/alert_rules?*"
    page.route(refused, lambda route: route.fulfill(status=503, body="{}"))
    page.evaluate("location.hash = '#/rules/new'")
    page.reload()
    page.get_by_role("textbox", name="Threshold").fill("50")
    expect(page.get_by_role("main")).to_contain_text("The rules could not be read.")
    page.unroute(refused)
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("link", name="High flow")).to_be_focused()
    expect(page.get_by_role("link", name="Common")).to_be_visible()
    expect(page.get_by_role("link", name="Own")).to_be_visible()
    dashboard.errors.clear()


def test_a_viewer_looks_in_german_and_another_organization_sees_nothing(
    system: System, chromium: Browser, service: Client, dashboard: Dashboard, north: Tenant
) -> None:
    page = dashboard.page
    page.get_by_role("link", name="Own").click()
    expect(page.get_by_role("heading", level=1, name="Change rule")).to_be_focused()
    with psycopg.connect(system.stack.admin_database_url, autocommit=True) as connection:
        connection.execute("update public.users set role = 'viewer' where id = %s", [north.user_id])
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("region", name="Die letzten 30 Tage")).to_contain_text("hätte 2 Alarme ausgelöst")
    expect(page.get_by_role("textbox", name="Schwelle")).to_be_disabled()
    expect(page.get_by_role("button", name="Regel speichern")).to_have_count(0)
    page.get_by_role("link", name="Alle Regeln").click()
    expect(page.get_by_role("link", name="Own")).to_be_visible()
    expect(page.get_by_role("switch")).to_have_count(0)
    expect(page.get_by_role("link", name="Neue Regel")).to_have_count(0)

    with (
        tenant(service) as south,
        open_dashboard(chromium, f"{system.services.env()['FLUXIO_DASHBOARD_URL']}#/rules") as other,
    ):
        other.sign_in(south.email, south.password)
        expect(other.page.get_by_text("There are no rules yet.")).to_be_visible()
