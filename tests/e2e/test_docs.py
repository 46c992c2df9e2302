"""The page /docs in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fluxio_api.described import described_app
from fluxio_api.openapi import document
from fluxio_local.stack import Stack
from support.api_server import running_api
from support.dashboard import open_dashboard


def test_every_call_is_on_the_page(stack: Stack, chromium: Browser, tmp_path: Path) -> None:
    told = document(described_app())["paths"]
    with running_api(stack, tmp_path) as server, open_dashboard(chromium, f"{server.url}/docs") as window:
        page = window.page
        for path, methods in told.items():
            for method in methods:
                expect(page.get_by_role("heading", name=f"{method.upper()} {path}", exact=True)).to_be_visible()
        page.get_by_role("link", name="GET /api/devices", exact=True).click()
        section = page.get_by_role("region", name="GET /api/devices", exact=True)
        expect(section).to_be_in_viewport()
        expect(section.get_by_role("row").filter(has_text="devices[].latest.flow_rate")).to_contain_text("[m3/h]")
        # The style sheet came, under a policy that allows nothing inline.
        assert page.evaluate("getComputedStyle(document.body).display") == "grid"
        assert window.errors == []


@pytest.mark.parametrize("width", [360, 1280])
def test_it_does_not_scroll_sideways(stack: Stack, chromium: Browser, tmp_path: Path, width: int) -> None:
    with running_api(stack, tmp_path) as server, open_dashboard(chromium, f"{server.url}/docs") as window:
        window.page.set_viewport_size({"width": width, "height": 800})
        assert window.page.evaluate("document.documentElement.scrollWidth") <= width
