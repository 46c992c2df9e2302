"""The audit of dependencies, with the real tools and an advisory service of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"

#: Nothing listens there.
NOBODY = "http://127.0.0.1:9"


@contextmanager
def advisories(*, python: bool = False, node: bool = False) -> Iterator[str]:
    """A service in the place of OSV and of the npm registry, which knows one advisory of each kind if asked to."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            answer: dict[str, object] = {}
            if self.path == "/osv" and python:
                affected = {
                    "package": {"name": "idna", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.7"}]}],
                }
                answer = {"vulns": [{"id": "PYSEC-1", "published": "2026-01-01T00:00:00Z", "affected": [affected]}]}
            elif self.path != "/osv" and node:
                one = {"id": 1, "url": "x", "title": "Bad", "severity": "high", "vulnerable_versions": "<2.0.0"}
                answer = {"left": [{**one, "cwe": [], "cvss": {"score": 0, "vectorString": None}}]}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    (tmp_path / "requirements.lock").write_text(f"idna==3.6 --hash=sha256:{'0' * 64}\n")
    package = {"name": "x", "version": "1.0.0", "dependencies": {"left": "1.0.0"}}
    (tmp_path / "package.json").write_text(json.dumps(package))
    left = {"version": "1.0.0", "resolved": "https://registry.npmjs.org/left/-/left-1.0.0.tgz"}
    lock = {**package, "lockfileVersion": 3, "packages": {"": package, "node_modules/left": left}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    return tmp_path


def audit(folder: Path, service: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "FLUXIO_REQUIRE_AUDIT"}
    cache = {"npm_config_registry": service, "npm_config_cache": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, AUDIT, f"{service}/osv"],
        cwd=folder, env={**inherited, **cache, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_nothing_known_passes(locked: Path) -> None:
    with advisories() as service:
        done = audit(locked, service, FLUXIO_REQUIRE_AUDIT="1")
    assert done.stdout.splitlines() == [
        "requirements.lock: 0 known vulnerabilities", "package-lock.json: 0 known vulnerabilities",
    ]  # fmt: skip
    assert done.returncode == 0


@pytest.mark.parametrize("kind", ["python", "node"])
def test_a_known_vulnerability_fails(locked: Path, kind: str) -> None:
    with advisories(python=kind == "python", node=kind == "node") as service:
        done = audit(locked, service)
    told = {
        "python": "requirements.lock: idna 3.6: PYSEC-1, mended in 3.7",
        "node": "package-lock.json: left: high: Bad",
    }
    assert told[kind] in done.stdout
    assert done.returncode == 1


def test_who_cannot_ask_says_so_and_fails_only_if_told_to(locked: Path) -> None:
    done = audit(locked, NOBODY)
    assert [line.split(": ")[:2] for line in done.stdout.splitlines()] == [
        ["requirements.lock", "NOT AUDITED"], ["package-lock.json", "NOT AUDITED"],
    ]  # fmt: skip
    assert done.returncode == 0
    assert audit(locked, NOBODY, FLUXIO_REQUIRE_AUDIT="1").returncode == 1
