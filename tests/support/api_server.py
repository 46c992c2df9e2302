"""The API in gunicorn, as it runs in production, on a local stack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

import fluxio_api
from fluxio_local import ports
from fluxio_local.stack import Stack

#: Not `python -m`: a server that this one starts to take over (SIGUSR2) would look for modules in gunicorn's folder.
GUNICORN = Path(sys.executable).with_name("gunicorn")
GUNICORN_CONFIG = Path(fluxio_api.__file__).with_name("gunicorn.conf.py")
GUNICORN_COMMAND = (GUNICORN, "--config", GUNICORN_CONFIG, "fluxio_api.wsgi:app")
_START_S, _STOP_S = 20, 30


class ApiServer:
    """One gunicorn, by default with one worker; its output goes to `log`."""

    def __init__(
        self,
        env: Mapping[str, str],
        log: Path,
        *,
        port: int | None = None,
        command: Sequence[str | Path] = GUNICORN_COMMAND,
    ) -> None:
        self.port = port or ports.free_port()
        self.url = f"http://{ports.HOST}:{self.port}"
        self.log = log
        self._env = env
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The master's; the workers are its children."""
        if self._process is None:
            raise RuntimeError("the API does not run")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "--bind", f"{ports.HOST}:{self.port}"],
                env=self._env, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/api/ingest", timeout=5).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
            if self._process.poll() is not None:
                break
        self.stop(signal.SIGKILL)
        raise RuntimeError(f"the API did not start:\n{self.log.read_text()}")

    def send(self, which: signal.Signals) -> None:
        """Send it a signal, and go on."""
        assert self._process is not None
        self._process.send_signal(which)

    def worker_pids(self) -> set[int]:
        """Its workers that are alive."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return set(map(int, children.split()))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, by default in good order; SIGKILL ends the worker too, as a crash of the machine would."""
        if self._process is None:
            return
        if how == signal.SIGKILL:
            # It may be gone: it could not start.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
        else:
            self._process.send_signal(how)
        self._process.wait(_STOP_S)
        self._process = None


def api_env(stack: Stack, **settings: str) -> dict[str, str]:
    """The environment of an API on `stack`: of ours only what is needed, and `settings`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FLUXIO_", "SUPABASE_"))}
    return {
        **inherited,
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        # A test sends as fast as the machine can, and means one key.
        "FLUXIO_INGEST_RATE_LIMIT": "1000000 per minute",
        **settings,
    }


@contextmanager
def running_api(
    stack: Stack, directory: Path, *, app: str = "fluxio_api.wsgi:app", **settings: str
) -> Iterator[ApiServer]:
    """An API on `stack`, or another `app` served alike, until the end of the block; its log is in `directory`."""
    # Its temporary files too, which a server that is killed leaves behind.
    env = api_env(stack, TMPDIR=str(directory), **settings)
    server = ApiServer(env, directory / "api.log", command=(*GUNICORN_COMMAND[:-1], app))
    server.start()
    try:
        yield server
    finally:
        server.stop()
