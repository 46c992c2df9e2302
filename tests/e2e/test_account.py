"""A person's own account: reset, change, lock, sessions; and the page as an app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from supabase import create_client
from supabase.lib.client_options import SyncClientOptions

from fluxio_local.services import Services
from support.dashboard import PATIENCE_MS, Dashboard, open_dashboard
from support.stacks import throwaway_stack
from support.tenants import Tenant, tenant

#: Life of an access token here [s]; supabase-js takes a new one when less than 90 s are left.
TOKEN_LIFE_S = 100
NEW_PASSWORD = "a new long password"


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    """Stack, API and page, with tokens of a short life."""
    with throwaway_stack(jwt_expiry_s=TOKEN_LIFE_S) as stack:
        services = Services(stack)
        try:
            services.up()
            yield services
        finally:
            services.down()


@pytest.fixture
def person(services: Services) -> Iterator[Tenant]:
    """An operator of an organization of their own."""
    with httpx.Client(trust_env=False) as http:
        options = SyncClientOptions(auto_refresh_token=False, persist_session=False, httpx_client=http)
        client = create_client(services.stack.url, services.stack.service_role_key, options)
        with tenant(client) as person:
            yield person


@contextmanager
def signed_in(services: Services, chromium: Browser, person: Tenant, password: str = "") -> Iterator[Dashboard]:
    with open_dashboard(chromium, services.stack.api_url) as dashboard:
        dashboard.sign_in(person.email, password or person.password)
        yield dashboard


def open_account(page: Page) -> None:
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Account").click()
    expect(page.get_by_role("heading", level=1, name="Account")).to_be_focused()


def test_a_forgotten_password_is_set_anew_by_the_mailed_link(
    services: Services, chromium: Browser, person: Tenant
) -> None:
    with open_dashboard(chromium, services.stack.api_url) as dashboard:
        page = dashboard.page
        page.get_by_role("button", name="Forgot your password?").click()
        page.get_by_role("textbox", name="E-mail").fill(person.email)
        page.get_by_role("button", name="Send the link").click()
        expect(page.get_by_text("the link is on its way")).to_be_visible()

        # The local stack sends no mail: this is the link that would be in it.
        link = _mailed_link(services, person)
        page.goto(link)
        expect(page.get_by_role("heading", name="Set a new password")).to_be_visible()
        expect(page.get_by_text(person.email).last).to_be_visible()
        assert "token" not in page.url
        page.reload()
        page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        page.get_by_label("Repeat the new password").fill(NEW_PASSWORD + "!")
        expect(page.get_by_role("row")).to_have_count(0)
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_role("alert").filter(has_text="not the same")).to_be_visible()
        page.get_by_label("Repeat the new password").fill(NEW_PASSWORD)
        page.get_by_role("button", name="Set password").click()
        dashboard.expect_live()
        expect(dashboard.row(person.device_id)).to_be_visible()
        expect(page.get_by_text("The password is set.")).to_be_visible()

        page.goto(link)
        expect(page.get_by_text("This link has expired or was already used.")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto(link)
        expect(page.get_by_text("This link has expired or was already used.")).to_be_visible()
        dashboard.sign_in(person.email, NEW_PASSWORD)
        expect(page.get_by_text("This link has expired")).to_have_count(1)
        expect(page.get_by_text("This link has expired")).to_be_hidden()
        assert dashboard.errors == []


def test_a_password_is_changed_only_with_the_current_one(services: Services, chromium: Browser, person: Tenant) -> None:
    with signed_in(services, chromium, person) as dashboard:
        page = dashboard.page
        open_account(page)
        expect(page.get_by_role("region", name="You")).to_contain_text(person.email)
        form = page.get_by_role("region", name="Change the password")
        form.get_by_label("Current password").fill("not this one")
        form.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        form.get_by_label("Repeat the new password").fill(NEW_PASSWORD)
        form.get_by_role("button").click()
        expect(form.get_by_role("alert")).to_have_text("The current password is wrong.")
        expect(form.get_by_label("Current password")).to_be_focused()
        form.get_by_label("Current password").fill(person.password)
        form.get_by_role("button").click()
        expect(form.get_by_text("The password is set. Your other devices are signed out.")).to_be_visible()
        expect(form.get_by_label("Current password")).to_have_value("")
        dashboard.expect_live()
    with signed_in(services, chromium, person, NEW_PASSWORD):
        pass


def test_signing_out_everywhere_ends_other_devices_and_a_token_is_renewed_unseen(
    services: Services, chromium: Browser, person: Tenant
) -> None:
    with signed_in(services, chromium, person) as one, signed_in(services, chromium, person) as two:
        # Both outlive their first token: the page is live all the time and nothing is shown anew.
        one.page.evaluate(
            """() => {
                globalThis.states = [];
                const state = document.getElementById("status");
                new MutationObserver(() => globalThis.states.push(state.dataset.state))
                    .observe(state, { attributes: true, attributeFilter: ["data-state"] });
                document.querySelector("table").dataset.kept = "yes";
            }"""
        )
        first = _token(one.page)
        one.page.wait_for_function(
            "life => performance.now() > life",
            arg=(TOKEN_LIFE_S + 15) * 1000,
            timeout=2 * PATIENCE_MS,
        )
        assert _token(one.page) != first
        assert one.page.evaluate("globalThis.states") == []
        assert one.page.evaluate("document.querySelector('table').dataset.kept") == "yes"
        one.expect_live()
        assert one.errors == []

        open_account(one.page)
        one.page.get_by_role("button", name="Sign out everywhere").click()
        expect(one.page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(one.page.get_by_text(person.device_id)).to_have_count(0)
        # supabase-js keeps a session whose token still holds, although it cannot be renewed.
        ended = two.page.get_by_text("Your session has ended.")
        expect(ended).to_be_visible(timeout=TOKEN_LIFE_S * 1000 + PATIENCE_MS)
        expect(two.page.get_by_text(person.device_id)).to_have_count(0)


def test_an_unused_page_locks_in_all_its_tabs(services: Services, chromium: Browser, person: Tenant) -> None:
    with signed_in(services, chromium, person) as dashboard:
        page = dashboard.page
        open_account(page)
        page.get_by_role("combobox", name="Lock when unused").select_option("After 5 minutes")
        page.get_by_role("link", name="Fleet").click()
        expect(dashboard.row(person.device_id)).to_be_visible()
        other = Dashboard(page.context.new_page(), services.stack.api_url)
        other.expect_live()

        page.evaluate("localStorage['fluxio-active'] = String(Date.now() - 5 * 60_000)")
        for tab in (page, other.page):
            expect(tab.get_by_role("heading", name="Locked")).to_be_visible()
            expect(tab.get_by_text(person.device_id)).to_have_count(0)
            expect(tab.get_by_role("status").first).to_contain_text("Locked")
        page.reload()
        locked = page.get_by_role("region", name="Locked")
        expect(locked).to_be_visible()
        locked.get_by_label("Password").fill("not this one")
        page.get_by_role("button", name="Unlock").click()
        expect(page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
        locked.get_by_label("Password").fill(person.password)
        page.get_by_role("button", name="Unlock").click()
        for each in (dashboard, other):
            each.expect_live()
            expect(each.row(person.device_id)).to_be_visible()
        assert other.errors == []


def test_the_page_can_be_installed(services: Services, chromium: Browser) -> None:
    with open_dashboard(chromium, services.stack.api_url) as dashboard:
        expect(dashboard.page.get_by_role("heading", name="Sign in")).to_be_visible()
        devtools = dashboard.page.context.new_cdp_session(dashboard.page)
        assert devtools.send("Page.getAppManifest")["errors"] == []
        problems = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
        # A window of a test is a private one, in which nothing is installed.
        assert [each["errorId"] for each in problems if each["errorId"] != "in-incognito"] == []
        assert dashboard.errors == []


def _token(page: Page) -> str:
    return str(page.evaluate("JSON.parse(localStorage['fluxio-session']).access_token"))


def _mailed_link(services: Services, person: Tenant) -> str:
    with psycopg.connect(services.stack.admin_database_url) as connection:
        row = connection.execute("select recovery_token from auth.users where id = %s", [person.user_id]).fetchone()
    assert row is not None
    assert re.fullmatch(r"[0-9a-f]+", row[0])
    query = {"token": row[0], "type": "recovery", "redirect_to": f"{services.stack.api_url}/"}
    return f"{services.stack.url}/auth/v1/verify?{urlencode(query)}"
