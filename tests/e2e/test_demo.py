"""`make demo`, as a new user runs it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from fluxio_local import ports
from support.system import wait_until

COMMAND = [str(Path(sys.executable).with_name("fluxio-local")), "demo"]


def processes_of(directory: Path) -> list[str]:
    """The command lines of living processes that mention `directory`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in line:
            found.append(line)
    return found


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_readings_and_leaves_nothing_running(end: signal.Signals) -> None:
    with tempfile.TemporaryDirectory(prefix="fluxio-test-") as name:
        directory = Path(name)
        directory.chmod(0o711)  # as root PostgreSQL runs as another account, which has to pass through
        parts = ("", "DB_", "API_", "MODBUS_", "CONTROL_")
        free = ports.free_ports(len(parts))
        wanted = {f"FLUXIO_LOCAL_{part}PORT": str(port) for part, port in zip(parts, free, strict=True)}
        output = directory / "output"
        with output.open("wb") as stream:
            demo = subprocess.Popen(
                COMMAND,
                env=os.environ | wanted | {"FLUXIO_LOCAL_DIR": f"{name}/stack"},
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            api = f"http://127.0.0.1:{wanted['FLUXIO_LOCAL_API_PORT']}"
            wait_until("the welcome is printed", lambda: "Dashboard" in output.read_text() or demo.poll() is not None)
            text = output.read_text()
            assert demo.poll() is None, text
            assert api in text

            # The curl line works as it is printed.
            command = re.search(r"curl .*", text)
            assert command is not None
            answer = subprocess.run(["sh", "-c", command[0]], capture_output=True, check=True)
            assert b'"success":true' in answer.stdout.replace(b" ", b"")
            # The demo's meters have the profile of what the plant plays.
            key = re.search(r"x-api-key: (\S+?)'", command[0])
            assert key is not None
            record = {"server_name": "NIVUS_02", "full_addr": "300013", "data": "[1.500000]"}
            told = httpx.post(
                f"{api}/api/ingest", json={"pipe1": record}, headers={"x-api-key": key[1]}, trust_env=False
            ).json()
            assert [(one["device_id"], one["verdict"]) for one in told["results"]] == [("NIVUS_02", "new")]
            assert httpx.get(api, trust_env=False).headers["content-type"].startswith("text/html")
        finally:
            demo.send_signal(end)
            demo.wait(60)
        assert processes_of(directory) == []
        for port in wanted.values():
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", int(port))) != 0
