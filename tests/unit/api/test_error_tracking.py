"""What goes to Sentry, and that nothing does where nobody asked for it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

KEY = "flx_abcdefgh_" + "k1" * 32
SHARED_KEY = "shared-key-of-these-tests-0123456789"
USER = "user:word"

PROGRAM = f"""
import sys
from fluxio_api import create_app
app = create_app()

@app.post("/boom/<name>")
def boom(name):
    password = "hunter2-local"
    try:
        raise ValueError("Bearer opaque-token, {SHARED_KEY}, https://{USER}@db.test/rest?key_hash=eq.0123")
    except ValueError as error:
        raise RuntimeError("cannot use {KEY}") from error

headers = {{"x-api-key": "{KEY}", "Authorization": "Bearer person"}}
answer = app.test_client().post("/boom/{KEY}?token=query-secret", json={{"body": "body-secret"}}, headers=headers)
print(answer.status_code, "sentry_sdk" in sys.modules)
if "sentry_sdk" in sys.modules:
    sys.modules["sentry_sdk"].flush(10)
"""


@pytest.fixture
def received() -> Iterator[tuple[str, list[bytes]]]:
    """A DSN, and the envelopes that came to it."""
    envelopes: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            envelopes.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://public@127.0.0.1:{server.server_port}/1", envelopes
    server.shutdown()
    server.server_close()


def run(**env: str) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if not name.startswith(("FLUXIO_", "SENTRY_"))}
    project = {
        "SUPABASE_URL": "http://127.0.0.1:9",
        "SUPABASE_ANON_KEY": "sb_publishable_x",
        "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x",
        "API_SECRET_KEY": SHARED_KEY,
    }
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=base | project | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_without_a_dsn_the_library_is_not_loaded() -> None:
    done = run()
    assert done.stdout.split() == ["500", "False"], done.stderr


def test_an_error_is_told_without_what_was_sent(received: tuple[str, list[bytes]]) -> None:
    dsn, envelopes = received
    done = run(SENTRY_DSN=dsn, SENTRY_ENVIRONMENT="north")
    assert done.stdout.split() == ["500", "True"], done.stderr
    events = [
        json.loads(line)
        for envelope in envelopes
        for line in envelope.split(b"\n")
        if line.startswith(b"{") and b'"exception"' in line
    ]
    assert len(events) == 1
    assert events[0]["environment"] == "north"
    assert events[0]["release"].startswith("fluxio@")
    assert events[0]["request"] == {"method": "POST", "url": "/boom/flx_..."}
    assert events[0]["exception"]["values"][-1]["value"] == "cannot use flx_..."
    whole = b"".join(envelopes).decode()
    secrets = (
        KEY, SHARED_KEY, USER, "eq.0123", "opaque-token", "Bearer person", "query-secret", "body-secret",
        "hunter2-local", "sb_secret_x",
    )  # fmt: skip
    assert not [secret for secret in secrets if secret in whole]
