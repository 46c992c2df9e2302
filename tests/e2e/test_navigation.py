"""Addresses, tabs, focus and language of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from support.dashboard import Dashboard, open_dashboard
from support.system import System


@pytest.fixture
def dashboard(system: System, chromium: Browser) -> Iterator[Dashboard]:
    env = system.services.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        yield dashboard
        assert dashboard.errors == []


def heading(page: Page, name: str | re.Pattern[str]) -> None:
    """The view with this heading is shown and has the focus."""
    expect(page.get_by_role("heading", level=1, name=name)).to_be_focused()


def test_tabs_back_and_forward_move_between_views(dashboard: Dashboard) -> None:
    page = dashboard.page
    expect(page.get_by_role("heading", level=1, name="Flow meters")).to_be_visible()
    expect(page).to_have_title("Fleet · FluxIO")
    tabs = page.get_by_role("navigation", name="Views")
    expect(tabs.get_by_role("link", name="Fleet")).to_have_attribute("aria-current", "page")

    tabs.get_by_role("link", name="Alerts").click()
    heading(page, "Alerts")
    expect(page).to_have_title("Alerts · FluxIO")
    expect(page.get_by_role("status")).to_contain_text("Alerts")
    expect(page.get_by_role("table")).to_have_count(0)
    page.go_back()
    heading(page, "Flow meters")
    dashboard.row("NIVUS_03").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"#/devices/NIVUS_03$"))
    heading(page, re.compile("^Flow of "))
    page.go_back()
    page.go_forward()
    heading(page, re.compile("^Flow of "))

    page.get_by_text("Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page).to_have_url(re.compile(r"#/devices/NIVUS_03$"))


def test_an_address_is_kept_and_a_wrong_one_leads_to_the_fleet(dashboard: Dashboard) -> None:
    page = dashboard.page
    base = page.url.split("#")[0]
    page.goto(f"{base}#NIVUS_02")
    expect(page).to_have_url(f"{base}#/devices/NIVUS_02")
    page.reload()
    expect(page.get_by_role("heading", level=1, name=re.compile("^Flow of "))).to_be_visible()
    expect(page.locator("figure canvas")).to_be_visible()
    expect(page.get_by_text("Times in").first).to_be_visible()

    page.goto(f"{base}#/devices/NO_SUCH")
    expect(page.get_by_text("There is no device NO_SUCH")).to_be_visible()
    page.goto(f"{base}#/nothing/here")
    expect(page).to_have_url(f"{base}#/fleet")
    heading(page, "Flow meters")


def test_a_view_of_another_role_is_refused_with_a_word(system: System, chromium: Browser) -> None:
    env = system.services.env()

    def nobody_sees_alerts(route: Route) -> None:
        served = route.fetch()
        text = served.text()
        changed = re.sub(r'(title: "alerts.title",\s+roles: )EVERYBODY', r"\1[]", text)
        assert changed != text
        route.fulfill(response=served, body=changed)

    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        page = dashboard.page
        page.route("**/views/registry.js", nobody_sees_alerts)
        page.goto(f"{page.url.split('#')[0]}#/alerts")
        page.reload()
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        expect(page.get_by_text("Your role may not see this view").first).to_be_visible()
        expect(page).to_have_url(re.compile("#/fleet$"))
        expect(page.get_by_role("link", name="Alerts")).to_have_count(0)
        assert dashboard.errors == []


def test_the_page_speaks_the_chosen_language(dashboard: Dashboard) -> None:
    page = dashboard.page
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("heading", level=1, name="Durchflussmesser")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(dashboard.row("NIVUS_02")).to_contain_text(re.compile(r"\d,\d+\s+m³/h"))
    page.get_by_role("button", name="Abmelden").click()
    expect(page.get_by_label("Passwort")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Passwort")).to_be_visible()
    page.get_by_label("Sprache").select_option("en")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_view_that_cannot_be_fetched_says_so_and_comes_back(system: System, chromium: Browser) -> None:
    env = system.services.env()
    with open_dashboard(chromium, env["FLUXIO_DASHBOARD_URL"]) as dashboard:
        page = dashboard.page
        page.route("**/views/alerts/index.js", lambda route: route.abort())
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        page.get_by_role("link", name="Alerts").click()
        expect(page.get_by_text("This view could not be loaded")).to_be_visible()
        page.unroute("**/views/alerts/index.js")
        page.get_by_role("main").get_by_role("button", name="Try again").click()
        expect(page.get_by_role("region", name="Open alerts")).to_be_visible()


@pytest.mark.parametrize("address", ["#/fleet", "#/devices/NIVUS_01", "#/alerts"])
def test_nothing_is_wider_than_a_phone(dashboard: Dashboard, address: str) -> None:
    page = dashboard.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(page.url.split("#")[0] + address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("navigation", name="Views").get_by_role("link", name="Alerts")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_tab_of_an_admin_is_in_sight_on_a_small_phone(dashboard: Dashboard, language: str) -> None:
    page = dashboard.page
    page.set_viewport_size({"width": 320, "height": 640})
    page.get_by_role("combobox", name="Language").select_option(language)
    tabs = page.get_by_role("navigation").get_by_role("link")
    expect(tabs).to_have_count(5)
    for tab in tabs.all():
        expect(tab).to_be_in_viewport(ratio=1)
