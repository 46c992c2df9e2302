"""supabase-js in Chromium, on a page of another origin than the project's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from supabase import Client

from support.projects import Project
from support.tenants import Tenant, send

HERE = Path(__file__).parent
LIBRARY = Path(__file__).parents[3] / "node_modules/@supabase/supabase-js/dist/umd/supabase.js"

SIGN_IN = """async ([url, key, email, password]) => {
  window.client = supabase.createClient(url, key);
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  return error ? error.code : data.user.email;
}"""
READ = """async () => {
  const { data, error, count } = await client.from("latest_readings")
    .select("device_id, flow_rate", { count: "exact" });
  return { data, count, code: error?.code ?? null };
}"""
WRITE = """async (rule) => {
  const { data, error } = await client.from("alert_rules").insert(rule).select("id, threshold_value").single();
  if (error) return error.code;
  await client.from("alert_rules").delete().eq("id", data.id);
  return data.threshold_value;
}"""
SIGN_OUT = "async () => (await client.auth.signOut()).error?.message ?? null"


class Files(SimpleHTTPRequestHandler):
    """The test's page and the library."""

    def translate_path(self, path: str) -> str:
        return str(LIBRARY if path == "/supabase.js" else HERE / "page.html")

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = chromium.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        page.close()
        server.shutdown()


def test_a_page_signs_in_reads_writes_and_signs_out(
    page: Page, project: Project, service: Client, north: Tenant
) -> None:
    send(service, north, flow_rate=7.5)
    signed_in = page.evaluate(SIGN_IN, [project.url, project.anon_key, north.email, north.password])
    assert signed_in == north.email
    assert page.evaluate(READ) == {
        "data": [{"device_id": north.device_id, "flow_rate": 7.5}], "count": 1, "code": None,
    }  # fmt: skip
    rule = {
        "device_id": north.device_id, "rule_name": "From a page", "rule_type": "high_flow",
        "threshold_value": 9.75, "severity": "info",
    }  # fmt: skip
    assert page.evaluate(WRITE, rule) == 9.75
    assert page.evaluate(SIGN_OUT) is None
    assert page.evaluate(READ)["code"] == "42501"


def test_a_page_hears_why_it_is_refused(page: Page, project: Project, north: Tenant) -> None:
    assert page.evaluate(SIGN_IN, [project.url, project.anon_key, north.email, "wrong"]) == "invalid_credentials"
