"""The API, scheduler and notifier on the local stack, with a login and a gateway key: everything but the meters."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import httpx

from . import paths
from .errors import LocalStackError
from .ports import HOST, past_proxies
from .processes import POLL_S, Background
from .stack import Stack

DEMO_EMAIL = "operator@fluxio.example"
DEMO_GATEWAY = "GW_01"
READY_TIMEOUT_S = 30
FLASK = (sys.executable, "-m", "flask", "--app", "fluxio_api")
#: Requests and jobs under way may end.
STOP_GRACE_S = 30


class Services:
    """The local stack, and the API, the scheduler and the notifier on it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.api = Background("api", stack.dir)
        #: Commands of the API's that run until SIGTERM.
        self.workers = [Background("scheduler", stack.dir), Background("notifier", stack.dir)]

    def up(self) -> None:
        """Start everything that does not run; returns when it answers."""
        if not self.stack.is_running():
            # What is left from before would keep its port and know the old addresses only.
            self._stop_ours()
        self.stack.start(include_seed=True)
        self._provision()
        if not self.api.is_running():
            package = _api_package()
            self.api.start(
                [sys.executable, "-m", "gunicorn", "--config", package / "gunicorn.conf.py",
                 "--bind", f"{HOST}:{self.stack.state.api_port}", "fluxio_api.wsgi:app"],
                env=self._api_env(), cwd=paths.ROOT,
            )  # fmt: skip
        for worker in self.workers:
            if not worker.is_running():
                worker.start([*FLASK, worker.name], env=self._api_env(), cwd=paths.ROOT)
        self._wait_for_api()

    def down(self) -> None:
        """Stop everything; the data stays."""
        self._stop_ours()
        self.stack.stop()

    def reset(self) -> None:
        """Stop everything and delete data, logs and keys."""
        self.down()
        self.stack.reset()

    def env(self) -> Mapping[str, str]:
        """What a client of the running system needs, by the names of .env.example."""
        if not self.stack.is_running() or self.stack.state.gateway_key is None:
            raise LocalStackError("nothing runs here; start it with `make up`")
        return {
            "SUPABASE_URL": self.stack.url,
            "SUPABASE_ANON_KEY": self.stack.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": self.stack.service_role_key,
            "DATABASE_URL": self.stack.database_url,
            "FLUXIO_API_URL": self.stack.api_url,
            "FLUXIO_API_KEY": self.stack.state.gateway_key,
            "FLUXIO_DASHBOARD_URL": self.stack.api_url,
            "FLUXIO_DEMO_EMAIL": DEMO_EMAIL,
            "FLUXIO_DEMO_PASSWORD": self.stack.state.demo_password,
        }

    def _stop_ours(self) -> None:
        for worker in self.workers:
            worker.stop(grace_s=STOP_GRACE_S)
        self.api.stop(grace_s=STOP_GRACE_S)

    def _api_env(self) -> dict[str, str]:
        return {
            "SUPABASE_URL": self.stack.url,
            "SUPABASE_ANON_KEY": self.stack.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": self.stack.service_role_key,
            "SITE_URL": self.stack.api_url,
            **past_proxies(),
        }

    def _provision(self) -> None:
        """Make the demo's login and gateway key, once."""
        state = self.stack.state
        if state.gateway_key is not None:
            return
        self._flask("create-admin", DEMO_EMAIL, FLUXIO_NEW_PASSWORD=state.demo_password)
        state.gateway_key = self._flask("create-key", "Demo gateway", "--gateway", DEMO_GATEWAY).splitlines()[-1]
        state.save(self.stack.dir)

    def _flask(self, *arguments: str, **env: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own commands
            [*FLASK, *arguments],
            env={**os.environ, **self._api_env(), **env}, cwd=paths.ROOT, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise LocalStackError(f"flask {arguments[0]} failed:\n{done.stderr.strip()}")
        return done.stdout.strip()

    def _wait_for_api(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                answer = httpx.get(f"{self.stack.api_url}/api/ingest", timeout=5, trust_env=False)
                if answer.status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            if not self.api.is_running() or time.monotonic() > deadline:
                raise LocalStackError(f"the API does not answer:\n{self.api.last_lines()}")
            time.sleep(POLL_S)


def _api_package() -> Path:
    spec = find_spec("fluxio_api")
    if spec is None or spec.origin is None:
        raise LocalStackError("fluxio_api is not installed; run `make setup`")
    return Path(spec.origin).parent
