"""The page on a host of its own, with the headers that `host-page` writes: it works, and what is amiss is found."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fluxio_api.project_check import Finding
from fluxio_api.project_check.http import Http
from fluxio_api.project_check.web import check_cors, check_page
from fluxio_local.stack import Stack
from support.api_server import ApiServer, api_env, running_api
from support.dashboard import open_dashboard
from support.static_host import serving

ROOT = Path(__file__).parents[2]
EMAIL, PASSWORD = "hosted-page@example.com", "password-of-the-page-1"


def flask(stack: Stack, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "fluxio_api", *arguments],
        env=api_env(stack, **env), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@dataclass(frozen=True)
class Host:
    """A page host and the API that lets it in."""

    stack: Stack
    folder: Path
    url: str
    api: ApiServer

    def findings(self) -> dict[str, Finding]:
        page = Http(self.url)
        with page.client:
            found = check_page(page, self.stack.url, self.stack.anon_key, self.api.url)
        return {finding.check: finding for finding in found}


@pytest.fixture(scope="module")
def host(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host") / "page"
    node = shutil.which("node")
    assert node is not None
    subprocess.run([node, ROOT / "dashboard_static" / "build" / "page.mjs", folder], check=True, timeout=120)
    with (
        serving(folder) as url,
        running_api(stack, tmp_path_factory.mktemp("api"), CORS_ORIGINS=url) as api,
    ):
        done = flask(stack, "host-page", str(folder), FLUXIO_PUBLIC_API_URL=api.url, SITE_URL=url)
        assert done.returncode == 0, done.stderr
        yield Host(stack, folder, url, api)


def test_a_person_signs_in_and_the_api_is_reached(host: Host, chromium: Browser) -> None:
    made = flask(host.stack, "create-admin", EMAIL, FLUXIO_NEW_PASSWORD=PASSWORD)
    assert made.returncode == 0, made.stderr
    with open_dashboard(chromium, host.url) as dashboard:
        dashboard.sign_in(EMAIL, PASSWORD)
        # People are listed by the API.
        dashboard.page.goto(f"{host.url}/#/admin/people")
        expect(dashboard.page.get_by_role("cell", name=EMAIL).first).to_be_visible()
        assert dashboard.errors == []


def test_nothing_is_found_amiss(host: Host) -> None:
    assert {finding.state for finding in host.findings().values()} == {"ok"}
    api = Http(host.api.url)
    with api.client:
        assert check_cors(api, host.url).state == "ok"


def without(directive: str) -> Callable[[str], str]:
    return lambda text: "; ".join(part for part in text.split("; ") if directive not in part)


@pytest.mark.parametrize(
    ("change", "check", "state", "said"),
    [
        (lambda _: "", "page policy", "fail", "there is no Content-Security-Policy"),
        (without("require-trusted-types-for"), "page policy", "fail", "lacks require-trusted-types-for"),
        (lambda text: text.replace(" ws://", " ws://not."), "page policy", "fail", "does not let the page reach ws://"),
        (
            lambda text: text.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
            "page policy", "warn", "allows more than the page needs: script-src",
        ),
        (lambda text: text.replace("nosniff", "sniff"), "page headers", "fail", "missing: x-content-type-options"),
    ],
)  # fmt: skip
def test_headers_that_are_amiss_are_found(
    host: Host, change: Callable[[str], str], check: str, state: str, said: str
) -> None:
    file = host.folder / "_headers"
    whole = file.read_text()
    file.write_text(change(whole))
    try:
        found = host.findings()[check]
    finally:
        file.write_text(whole)
    assert found.state == state
    assert found.said.startswith(said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("supabase_url", "leads to another Supabase"),
        ("supabase_anon_key", "holds another key than SUPABASE_ANON_KEY"),
        ("api_url", "leads to another API"),
    ],
)
def test_a_config_that_leads_elsewhere_is_found(host: Host, name: str, said: str) -> None:
    assert config_finding(host, **{name: "https://elsewhere.example"}).said == said


def test_a_config_that_gives_the_service_key_away_is_found(host: Host) -> None:
    for key in (host.stack.service_role_key, host.stack.service_role_jwt):
        found = config_finding(host, supabase_anon_key=key)
        assert found.said == "GIVES THE SERVICE KEY TO ANYBODY"
        assert key not in repr(found)


def config_finding(host: Host, **change: str) -> Finding:
    file = host.folder / "config.json"
    whole = file.read_text()
    file.write_text(json.dumps(json.loads(whole) | change))
    try:
        return host.findings()["page config.json"]
    finally:
        file.write_text(whole)


@pytest.mark.parametrize(("server", "line"), [("nginx", 'add_header {} "{}" always;'), ("caddy", 'header {} "{}"')])
def test_the_headers_are_printed_for_a_server(host: Host, server: str, line: str) -> None:
    env = {"FLUXIO_PUBLIC_API_URL": host.api.url, "SITE_URL": "https://flow.example.com"}
    copy = host.folder.with_name(server)
    shutil.copytree(host.folder, copy)
    done = flask(host.stack, "host-page", str(copy), "--print", server, **env)
    written = (copy / "_headers").read_text().splitlines()[1:]
    assert done.stdout.splitlines() == [line.format(*header.strip().split(": ", 1)) for header in written]
    assert "Strict-Transport-Security" in done.stdout
    assert host.stack.service_role_key not in done.stdout + (copy / "config.json").read_text()


def test_a_folder_that_is_no_page_and_an_api_without_address_are_refused(host: Host, tmp_path: Path) -> None:
    assert "is not the page" in flask(host.stack, "host-page", str(tmp_path), FLUXIO_PUBLIC_API_URL=host.api.url).stderr
    assert "FLUXIO_PUBLIC_API_URL" in flask(host.stack, "host-page", str(host.folder)).stderr
