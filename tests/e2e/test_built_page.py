"""The page as `make page` makes it for a host: small, and the same page."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.api_server import running_api
from support.dashboard import open_dashboard
from support.system import System

ROOT = Path(__file__).parents[2]
#: All of the page's scripts, compressed one by one [bytes].
BUDGET = 200_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "page"
    node = shutil.which("node")
    assert node is not None
    subprocess.run([node, ROOT / "dashboard_static" / "build" / "page.mjs", folder], check=True, timeout=120)
    return folder


def test_its_scripts_are_small(built: Path) -> None:
    sizes = {path.relative_to(built): len(gzip.compress(path.read_bytes())) for path in built.rglob("*.js")}
    assert {Path("js/main.js"), Path("vendor/supabase.js"), Path("js/views/device/index.js")} <= sizes.keys()
    assert sum(sizes.values()) < BUDGET, sorted(sizes.items(), key=lambda item: -item[1])[:10]


def test_it_holds_nothing_but_the_page(built: Path) -> None:
    source = ROOT / "dashboard_static"
    files = {path.relative_to(built) for path in built.rglob("*") if path.is_file()}
    sources = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    assert {str(path) for path in sources - files} == {
        ".gitignore", "tsconfig.json", "vendor/ready", "build/page.mjs", "build/vendor.mjs",
    }  # fmt: skip
    assert files <= sources


def test_each_view_opens(system: System, built: Path, chromium: Browser, tmp_path: Path) -> None:
    env = system.services.env()
    with (
        running_api(system.stack, tmp_path, FLUXIO_DASHBOARD_DIR=str(built)) as server,
        open_dashboard(chromium, server.url) as dashboard,
    ):
        dashboard.sign_in(env["FLUXIO_DEMO_EMAIL"], env["FLUXIO_DEMO_PASSWORD"])
        page = dashboard.page
        expect(dashboard.row("NIVUS_03")).to_be_visible()
        tabs = page.get_by_role("navigation", name="Views").get_by_role("link")
        names = tabs.all_inner_texts()
        assert {"Fleet", "Alerts"} <= set(names)
        for name in names:
            tab = tabs.filter(has_text=re.compile(f"^{re.escape(name)}$"))
            tab.click()
            expect(tab).to_have_attribute("aria-current", "page")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page).to_have_title(re.compile("FluxIO$"))
        page.goto(f"{server.url}/#/devices/NIVUS_03")
        expect(page.get_by_role("slider")).to_be_visible()
        assert dashboard.errors == []
