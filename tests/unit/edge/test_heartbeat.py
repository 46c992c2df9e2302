"""What the agent tells of itself, and to an API that does not want to know."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from fluxio_edge.forward_settings import HeartbeatSettings
from fluxio_edge.heartbeat import Heartbeat
from fluxio_edge.transport import Transport


class Bench:
    """Heartbeats, a clock that is set by hand, and what came of them."""

    def __init__(self, status: int = 200, **settings: object) -> None:
        self.now = 1000.0
        self.status = status
        self.bodies: list[dict[str, object]] = []
        self.heartbeat = Heartbeat(
            HeartbeatSettings.model_validate({"every_s": 60.0, **settings}),
            lambda: {"fw": "fluxio-edge 1", "backlog": 7},
            now=lambda: self.now,
        )

    def send(self, times: int = 1) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            assert request.headers["x-api-key"] == "flx_x"
            self.bodies.append(json.loads(request.content))
            if self.status == 0:
                raise httpx.ConnectError("away")
            return httpx.Response(self.status)

        async def attempts() -> None:
            async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
                for _ in range(times):
                    await self.heartbeat.send(Transport(client, "http://api.example", timeout_s=5), "flx_x")

        asyncio.run(attempts())


def test_the_body_is_that_of_a_router() -> None:
    bench = Bench()
    bench.send()
    assert bench.bodies == [{"gw": {"fw": "fluxio-edge 1", "backlog": 7}}]


def test_each_is_due_after_its_interval() -> None:
    bench = Bench()
    assert bench.heartbeat.due_in == 60
    bench.now += 61
    assert bench.heartbeat.due_in == 0
    bench.send()
    assert bench.heartbeat.due_in == 60
    assert Bench(every_s=0.0).heartbeat.due_in is None


@pytest.mark.parametrize("status", [400, 404, 422])
def test_an_api_that_does_not_know_them_is_sent_none_any_more(status: int, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(status)
    with caplog.at_level(logging.INFO, "fluxio_edge"):
        bench.send()
    assert bench.heartbeat.due_in is None
    assert [record.message for record in caplog.records if record.name.startswith("fluxio_edge")] == [
        f"heartbeat: the API does not take it (HTTP {status}), so none is sent any more"
    ]


@pytest.mark.parametrize("status", [0, 200, 202, 401, 403, 413, 429, 500, 503])
def test_nothing_else_ends_them(status: int, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(status)
    bench.send(2)
    assert bench.heartbeat.due_in == 60
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("text", "signal"), [("-67\n", -67), ("RSSI: -103 dBm", -103), ("+CSQ: 17,99", None), ("-9999", None), ("", None)]
)
def test_the_signal_is_read_from_a_file(tmp_path: Path, text: str, signal: int | None) -> None:
    (tmp_path / "signal").write_text(text)
    bench = Bench(signal_file=tmp_path / "signal")
    bench.send()
    assert bench.bodies[0].get("cell") == (None if signal is None else {"rssi": signal})
    assert bench.heartbeat.signal == signal


def test_the_signal_is_read_from_a_command() -> None:
    bench = Bench(signal_command=[sys.executable, "-c", "print('rsrp -101')"])
    bench.send()
    assert bench.bodies[0]["cell"] == {"rssi": -101}


@pytest.mark.parametrize("source", [{"signal_file": Path("/none")}, {"signal_command": ["/none/none"]}])
def test_a_signal_that_cannot_be_told_is_left_out(source: dict[str, Any]) -> None:
    bench = Bench(**source)
    bench.send()
    assert "cell" not in bench.bodies[0]
