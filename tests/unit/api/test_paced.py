"""How long gunicorn waits for a client's bytes; tests/integration/api/test_time_limits.py has the whole server."""

from __future__ import annotations

import runpy
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gunicorn import util  # type: ignore[import-untyped] # gunicorn has no types
from gunicorn.http import parser  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

import fluxio_api

CONFIG = Path(fluxio_api.__file__).with_name("gunicorn.conf.py")


class Noted(socket.socket):
    """Notes each timeout that is set [s]."""

    set_to: list[float | None]

    def settimeout(self, value: float | None) -> None:
        self.set_to.append(value)
        super().settimeout(value)


@pytest.fixture
def sock() -> Iterator[Noted]:
    """A connection on which one byte waits."""
    ours, theirs = socket.socketpair()
    noted = Noted(fileno=ours.detach())
    noted.set_to = []
    with noted, theirs:
        theirs.send(b"x")
        yield noted


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What gunicorn.conf.py defines; what it changes in gunicorn is undone."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for module, name in ((util, "close_graceful"), (parser, "SocketUnreader"), (gthread, "STOP_KEEPALIVE_LINGER")):
        monkeypatch.setattr(module, name, getattr(module, name))
    return runpy.run_path(str(CONFIG))


@pytest.mark.parametrize(
    ("own_s", "waited_s", "set_to"),
    [
        pytest.param(None, 0, [], id="the socket's own pause is shorter than what is left"),
        pytest.param(None, 15, [5, None], id="what is left is shorter"),
        pytest.param(2, 15, [], id="a shorter timeout of the caller's stays"),
        pytest.param(8, 15, [5, 8], id="a longer one is cut, and given back"),
    ],
)
def test_a_timeout_is_set_only_where_it_is_shorter(
    config: dict[str, Any], sock: Noted, own_s: float | None, waited_s: float, set_to: list[float | None]
) -> None:
    sock.settimeout(own_s)
    sock.set_to.clear()
    paced = config["_Paced"](sock)
    paced.waited_s = waited_s
    assert (paced.chunk(), sock.set_to) == (b"x", set_to)


def test_a_client_without_patience_left_is_not_waited_for(config: dict[str, Any], sock: Noted) -> None:
    paced = config["_Paced"](sock)
    paced.begin(is_body=True)
    paced.waited_s = 21
    with pytest.raises(TimeoutError):
        paced.chunk()
