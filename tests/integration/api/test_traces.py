"""Traces by OpenTelemetry's own command and settings, as docs/monitoring.md says."""

from __future__ import annotations

import gzip
import signal
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from fluxio_local.stack import Stack
from support.api_server import ApiServer, api_env

from .conftest import Plant

COMMAND = [Path(sys.executable).with_name(name) for name in ("opentelemetry-instrument", "fluxio-api")]


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """An OTLP address, and what came to it."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                bodies.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    server.server_close()


def test_a_post_is_a_trace_without_its_key(
    stack: Stack, plant: Plant, collector: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    url, bodies = collector
    env = api_env(
        stack,
        OTEL_SERVICE_NAME="fluxio-api",
        OTEL_EXPORTER_OTLP_ENDPOINT=url,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_METRICS_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
        OTEL_BSP_SCHEDULE_DELAY="200",
        TMPDIR=str(tmp_path),
    )
    api = ApiServer(env, tmp_path / "api.log", command=COMMAND)
    api.start()
    try:
        reading = {"device_id": plant.devices[0], "flow_rate": 12.5, "totalizer": 100}
        answer = httpx.post(f"{api.url}/api/ingest", json=reading, headers={"x-api-key": plant.key}, timeout=30)
        assert answer.status_code == 200, answer.text
    finally:
        # What is not yet sent is sent at the end.
        api.stop(signal.SIGTERM)
    traces = b"".join(bodies)
    for told in (b"fluxio-api", b"POST /api/ingest", b"/rest/v1/rpc/ingest_readings"):
        assert told in traces, api.log.read_text()
    for secret in (plant.key, stack.service_role_key):
        assert secret.encode() not in traces
