"""Steering a running plant over HTTP, on loopback only.

GET /meters            {"NIVUS_01": {"unit": 1, "fault": null, "requests": 7, "values": {"flow_rate": 57.2, ...}}, ...}
GET /meters/NAME       the same of one meter
POST /meters           a Command as JSON to every meter; answers them as they are afterwards
POST /meters/NAME      a Command to one meter; answers it as it is afterwards
"""

from __future__ import annotations

import json
import math
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import ValidationError

from fluxio_edge.errors import ConfigError
from fluxio_edge.simulator.command import Command
from fluxio_edge.simulator.meter import Meter
from fluxio_edge.simulator.plant import Plant

_MOST_BYTES = 4096


class Control:
    """The control's HTTP server, in a thread of its own."""

    def __init__(self, plant: Plant, *, port: int = 0) -> None:
        """Listens at once; port 0 lets the system choose. Raises OSError if the port is taken."""
        handler = type("Handler", (_Handler,), {"plant": plant})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="control")
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop and wait for the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def open_control(plant: Plant, port: int) -> Control:
    """The control of `plant`. Raises ConfigError if the port is taken."""
    try:
        return Control(plant, port=port)
    except OSError as error:
        raise ConfigError(f"control port {port} cannot be used: {error.strerror}") from error


class _Handler(BaseHTTPRequestHandler):
    plant: Plant
    timeout = 10

    def do_GET(self) -> None:
        """Show meters."""
        meters = self._meters()
        if meters is not None:
            self._show(meters)

    def do_POST(self) -> None:
        """Change meters."""
        meters = self._meters()
        if meters is None:
            return
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            self.close_connection = True
            self._answer(HTTPStatus.BAD_REQUEST, {"error": f"a body of at most {_MOST_BYTES} bytes is needed"})
            return
        try:
            command = Command.model_validate_json(self.rfile.read(int(length)))
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
                for fault in error.errors(include_url=False, include_input=False)
            ]
            self._answer(HTTPStatus.BAD_REQUEST, {"error": "; ".join(faults)})
            return
        for meter in meters.values():
            meter.apply(command)
        self._show(meters)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Not a line for each request."""

    def _meters(self) -> dict[str, Meter] | None:
        """The meters that the path names; answers 404 if there are none."""
        start, _, name = self.path.strip("/").partition("/")
        meters = self.plant.meters if start == "meters" else {}
        if not name and meters:
            return meters
        if name not in meters:
            names = ", ".join(self.plant.meters)
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"no such meter; the plant has {names}"})
            return None
        return {name: meters[name]}

    def _show(self, meters: dict[str, Meter]) -> None:
        shown: dict[str, object] = {name: _state(meter) for name, meter in meters.items()}
        alone = self.path.strip("/") != "meters"
        self._answer(HTTPStatus.OK, shown[next(iter(shown))] if alone else shown)

    def _answer(self, status: HTTPStatus, body: object) -> None:
        content = json.dumps(body, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _state(meter: Meter) -> dict[str, object]:
    state = meter.look()
    values = {metric: value if math.isfinite(value) else None for metric, value in state.values.items()}
    return {"unit": meter.settings.unit, "fault": state.fault, "requests": meter.requests, "values": values}
