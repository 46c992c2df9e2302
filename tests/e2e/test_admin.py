"""The administration as an admin uses it, and as others do not see it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.dashboard import PATIENCE_MS, Dashboard, open_dashboard
from support.system import System, wait_until
from support.webhooks import webhook

PASSWORD = "north-water-page"
PARTS = ("devices", "places", "profiles", "keys", "people", "channels", "letters", "audit")


def sign_up(system: System, role: str, organization: str) -> str:
    """A person of an organization; answers the address."""
    email = f"{role}-{uuid4().hex[:8]}@north.example"
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "fluxio_api", "create-admin", email,
         "--organization", organization, "--role", role],
        env=os.environ | dict(system.services.env()) | {"FLUXIO_NEW_PASSWORD": PASSWORD},
        check=True, capture_output=True,
    )  # fmt: skip
    return email


@pytest.fixture(scope="module")
def organization() -> str:
    """Where these tests work, so that the demo's own devices are left alone."""
    return f"North Water {uuid4().hex[:6]}"


@pytest.fixture(scope="module")
def admin_email(system: System, organization: str) -> str:
    return sign_up(system, "admin", organization)


@pytest.fixture
def dashboard(system: System, chromium: Browser, admin_email: str) -> Iterator[Dashboard]:
    """An admin's window."""
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        dashboard.sign_in(admin_email, PASSWORD)
        yield dashboard
        # The browser also logs answers that are refusals.
        assert [error for error in dashboard.errors if "Failed to load resource" not in error] == []


@pytest.fixture
def page(dashboard: Dashboard) -> Page:
    return dashboard.page


def go(page: Page, part: str) -> None:
    page.goto(f"{page.url.split('#')[0]}#/admin/{part}")
    expect(page.get_by_text(re.compile("^Read .* ago"))).to_be_visible()


def token(system: System, email: str) -> dict[str, str]:
    session = httpx.post(
        f"{system.stack.url}/auth/v1/token?grant_type=password",
        headers={"apikey": system.stack.anon_key}, json={"email": email, "password": PASSWORD}, trust_env=False,
    ).raise_for_status()  # fmt: skip
    return {"Authorization": f"Bearer {session.json()['access_token']}"}


def act(page: Page, action: str, row: str) -> None:
    page.get_by_role("button", name=f"{action}: {row}", exact=True).click()


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def register(page: Page, device_id: str) -> None:
    go(page, "devices")
    page.get_by_role("button", name="New device").click()
    dialog(page).get_by_label("ID", exact=True).fill(device_id)
    dialog(page).get_by_label("Name").fill(f"Meter {device_id}")
    dialog(page).get_by_role("button", name="Create").click()
    expect(dialog(page)).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text=device_id)).to_be_visible()


def test_a_device_is_registered_found_changed_and_put_out_of_use(page: Page) -> None:
    register(page, "N-1")
    register(page, "N-2")
    # The same again is refused, with the API's words, and what was typed stays.
    page.get_by_role("button", name="New device").click()
    form = dialog(page)
    expect(form.get_by_label("ID", exact=True)).to_be_focused()
    form.get_by_label("ID", exact=True).fill("N-1")
    form.get_by_label("Name").fill("Twin")
    form.get_by_label("Totalizer starts again at [m³]").fill("0")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_label("Totalizer starts again at [m³]")).to_be_focused()
    expect(form.get_by_text("Input should be greater than 0")).to_be_visible()
    form.get_by_label("Totalizer starts again at [m³]").fill("")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_text("exist")).to_be_visible()
    expect(form.get_by_label("Name")).to_have_value("Twin")
    form.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="New device")).to_be_focused()

    act(page, "Change", "N-1")
    form.get_by_label("Expected interval [s]").fill("60")
    form.get_by_label("Register profile").select_option("nivus_750")
    form.get_by_label("Totalizer starts again at [m³]").fill("99999999.9")
    form.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="Meter N-1")
    expect(row).to_contain_text("60 s")
    expect(row).to_contain_text("nivus_750")

    page.get_by_label("Search").fill("n-2")
    expect(row).to_have_count(0)
    page.get_by_label("Search").fill("")
    act(page, "Deactivate", "N-1")
    expect(form).to_contain_text("no new ones open")
    form.get_by_role("button", name="Deactivate").click()
    expect(row).to_contain_text("inactive")
    expect(page.get_by_role("button", name="Deactivate: N-1")).to_have_count(0)
    act(page, "Activate", "N-1")
    form.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("button", name="Deactivate: N-1")).to_be_visible()


def test_numbers_are_typed_as_the_language_writes_them(page: Page) -> None:
    register(page, "N-9")
    page.get_by_label("Language").select_option("de")
    page.get_by_role("button", name="Ändern: N-9").click()
    wrap = dialog(page).get_by_label("Zähler beginnt wieder bei [m³]")
    wrap.fill("99.999.999,9")
    dialog(page).get_by_role("button", name="Speichern").click()
    assert "1234,5" in wrap.evaluate("node => node.validationMessage")
    wrap.fill("99999999,9")
    dialog(page).get_by_role("button", name="Speichern").click()
    expect(dialog(page)).to_have_count(0)
    page.get_by_label("Sprache").select_option("en")
    act(page, "Change", "N-9")
    expect(dialog(page).get_by_label("Totalizer starts again at [m³]")).to_have_value("99999999.9")
    dialog(page).get_by_label("Expected interval [s]").fill("1.5")
    dialog(page).get_by_role("button", name="Save").click()
    expect(dialog(page)).to_be_visible()


def test_a_site_a_gateway_and_an_alias(page: Page) -> None:
    register(page, "N-3")
    go(page, "places")
    page.get_by_role("button", name="New site").click()
    dialog(page).get_by_label("Name").fill("Shore")
    dialog(page).get_by_label("Time zone").fill("Asia/Kolkata")
    dialog(page).get_by_role("button", name="Create").click()
    expect(page.get_by_role("row").filter(has_text="Asia/Kolkata")).to_be_visible()
    page.get_by_role("button", name="New gateway").click()
    dialog(page).get_by_label("Name").fill("TRB north")
    dialog(page).get_by_label("Site").select_option("Shore")
    dialog(page).get_by_role("button", name="Create").click()
    expect(page.get_by_role("row").filter(has_text="TRB north")).to_contain_text("Shore")

    go(page, "devices")
    act(page, "Change", "N-3")
    dialog(page).get_by_label("Gateway").select_option("TRB north")
    dialog(page).get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="N-3")).to_contain_text("TRB north")
    act(page, "Aliases", "N-3")
    dialog(page).get_by_role("button", name="New alias").click()
    dialog(page).get_by_label("Alias").fill("pump house")
    dialog(page).get_by_role("button", name="Create").click()
    expect(dialog(page).get_by_role("row").filter(has_text="pump house")).to_contain_text("server name")
    dialog(page).get_by_role("button", name="Delete: pump house").click()
    dialog(page).get_by_role("button", name="Delete", exact=True).click()
    expect(dialog(page).get_by_text("Nothing here.")).to_be_visible()
    dialog(page).get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Aliases: N-3")).to_be_focused()


def test_a_profile_shows_its_registers(page: Page) -> None:
    page.goto(f"{page.url.split('#')[0]}#/admin")
    expect(page.get_by_role("heading", level=1, name="Devices")).to_be_visible()
    go(page, "profiles")
    page.get_by_role("button", name=re.compile("^Registers: nivus_750 ")).first.click()
    expect(dialog(page).get_by_role("row").filter(has_text="Flow")).to_contain_text("float32")


def test_a_key_is_limited_to_networks_and_told_its_units(system: System, page: Page) -> None:
    register(page, "N-10")
    go(page, "keys")
    page.get_by_role("button", name="New key").click()
    dialog(page).get_by_label("Name").fill("Foreign logger")
    networks = dialog(page).get_by_label("May come from")
    networks.fill("127.0.0.0/8\n192.0.2.1/24")
    expect(dialog(page).get_by_label("Flow")).to_be_hidden()
    dialog(page).get_by_label("Units of its readings").select_option("others")
    dialog(page).get_by_label("Flow").select_option("m³/s")
    dialog(page).get_by_role("button", name="Create").click()
    expect(dialog(page).get_by_text("no network")).to_be_visible()
    expect(networks).to_be_focused()
    networks.fill("127.0.0.0/8\n192.0.2.0/24")
    dialog(page).get_by_role("button", name="Create").click()
    expect(dialog(page)).to_contain_text("only from 127.0.0.0/8, 192.0.2.0/24")
    key = dialog(page).get_by_label("Key", exact=True).input_value()
    dialog(page).get_by_role("button", name="Close").click()
    row = page.get_by_role("row").filter(has_text="Foreign logger")
    expect(row.locator("[data-label='May come from']")).to_have_text("127.0.0.0/8, 192.0.2.0/24")
    expect(row.locator("[data-label='Units of its readings']")).to_have_text("Flow m³/s")

    with httpx.Client(base_url=system.stack.api_url, trust_env=False, headers={"x-api-key": key}) as client:
        sent = client.post("/api/ingest", json={"device_id": "N-10", "flow_rate": 0.01}).raise_for_status()
    assert sent.json()["results"][0]["verdict"] == "new"
    with psycopg.connect(system.stack.admin_database_url) as connection:
        stored = connection.execute("select flow_rate from public.flow_data where device_id = 'N-10'").fetchall()
    assert stored == [(36,)]


def test_a_key_is_shown_once_works_and_ends(system: System, page: Page) -> None:
    register(page, "N-4")
    register(page, "N-5")
    go(page, "keys")
    page.get_by_role("button", name="New key").click()
    dialog(page).get_by_label("Name").fill("Pump house")
    dialog(page).get_by_label("May write").select_option("only some devices")
    dialog(page).get_by_label("Devices").select_option(["N-4"])
    dialog(page).get_by_label("Expires in days").fill("30")
    # Twice is once.
    dialog(page).get_by_role("button", name="Create").dblclick()
    expect(dialog(page)).to_contain_text("shown once")
    key = dialog(page).get_by_label("Key", exact=True).input_value()
    checked = dialog(page).get_by_label("Check it (stores nothing)", exact=True).input_value()
    sending = dialog(page).get_by_label(re.compile("^Send a reading")).input_value()
    dialog(page).get_by_text("Settings of a Teltonika gateway").click()
    expect(dialog(page).get_by_text(f"x-api-key: {key}", exact=True)).to_be_visible()
    expect(dialog(page).get_by_text(f"{system.stack.api_url}/api/ingest", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    dialog(page).get_by_role("button", name="Copy: Key", exact=True).click()
    expect(dialog(page).get_by_text("Copied")).to_be_visible()
    dialog(page).get_by_role("button", name="Close").click()
    expect(dialog(page)).to_have_count(0)
    assert key not in page.content()
    assert page.evaluate("[...document.querySelectorAll('input, textarea')].every(({value}) => !value.includes('flx'))")

    def shell(line: str) -> str:
        env = {"PATH": os.environ["PATH"], "NO_PROXY": "*"}
        done = subprocess.run(["sh", "-c", f"{line} -sS"], env=env, check=True, capture_output=True, text=True)
        return done.stdout

    assert '"results":[]' in shell(checked).replace(" ", "")
    assert '"verdict":"new"' in shell(sending).replace(" ", "")
    headers = {"x-api-key": key}
    with httpx.Client(base_url=system.stack.api_url, trust_env=False) as client:
        other = client.post("/api/ingest", headers=headers, json={"device_id": "N-5", "flow_rate": 1})
        assert other.json()["results"][0]["code"] == "unknown_device"

        act(page, "Rotate", "Pump house")
        dialog(page).get_by_role("button", name="Rotate").click()
        newer = {"x-api-key": dialog(page).get_by_label("Key", exact=True).input_value()}
        go(page, "people")
        assert newer["x-api-key"] not in page.content()
        go(page, "keys")
        for each in (headers, newer):
            assert client.post("/api/ingest", headers=each, json=[]).status_code == 200
        rows = page.get_by_role("row").filter(has_text="Pump house")
        expect(rows).to_have_count(2)
        for _ in range(2):
            page.get_by_role("button", name=re.compile("^Revoke: Pump house")).first.click()
            dialog(page).get_by_role("button", name="Revoke").click()
            expect(dialog(page)).to_have_count(0)
            expect(page.get_by_role("heading", level=1)).to_be_focused()
        expect(page.get_by_role("button", name=re.compile("^Revoke: Pump house"))).to_have_count(0)
        wait_until(
            "the keys are refused", lambda: client.post("/api/ingest", headers=newer, json=[]).status_code == 401
        )


def test_people_are_invited_and_let_in_no_more_but_not_oneself(
    system: System, page: Page, organization: str, admin_email: str
) -> None:
    colleague = sign_up(system, "viewer", organization)
    go(page, "people")
    expect(page.get_by_role("row").filter(has_text=admin_email)).to_contain_text("you")
    expect(page.get_by_role("button", name=f"Deactivate: {admin_email}")).to_have_count(0)
    act(page, "Change", admin_email)
    expect(dialog(page).get_by_label("Role")).to_have_count(0)
    dialog(page).get_by_role("button", name="Cancel").click()

    act(page, "Change", colleague)
    # A name that moves the row leaves the focus where it was.
    dialog(page).get_by_label("Name").fill("Aaron")
    dialog(page).get_by_label("Role").select_option("operator")
    dialog(page).get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text=colleague)).to_contain_text("operator")
    expect(page.get_by_role("button", name="Change: Aaron")).to_be_focused()
    act(page, "Deactivate", "Aaron")
    dialog(page).get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("row").filter(has_text=colleague)).to_contain_text("deactivated")
    answer = httpx.get(f"{system.stack.api_url}/api/people", headers=token(system, colleague), trust_env=False)
    assert answer.json() == {"people": []}

    page.get_by_role("button", name="Invite").click()
    dialog(page).get_by_label("E-mail").fill("new@north.example")
    dialog(page).get_by_role("button", name="Invite").click()
    invited = page.get_by_role("row").filter(has_text="new@north.example")
    expect(invited).to_contain_text("open")
    act(page, "Revoke", "new@north.example")
    dialog(page).get_by_role("button", name="Revoke").click()
    expect(invited).to_contain_text("revoked")


def test_a_channel_is_made_and_tested(system: System, page: Page, tmp_path: Path) -> None:
    go(page, "channels")
    with webhook(tmp_path) as hook:
        page.get_by_role("button", name="New channel").click()
        form = dialog(page)
        expect(form.get_by_label("Recipients")).to_be_visible()
        form.get_by_label("Name").fill("scada")
        form.get_by_label("Kind").select_option("webhook")
        expect(form.get_by_label("Recipients")).to_be_hidden()
        form.get_by_label("Address").fill(hook.url)
        form.get_by_role("button", name="Create").click()
        assert form.get_by_label("Signing key", exact=True).input_value().startswith("whsec_")
        form.get_by_role("button", name="Close").click()
        assert "whsec_" not in page.content()

        # The notifier of `make up` calls no address that is not public.
        act(page, "Test", "scada")
        expect(form.get_by_text("The test failed")).to_be_visible(timeout=PATIENCE_MS)
        expect(form.get_by_role("listitem")).to_have_count(1)
        form.get_by_role("button", name="Close").click()

        notifier = system.services.workers[1]
        notifier.stop(grace_s=30)
        env = dict(system.services.env()) | {
            "FLUXIO_WEBHOOK_NETWORKS": "127.0.0.0/8, ::1/128", "SSL_CERT_FILE": str(hook.ca_file), "NO_PROXY": "*",
        }  # fmt: skip
        act(page, "Test", "scada")
        expect(form.get_by_text("Waiting for the notifier")).to_be_visible()
        notifier.start([sys.executable, "-m", "flask", "--app", "fluxio_api", "notifier"], env=env, cwd=tmp_path)
        expect(form.get_by_text("The test arrived.")).to_be_visible(timeout=PATIENCE_MS)
        assert [b'"test"' in body for _, body in hook.posts] == [True]
        form.get_by_role("button", name="Close").click()
        notifier.stop(grace_s=30)

    page.get_by_role("button", name="New channel").click()
    form.get_by_label("Name").fill("scada")
    form.get_by_label("Recipients").fill("duty@north.example")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_text("There is a channel of this name.")).to_be_visible()
    form.get_by_label("Name").fill("duty")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("row").filter(has_text="duty@north.example")).to_be_visible()
    act(page, "Deactivate", "duty")
    form.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("button", name="Test: duty")).to_have_count(0)
    act(page, "Delete", "duty")
    form.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("row").filter(has_text="duty@north.example")).to_have_count(0)
    expect(page.get_by_role("button", name="Test: scada")).to_be_focused()


def test_a_dead_letter_is_looked_at_and_replayed(system: System, chromium: Browser) -> None:
    email = sign_up(system, "admin", f"Letters {uuid4().hex[:6]}")
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        dashboard.sign_in(email, PASSWORD)
        read_and_replay(system, dashboard.page, token(system, email))


def read_and_replay(system: System, page: Page, admin: dict[str, str]) -> None:
    with httpx.Client(base_url=system.stack.api_url, trust_env=False) as client:
        made = client.post("/api/keys", headers=admin, json={"name": "Letters"}).raise_for_status().json()
        sender = {"x-api-key": made["api_key"]}
        for flow in (1, 2):
            client.post("/api/ingest", headers=sender, json={"device_id": "N-6", "flow_rate": flow})
        assert client.post("/api/ingest", headers=sender, content=b"\xff\xfe{").status_code == 400
        assert client.post("/api/ingest", headers=sender, content=b"<img src=x onerror=alert(1)>").status_code == 400

    go(page, "letters")
    letters = page.get_by_role("row").filter(has=page.get_by_role("button", name=re.compile("^Look: ")))
    expect(letters).to_have_count(4)
    letters.nth(0).get_by_role("button", name=re.compile("^Look")).click()
    expect(dialog(page)).to_contain_text("<img src=x onerror=alert(1)>")
    dialog(page).get_by_role("button", name="Close").click()
    letters.nth(1).get_by_role("button", name=re.compile("^Look")).click()
    expect(dialog(page)).to_contain_text("00000000  ff fe 7b")
    dialog(page).get_by_role("button", name="Close").click()

    page.get_by_label("Reason").select_option("unknown_device")
    expect(letters).to_have_count(2)
    register(page, "N-6")
    go(page, "letters")
    page.get_by_label("Reason").select_option("unknown_device")
    expect(letters).to_have_count(2)
    page.get_by_role("button", name="Replay chosen").click()
    expect(page.get_by_text("None is chosen.").first).to_be_visible()
    page.get_by_role("button", name="Choose all shown").click()
    page.get_by_role("button", name="Replay chosen").click()
    dialog(page).get_by_label("Move times by [s]").fill("-60")
    dialog(page).get_by_role("button", name="Replay").click()
    expect(page.get_by_text("2 verdicts:")).to_be_focused()
    expect(page.get_by_role("listitem").filter(has_text="new")).to_have_count(2)
    expect(letters).to_have_count(0)
    assert system.stored("N-6") == 2
    page.get_by_label("State").select_option("replayed")
    expect(letters).to_have_count(2)


def test_the_audit_log_says_who_changed_what(page: Page, admin_email: str) -> None:
    register(page, "N-7")
    act(page, "Change", "N-7")
    dialog(page).get_by_label("Name").fill("Renamed")
    dialog(page).get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="Renamed")).to_be_visible()
    go(page, "audit")
    page.get_by_label("Kind of thing").select_option("devices")
    page.get_by_label("Its exact ID").fill("N-7")
    page.get_by_label("Its exact ID").press("Enter")
    entries = page.get_by_role("row").filter(has_text="devices N-7")
    expect(entries).to_have_count(2)
    expect(page.get_by_role("row")).to_have_count(3)
    expect(entries.nth(0)).to_contain_text(admin_email)
    expect(entries.nth(0)).to_contain_text("device_name Meter N-7 → Renamed")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_see_no_administration_and_the_api_refuses_it(
    system: System, chromium: Browser, organization: str, role: str
) -> None:
    email = sign_up(system, role, organization)
    with open_dashboard(chromium, system.stack.api_url) as dashboard:
        dashboard.sign_in(email, PASSWORD)
        page = dashboard.page
        expect(page.get_by_role("link", name="Administration")).to_have_count(0)
        for part in PARTS:
            page.goto(f"{page.url.split('#')[0]}#/admin/{part}")
            expect(page.get_by_text("Your role may not see this view").first).to_be_visible()
            expect(page).to_have_url(re.compile("#/fleet$"))
        assert dashboard.errors == []
    calls: list[tuple[str, dict[str, object]]] = [
        ("/api/devices", {"device_id": f"X-{role}", "device_name": "X"}),
        ("/api/keys", {"name": "x"}),
        ("/api/invitations", {"email": "x@north.example"}),
        ("/api/channels", {"name": "x", "kind": "email", "recipients": ["x@north.example"]}),
    ]
    with httpx.Client(base_url=system.stack.api_url, trust_env=False, headers=token(system, email)) as client:
        assert [client.post(path, json=body).status_code for path, body in calls] == [403] * 4
        assert client.get("/api/audit-log").json()["entries"] == []
        assert client.get("/api/dead-letters").json()["letters"] == []


def test_an_outage_is_said_and_what_was_read_is_marked_old(page: Page) -> None:
    register(page, "N-8")
    page.route("**/api/devices", lambda route: route.abort())
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    expect(page.get_by_text(re.compile("^Old: read "))).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="N-8")).to_be_visible()
    page.unroute("**/api/devices")
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_text(re.compile("^Read "))).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Devices")).to_be_focused()


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_wider_than_a_phone(page: Page, part: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    go(page, part)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
