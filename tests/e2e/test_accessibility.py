"""axe finds no violation of WCAG 2.2 AA in any view, for any role, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from support.accounts import PASSWORD, create_account
from support.dashboard import Dashboard, open_dashboard
from support.system import System

AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ROLES = ("viewer", "operator", "admin")


@pytest.fixture(scope="module")
def alerts(system: System) -> Iterator[None]:
    """One of each severity, open and resolved, so that their colours are looked at."""
    with psycopg.connect(system.stack.admin_database_url, autocommit=True) as connection:
        connection.execute(
            "insert into public.alerts (organization_id, device_id, alert_type, severity, message, is_resolved,"
            " resolved_at) select organization_id, device_id, 'axe_' || severity, severity, severity || ' to look at',"
            " done, case when done then now() end from public.devices,"
            " unnest(array['info', 'warning', 'critical']) as severity, unnest(array[true, false]) as done"
            " where device_id = 'NIVUS_04'"
        )
        yield
        connection.execute("delete from public.alerts where alert_type like 'axe_%'")


def violations(page: Page) -> list[str]:
    """What axe objects to, with the element and why."""
    page.evaluate(AXE)
    found = page.evaluate(
        """async (tags) => {
          const { violations } = await axe.run({ runOnly: tags, rules: { "target-size": { enabled: true } } });
          return violations.flatMap(({ id, help, nodes }) =>
            nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`));
        }""",
        TAGS,
    )
    assert isinstance(found, list)
    return found


def settled(page: Page) -> None:
    """The view is there, its data too, and no colour is on its way to another."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#view")).not_to_have_attribute("aria-busy", "true")
    expect(page.get_by_text("Loading…").filter(visible=True)).to_have_count(0)
    page.evaluate("for (const each of document.querySelectorAll('#view details')) each.open = true")
    page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))")


def addresses(page: Page, role: str) -> list[str]:
    """Every view that this role may see; a part that a path must have is taken from a link to it on an earlier view."""
    views = page.evaluate(
        "async () => (await import('./js/views/registry.js')).VIEWS.map(({ path, roles }) => ({ path, roles }))"
    )
    base = page.url.split("#")[0]
    links: set[str] = set()
    found = []
    for view in views:
        if role not in view["roles"]:
            continue
        address = "#" + re.sub(r"/:\w+\?", "", view["path"])
        if "/:" in address:
            pattern = re.compile(re.sub(r":\w+", "[^/?]+", address) + "$")
            address = min(link for link in links if pattern.match(link))
        found.append(address)
        page.goto(base + address)
        settled(page)
        links |= set(page.eval_on_selector_all("a[href^='#/']", "(all) => all.map((each) => each.hash)"))
    assert len(found) >= 3
    return found + optional(views, links, role)


def optional(views: list[dict[str, object]], links: set[str], role: str) -> list[str]:
    """One address of each view whose path may have another part, where a link leads to it."""
    found = []
    for view in views:
        path, roles = view["path"], view["roles"]
        assert isinstance(path, str)
        assert isinstance(roles, list)
        if role not in roles or not re.search(r"/:\w+\?", path):
            continue
        pattern = re.compile("#" + re.sub(r":\w+\??", "[^/?]+", path) + "$")
        found += sorted(link for link in links if pattern.match(link))[:1]
    return found


@pytest.mark.parametrize("role", ROLES)
def test_no_view_has_a_violation(system: System, chromium: Browser, alerts: None, role: str) -> None:
    email = create_account(system, role, f"axe-{role}")
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        page = dashboard.page
        dashboard.sign_in(email, PASSWORD)
        expect(dashboard.row("NIVUS_04")).to_be_visible()
        base = page.url.split("#")[0]
        found = {}
        for address in addresses(page, role):
            page.goto(base + address)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                settled(page)
                found[f"{address} {scheme}"] = violations(page)
        assert {where: what for where, what in found.items() if what} == {}


def test_the_sign_in_form_and_a_dialog_have_no_violation(system: System, chromium: Browser, alerts: None) -> None:
    env = system.services.env()
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        page = dashboard.page
        expect(page.get_by_label("Password")).to_be_visible()
        assert both(page) == []
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        open_dialog(dashboard)
        assert both(page) == []


def test_axe_does_find_something(system: System, chromium: Browser) -> None:
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        dashboard.page.evaluate("document.getElementById('email').previousElementSibling.remove()")
        assert any("label" in each for each in violations(dashboard.page))


def both(page: Page) -> list[str]:
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += violations(page)
    return found


def open_dialog(dashboard: Dashboard) -> None:
    dashboard.page.get_by_role("link", name="Alerts").click()
    dashboard.page.get_by_role("button", name="Resolve: critical to look at").click()
    expect(dashboard.page.get_by_role("dialog")).to_be_visible()
