"""supabase-js in Chromium, on a page of another origin than the project's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from supabase import Client

from conformance.realtime.conftest import Project
from support.tenants import Tenant, send

HERE = Path(__file__).parent
LIBRARY = Path(__file__).parents[3] / "node_modules/@supabase/supabase-js/dist/umd/supabase.js"

SUBSCRIBE = """async ([url, key, email, password]) => {
  window.changes = [];
  const client = supabase.createClient(url, key);
  window.client = client;
  const { error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return await new Promise((resolve) => client.channel("flow_data_changes")
    .on("system", {}, ({ message }) => resolve(message))
    .on("postgres_changes", { event: "*", schema: "public", table: "latest_readings" },
        (change) => window.changes.push(change))
    .subscribe());
}"""


class Files(SimpleHTTPRequestHandler):
    """The test's page and the library."""

    def translate_path(self, path: str) -> str:
        return str(LIBRARY if path == "/supabase.js" else HERE / "page.html")

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(HERE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = chromium.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        page.close()
        server.shutdown()


def test_a_page_hears_its_users_organization(
    page: Page, project: Project, service: Client, north: Tenant, south: Tenant
) -> None:
    message = page.evaluate(SUBSCRIBE, [project.url, project.anon_key, north.email, north.password])
    assert message == "Subscribed to PostgreSQL"
    send(service, south, flow_rate=1.0)
    send(service, north, flow_rate=2.5)
    page.wait_for_function("window.changes.length > 0")
    send(service, north, flow_rate=3.5)
    page.wait_for_function("window.changes.length > 1")
    heard = page.evaluate(
        "window.changes.map((change) => [change.eventType, change.new.device_id, change.new.flow_rate])"
    )
    assert heard == [["INSERT", north.device_id, 2.5], ["UPDATE", north.device_id, 3.5]]
